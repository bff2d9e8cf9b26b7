"""`tuiflow.types.schema`: the same names as `tuiflow.types`, where MLflow's scripts look, too."""

from __future__ import annotations

from tuiflow.models import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

__all__ = ["ColSpec", "DataType", "ParamSchema", "ParamSpec", "Schema", "TensorSpec"]
