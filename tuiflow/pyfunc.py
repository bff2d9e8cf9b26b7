"""`tuiflow.pyfunc`: load any model to predict with it, its signature enforced."""

from __future__ import annotations

from pathlib import Path

from tuiflow.models.pyfunc import PyFuncModel, load
from tuiflow.tracking.models import model_folder

__all__ = ["PyFuncModel", "load_model"]


def load_model(model_uri: str | Path) -> PyFuncModel:
    """Load a model from a folder, `file://…` or `runs:/RUN_ID/path` in the current store.

    A model saved with cloudpickle or pickle runs code from its file when loaded: load only what
    you trust. Raises NotFound, InvalidInput, ModelError.
    """
    return load(model_folder(model_uri))
