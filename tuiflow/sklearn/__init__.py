"""`tuiflow.sklearn`: log, save and load scikit-learn models, as `mlflow.sklearn` does."""

from __future__ import annotations

from tuiflow.models.info import ModelInfo
from tuiflow.models.mlmodel import SKLEARN as FLAVOR_NAME
from tuiflow.models.serialize import CLOUDPICKLE as SERIALIZATION_FORMAT_CLOUDPICKLE
from tuiflow.models.serialize import PICKLE as SERIALIZATION_FORMAT_PICKLE
from tuiflow.models.serialize import SKOPS as SERIALIZATION_FORMAT_SKOPS
from tuiflow.sklearn.enable import autolog
from tuiflow.sklearn.model import (
    get_default_conda_env,
    get_default_pip_requirements,
    load_model,
    log_model,
    save_model,
)

__all__ = [
    "FLAVOR_NAME",
    "SERIALIZATION_FORMAT_CLOUDPICKLE",
    "SERIALIZATION_FORMAT_PICKLE",
    "SERIALIZATION_FORMAT_SKOPS",
    "ModelInfo",
    "autolog",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "log_model",
    "save_model",
]
