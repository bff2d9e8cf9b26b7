"""The clock that scripts written for MLflow stamp metrics and runs with."""

from __future__ import annotations

from tuiflow.store.processes import now_ms as get_current_time_millis

__all__ = ["get_current_time_millis"]
