"""`tuiflow.pytorch`: log Lightning's trainings, as `mlflow.pytorch.autolog` does.

Models are kept as Lightning's checkpoints, not as pickled modules.
"""

from __future__ import annotations

from tuiflow.pytorch.checkpoint import load_checkpoint
from tuiflow.pytorch.enable import autolog

__all__ = ["autolog", "load_checkpoint"]
