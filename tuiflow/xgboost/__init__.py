"""`tuiflow.xgboost`: log, save and load XGBoost models, as `mlflow.xgboost` does."""

from __future__ import annotations

from tuiflow.models.info import ModelInfo
from tuiflow.xgboost.enable import autolog
from tuiflow.xgboost.model import (
    get_default_conda_env,
    get_default_pip_requirements,
    load_model,
    log_model,
    save_model,
)
from tuiflow.xgboost.settings import FLAVOR as FLAVOR_NAME

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
