"""The tabs of the Run screen, one module each."""
