"""`tuiflow.keras`: log, save and load Keras 3 models, as `mlflow.keras` does."""

from __future__ import annotations

from tuiflow.keras.enable import autolog
from tuiflow.keras.model import (
    get_default_conda_env,
    get_default_pip_requirements,
    load_model,
    log_model,
    save_model,
)
from tuiflow.models.info import ModelInfo
from tuiflow.models.keras_flavor import KERAS as FLAVOR_NAME

__all__ = [
    "FLAVOR_NAME",
    "ModelInfo",
    "autolog",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "log_model",
    "save_model",
]
