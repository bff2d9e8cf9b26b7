"""Where scripts written for MLflow import the names of its tags and its clock from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuiflow.utils import mlflow_tags as mlflow_tags
    from tuiflow.utils import time as time


def __getattr__(name: str) -> Any:
    if name in ("mlflow_tags", "time"):
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
