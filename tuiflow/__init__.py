"""tuiflow: track, compare and serve machine-learning runs from the terminal."""
