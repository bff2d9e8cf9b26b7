"""The API that a training script calls, with MLflow's names and meanings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuiflow.tracking.client import MlflowClient
    from tuiflow.tracking.stores import (
        get_registry_uri,
        get_tracking_uri,
        is_tracking_uri_set,
        set_registry_uri,
        set_tracking_uri,
    )

__all__ = [
    "MlflowClient",
    "get_registry_uri",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "set_registry_uri",
    "set_tracking_uri",
]


def __getattr__(name: str) -> Any:
    import importlib

    if name in __all__:
        module = "client" if name == "MlflowClient" else "stores"
        return getattr(importlib.import_module(f"tuiflow.tracking.{module}"), name)
    if name in ("client", "fluent"):
        return importlib.import_module(f"tuiflow.tracking.{name}")
    raise AttributeError(f"module 'tuiflow.tracking' has no attribute {name!r}")
