"""tuiflow: track, compare and serve machine-learning runs from the terminal.

`import tuiflow as mlflow` runs a script written for MLflow's tracking API. Only the standard
library is loaded here; the rest is loaded by what is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuiflow.errors import TuiflowError
from tuiflow.errors import TuiflowError as MlflowException
from tuiflow.tracking.active import ActiveRun
from tuiflow.tracking.experiments import (
    create_experiment,
    delete_experiment,
    delete_experiment_tag,
    get_experiment,
    get_experiment_by_name,
    restore_experiment,
    search_experiments,
    set_experiment,
    set_experiment_tag,
    set_experiment_tags,
)
from tuiflow.tracking.fluent import (
    active_run,
    delete_run,
    delete_tag,
    end_run,
    flush_artifact_async_logging,
    flush_async_logging,
    get_artifact_uri,
    get_parent_run,
    get_run,
    last_active_run,
    log_artifact,
    log_artifacts,
    log_dict,
    log_figure,
    log_metric,
    log_metrics,
    log_param,
    log_params,
    log_stream,
    log_text,
    restore_run,
    search_runs,
    set_tag,
    set_tags,
    start_run,
)
from tuiflow.tracking.stores import (
    get_registry_uri,
    get_tracking_uri,
    is_tracking_uri_set,
    set_registry_uri,
    set_tracking_uri,
)

if TYPE_CHECKING:
    from tuiflow import (
        artifacts,
        client,
        config,
        data,
        entities,
        exceptions,
        keras,
        lightgbm,
        models,
        projects,
        protos,
        pyfunc,
        pytorch,
        sklearn,
        tensorflow,
        tracking,
        types,
        utils,
        version,
        xgboost,
    )
    from tuiflow.autologging import autolog
    from tuiflow.projects import run
    from tuiflow.tracking.client import MlflowClient
    from tuiflow.tracking.fluent_data import (
        load_table,
        log_image,
        log_input,
        log_inputs,
        log_table,
        metric_history,
    )
    from tuiflow.tracking.images import Image
    from tuiflow.tracking.operations import RunOperations
    from tuiflow.tracking.registry import (
        register_model,
        search_model_versions,
        search_registered_models,
        set_model_version_tag,
    )
    from tuiflow.tracking.system_metrics import (
        disable_system_metrics_logging,
        enable_system_metrics_logging,
        set_system_metrics_node_id,
        set_system_metrics_samples_before_logging,
        set_system_metrics_sampling_interval,
    )

__version__ = "0.1.0"

_SUBMODULES = frozenset(
    (
        "artifacts",
        "client",
        "config",
        "data",
        "entities",
        "exceptions",
        "keras",
        "lightgbm",
        "models",
        "projects",
        "protos",
        "pyfunc",
        "pytorch",
        "sklearn",
        "tensorflow",
        "tracking",
        "types",
        "utils",
        "version",
        "xgboost",
    )
)
_LAZY = {
    "Image": "tuiflow.tracking.images",
    "MlflowClient": "tuiflow.tracking.client",
    "RunOperations": "tuiflow.tracking.operations",
    "autolog": "tuiflow.autologging",
    "disable_system_metrics_logging": "tuiflow.tracking.system_metrics",
    "enable_system_metrics_logging": "tuiflow.tracking.system_metrics",
    "load_table": "tuiflow.tracking.fluent_data",
    "log_image": "tuiflow.tracking.fluent_data",
    "log_input": "tuiflow.tracking.fluent_data",
    "log_inputs": "tuiflow.tracking.fluent_data",
    "log_table": "tuiflow.tracking.fluent_data",
    "metric_history": "tuiflow.tracking.fluent_data",
    "register_model": "tuiflow.tracking.registry",
    "run": "tuiflow.projects",
    "search_model_versions": "tuiflow.tracking.registry",
    "search_registered_models": "tuiflow.tracking.registry",
    "set_model_version_tag": "tuiflow.tracking.registry",
    "set_system_metrics_node_id": "tuiflow.tracking.system_metrics",
    "set_system_metrics_samples_before_logging": "tuiflow.tracking.system_metrics",
    "set_system_metrics_sampling_interval": "tuiflow.tracking.system_metrics",
}
"""What is imported when a script first names it: the name and the module it is in."""

__all__ = [
    "ActiveRun",
    "Image",
    "MlflowClient",
    "MlflowException",
    "RunOperations",
    "TuiflowError",
    "__version__",
    "active_run",
    "artifacts",
    "autolog",
    "client",
    "config",
    "create_experiment",
    "data",
    "delete_experiment",
    "delete_experiment_tag",
    "delete_run",
    "delete_tag",
    "disable_system_metrics_logging",
    "enable_system_metrics_logging",
    "end_run",
    "entities",
    "exceptions",
    "flush_artifact_async_logging",
    "flush_async_logging",
    "get_artifact_uri",
    "get_experiment",
    "get_experiment_by_name",
    "get_parent_run",
    "get_registry_uri",
    "get_run",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "keras",
    "last_active_run",
    "lightgbm",
    "load_table",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_input",
    "log_inputs",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_stream",
    "log_table",
    "log_text",
    "metric_history",
    "models",
    "projects",
    "protos",
    "pyfunc",
    "pytorch",
    "register_model",
    "restore_experiment",
    "restore_run",
    "run",
    "search_experiments",
    "search_model_versions",
    "search_registered_models",
    "search_runs",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
    "set_model_version_tag",
    "set_registry_uri",
    "set_system_metrics_node_id",
    "set_system_metrics_samples_before_logging",
    "set_system_metrics_sampling_interval",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "sklearn",
    "start_run",
    "tensorflow",
    "tracking",
    "types",
    "utils",
    "version",
    "xgboost",
]


def __getattr__(name: str) -> Any:
    import importlib

    if name in _SUBMODULES:
        return importlib.import_module(f"tuiflow.{name}")
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(
        f"module 'tuiflow' has no attribute {name!r}; docs/api.md lists what of MLflow's is here"
    )


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
