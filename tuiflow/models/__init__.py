"""Models on disk in MLflow's directory format: read, save, load, predict. Knows no runs.

Names are resolved on first use, so that importing this package costs nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuiflow.models import signature as signature
    from tuiflow.models.datatypes import DataType
    from tuiflow.models.mlmodel import MLmodel, read_mlmodel
    from tuiflow.models.schema import (
        ColSpec,
        ModelSignature,
        ParamSchema,
        ParamSpec,
        Schema,
        TensorSpec,
    )
    from tuiflow.models.signature import infer_signature

_HOMES = {
    "ColSpec": "schema",
    "DataType": "datatypes",
    "MLmodel": "mlmodel",
    "ModelSignature": "schema",
    "ParamSchema": "schema",
    "ParamSpec": "schema",
    "Schema": "schema",
    "TensorSpec": "schema",
    "infer_signature": "signature",
    "read_mlmodel": "mlmodel",
}
# MLflow's names for what needs a store to follow an address; they live above this package.
_ABOVE = {
    "Model": "tuiflow.tracking.model_info",
    "get_model_info": "tuiflow.tracking.model_info",
}

__all__ = [
    "ColSpec",
    "DataType",
    "MLmodel",
    "ModelSignature",
    "ParamSchema",
    "ParamSpec",
    "Schema",
    "TensorSpec",
    "infer_signature",
    "read_mlmodel",
]

# Scripts write `from mlflow.models.model import Model`.
sys.modules[f"{__name__}.model"] = globals()["model"] = sys.modules[__name__]


def __getattr__(name: str) -> Any:
    import importlib

    if name == "signature":
        return importlib.import_module(f"{__name__}.{name}")
    home = f"{__name__}.{_HOMES[name]}" if name in _HOMES else _ABOVE.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ABOVE})
