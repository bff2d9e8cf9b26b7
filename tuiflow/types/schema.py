"""`tuiflow.types.schema`: the same names as `tuiflow.types`, where MLflow's scripts look, too, and
the types of columns that hold lists and dictionaries."""

from __future__ import annotations

from tuiflow.models import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
from tuiflow.models.datatypes import AnyType, Array, Map, Object, Property

__all__ = [
    "AnyType",
    "Array",
    "ColSpec",
    "DataType",
    "Map",
    "Object",
    "ParamSchema",
    "ParamSpec",
    "Property",
    "Schema",
    "TensorSpec",
]
