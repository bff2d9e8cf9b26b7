"""`tuiflow.pyfunc`: load any model to predict with it, its signature enforced."""

from __future__ import annotations

from pathlib import Path

from tuiflow.models.mlmodel import PYTHON_FUNCTION
from tuiflow.models.pyfunc import PyFuncModel, load
from tuiflow.tracking.models import model_folder

__all__ = ["PyFuncModel", "load_model"]

FLAVOR_NAME = PYTHON_FUNCTION
"""Under which a model's `flavors` say how any of MLflow's programs loads it."""


def load_model(model_uri: str | Path) -> PyFuncModel:
    """Load a model from a folder or, in the current store, from `runs:/RUN_ID/path`,
    `models:/NAME/VERSION`, `models:/NAME@ALIAS` or another address of `model_folder`.

    A model saved with cloudpickle or pickle runs code from its file when loaded: load only what
    you trust. Raises NotFound, InvalidInput, ModelError.
    """
    return load(model_folder(model_uri))
