"""tuiflow: track, compare and serve machine-learning runs from the terminal.

`import tuiflow as mlflow` runs a script written for MLflow's tracking API. Only the standard
library is loaded here; the rest is loaded by what is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuiflow.errors import TuiflowError
from tuiflow.tracking.active import ActiveRun
from tuiflow.tracking.fluent import (
    active_run,
    create_experiment,
    end_run,
    get_experiment,
    get_experiment_by_name,
    get_run,
    log_artifact,
    log_artifacts,
    log_dict,
    log_figure,
    log_metric,
    log_metrics,
    log_param,
    log_params,
    log_text,
    search_experiments,
    search_runs,
    set_experiment,
    set_tag,
    set_tags,
    start_run,
)
from tuiflow.tracking.stores import get_tracking_uri, set_tracking_uri

if TYPE_CHECKING:
    from tuiflow import entities, models, pyfunc, sklearn
    from tuiflow.tracking.client import MlflowClient

__version__ = "0.1.0"

_SUBMODULES = ("entities", "models", "pyfunc", "sklearn")

__all__ = [
    "ActiveRun",
    "MlflowClient",
    "TuiflowError",
    "__version__",
    "active_run",
    "create_experiment",
    "end_run",
    "entities",
    "get_experiment",
    "get_experiment_by_name",
    "get_run",
    "get_tracking_uri",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_text",
    "models",
    "pyfunc",
    "search_experiments",
    "search_runs",
    "set_experiment",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "sklearn",
    "start_run",
]


def __getattr__(name: str) -> Any:
    import importlib

    if name == "MlflowClient":
        from tuiflow.tracking.client import MlflowClient

        return MlflowClient
    if name in _SUBMODULES:
        return importlib.import_module(f"tuiflow.{name}")
    raise AttributeError(f"module 'tuiflow' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
