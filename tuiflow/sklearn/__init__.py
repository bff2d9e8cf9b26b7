"""`tuiflow.sklearn`: log, save and load scikit-learn models, as `mlflow.sklearn` does."""

from __future__ import annotations

from tuiflow.models.info import ModelInfo
from tuiflow.sklearn.enable import autolog
from tuiflow.sklearn.model import (
    get_default_conda_env,
    get_default_pip_requirements,
    load_model,
    log_model,
    save_model,
)

__all__ = [
    "ModelInfo",
    "autolog",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "log_model",
    "save_model",
]
