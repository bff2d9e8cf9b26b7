"""`tuiflow.client`: where MLflow's scripts import `MlflowClient` from."""

from __future__ import annotations

from tuiflow.tracking.client import MlflowClient

__all__ = ["MlflowClient"]
