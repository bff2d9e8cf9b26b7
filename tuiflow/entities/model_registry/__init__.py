"""Where scripts written for MLflow import the registry's entities from."""

from __future__ import annotations

from tuiflow.entities import ModelVersion, RegisteredModel

__all__ = ["ModelVersion", "RegisteredModel"]
