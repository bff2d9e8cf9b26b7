"""System metrics: what the machine does while a run is open, under MLflow's names.

Settings are environment variables, so that child processes have them too; each has a name of
tuiflow's and MLflow's own, and the first that is set counts.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import TypeVar

from tuiflow.errors import InvalidInput
from tuiflow.store import Store

Value = TypeVar("Value", int, float)

ENV_ENABLED = "ENABLE_SYSTEM_METRICS_LOGGING"
ENV_INTERVAL = "SYSTEM_METRICS_SAMPLING_INTERVAL"
ENV_SAMPLES = "SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING"
ENV_NODE_ID = "SYSTEM_METRICS_NODE_ID"

_PREFIXES = ("TUIFLOW_", "MLFLOW_")

DEFAULT_INTERVAL = 10.0
DEFAULT_SAMPLES = 1


def enable_system_metrics_logging() -> None:
    """Log system metrics in runs started from now on, here and in child processes, unless
    `start_run(log_system_metrics=False)` says otherwise."""
    _set(ENV_ENABLED, "true")


def disable_system_metrics_logging() -> None:
    """Log no system metrics in runs started from now on, unless
    `start_run(log_system_metrics=True)` says otherwise."""
    _set(ENV_ENABLED, "false")


def set_system_metrics_sampling_interval(interval: float | None) -> None:
    """Take a sample every `interval` seconds; None is the default of 10. Raises InvalidInput."""
    if interval is not None and not _number(interval) > 0:
        raise InvalidInput(f"The interval is a number of seconds above 0, not {interval!r}.")
    _set(ENV_INTERVAL, None if interval is None else str(interval))


def set_system_metrics_samples_before_logging(samples: int | None) -> None:
    """Log the mean of this many samples as one point; None is the default of 1.

    Raises InvalidInput.
    """
    if samples is not None and not (isinstance(samples, int) and samples >= 1):
        raise InvalidInput(f"The number of samples is a whole number from 1 up, not {samples!r}.")
    _set(ENV_SAMPLES, None if samples is None else str(samples))


def set_system_metrics_node_id(node_id: str | None) -> None:
    """Name this machine in the metrics, `system/NODE/…`, where several log into one run."""
    _set(ENV_NODE_ID, None if node_id is None else str(node_id))


def enabled() -> bool:
    """Whether runs log system metrics when `start_run` is not told."""
    return _get(ENV_ENABLED).lower() in ("1", "true", "yes", "on")


def interval() -> float:
    """Seconds between two samples."""
    return _setting(ENV_INTERVAL, float, DEFAULT_INTERVAL)


def samples_before_logging() -> int:
    """How many samples make one point."""
    return _setting(ENV_SAMPLES, int, DEFAULT_SAMPLES)


def prefix() -> str:
    """What the names of the metrics start with: `system/` or `system/NODE/`."""
    node = _get(ENV_NODE_ID)
    return f"system/{node}/" if node else "system/"


def start(store: Store, run_id: str) -> None:
    """Log system metrics into a run, in a thread of its own, until `stop` or the run's end."""
    from tuiflow.tracking.system_metrics import sampler

    sampler.start(store, run_id)


def stop(run_id: str) -> None:
    """End what `start` began; does nothing for other runs."""
    from tuiflow.tracking.system_metrics import sampler

    sampler.stop(run_id)


def _get(name: str) -> str:
    for start in _PREFIXES:
        if value := os.environ.get(start + name, "").strip():
            return value
    return ""


def _set(name: str, value: str | None) -> None:
    for start in _PREFIXES:
        os.environ.pop(start + name, None)
    if value is not None:
        os.environ[_PREFIXES[0] + name] = value


def _setting(name: str, kind: Callable[[str], Value], default: Value) -> Value:
    """A setting above 0; the default, with a warning, where it is none."""
    text = _get(name)
    if not text:
        return default
    try:
        value = kind(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        warnings.warn(f"{name} is {text!r}, no number above 0; {default} is used.", stacklevel=4)
        return default
    return value


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
