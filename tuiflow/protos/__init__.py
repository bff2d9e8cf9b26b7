"""Where scripts written for MLflow import the numbers of error codes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuiflow.protos import databricks_pb2 as databricks_pb2


def __getattr__(name: str) -> Any:
    if name == "databricks_pb2":
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
