"""Collects what a training logs, and writes it in few transactions."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, SupportsFloat

from tuiflow.config import MAX_KEY_LENGTH, MAX_PARAM_LENGTH, MAX_TAG_LENGTH
from tuiflow.entities import Metric, Param, RunTag
from tuiflow.store import Store
from tuiflow.tracking import record

FLUSH_SECONDS = 1.0
"""How long a metric of a running training may wait: what a screen shows is no older."""


class Buffer:
    """What is to be logged to one run; safe to use from threads."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._lock = threading.Lock()
        self._flushed = time.monotonic()
        self._params: list[Param] = []
        self._metrics: list[Metric] = []
        self._tags: list[RunTag] = []

    def params(self, values: Mapping[str, Any]) -> None:
        """Values as text; long ones end in `...`, as MLflow's autologging cuts them."""
        found = [
            Param(_cut(k, MAX_KEY_LENGTH), _cut(v, MAX_PARAM_LENGTH)) for k, v in values.items()
        ]
        with self._lock:
            self._params += found

    def tags(self, values: Mapping[str, Any]) -> None:
        found = [
            RunTag(_cut(k, MAX_KEY_LENGTH), _cut(v, MAX_TAG_LENGTH)) for k, v in values.items()
        ]
        with self._lock:
            self._tags += found

    def metrics(self, values: Mapping[str, SupportsFloat], step: int | None = None) -> None:
        """One point each. Raises InvalidInput for what is no number."""
        cut = {_cut(key, MAX_KEY_LENGTH): value for key, value in values.items()}
        found = record.metrics(cut, step, None)
        with self._lock:
            self._metrics += found

    def flush(self) -> None:
        """Write all in one transaction; what can't be written is dropped, with its error."""
        with self._lock:
            metrics, params, tags = self._metrics, self._params, self._tags
            self._metrics, self._params, self._tags = [], [], []
            self._flushed = time.monotonic()
        if metrics or params or tags:
            self._store.log_batch(
                self._run_id, metrics=metrics, params=params, tags=tags, in_order=True
            )

    def flush_if_due(self, seconds: float = FLUSH_SECONDS) -> None:
        """Write when the last writing is longer ago: for callbacks of every iteration."""
        if time.monotonic() - self._flushed >= seconds:
            self.flush()


def _cut(value: Any, limit: int) -> str:
    text = str(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
