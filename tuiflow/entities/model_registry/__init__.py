"""Where scripts written for MLflow import the registry's entities from."""

from __future__ import annotations

from tuiflow.entities.model_registry import model_version_stages, model_version_status
from tuiflow.entities.model_registry.model_version import ModelVersion
from tuiflow.entities.model_registry.registered_model import RegisteredModel

__all__ = ["ModelVersion", "RegisteredModel", "model_version_stages", "model_version_status"]
