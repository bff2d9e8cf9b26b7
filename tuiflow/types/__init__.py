"""`tuiflow.types`: where scripts written for MLflow import a signature's types from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuiflow.models import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
    from tuiflow.types import schema as schema

__all__ = ["ColSpec", "DataType", "ParamSchema", "ParamSpec", "Schema", "TensorSpec"]


def __getattr__(name: str) -> Any:
    if name == "schema":
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    if name in __all__:
        from tuiflow import models

        return getattr(models, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
