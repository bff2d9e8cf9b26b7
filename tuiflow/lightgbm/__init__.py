"""`tuiflow.lightgbm`: log, save and load LightGBM models, as `mlflow.lightgbm` does."""

from __future__ import annotations

from tuiflow.lightgbm.enable import autolog
from tuiflow.lightgbm.model import (
    get_default_conda_env,
    get_default_pip_requirements,
    load_model,
    log_model,
    save_model,
)
from tuiflow.lightgbm.settings import FLAVOR as FLAVOR_NAME
from tuiflow.models.info import ModelInfo

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
