"""Where scripts written for MLflow import the numbers of error codes from."""

from __future__ import annotations

from tuiflow.protos import databricks_pb2

__all__ = ["databricks_pb2"]
