"""Where scripts written for MLflow import the names of its tags and its clock from."""

from __future__ import annotations

from tuiflow.utils import mlflow_tags, time

__all__ = ["mlflow_tags", "time"]
