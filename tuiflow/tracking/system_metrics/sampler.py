"""The thread that logs system metrics into one run."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from typing import Protocol

from tuiflow.entities import LifecycleStage, Metric, RunStatus
from tuiflow.errors import NotFound, StoreError, TuiflowError
from tuiflow.store import Store, now_ms
from tuiflow.tracking import active, system_metrics
from tuiflow.tracking.system_metrics.readings import NETWORK, Machine

JOIN_SECONDS = 0.5
"""How long the end of a run waits for a thread that is busy reading or writing."""


class Source(Protocol):
    def read(self) -> dict[str, float]: ...


class Sampler:
    """Samples a source and logs the mean of every `samples` of them as one step.

    `wait` is called with the seconds to the next sample and returns true when it is time to end.
    """

    def __init__(
        self,
        store: Store,
        run_id: str,
        wait: Callable[[float], bool],
        *,
        interval: float,
        samples: int,
        prefix: str,
        open_source: Callable[[], Source] = Machine,
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._wait = wait
        self._interval = interval
        self._samples = samples
        self._prefix = prefix
        self._open_source = open_source

    def run(self) -> None:
        """Sample until it is time to end, or the run has ended or is gone. Never raises."""
        try:
            source = self._open_source()
            step = self._next_step()
        except Exception:  # a script must not see what is wrong with its machine
            return
        while True:
            found: list[dict[str, float]] = []
            for _ in range(self._samples):
                if self._wait(self._interval):
                    return
                found.append(source.read())
            try:
                info = self._store.get_run(self._run_id).info
                if info.status != RunStatus.RUNNING or info.lifecycle_stage != (
                    LifecycleStage.ACTIVE
                ):
                    return
                self._log(average(found), step)
                step += 1
            except StoreError:  # busy or full: the next point may do
                continue
            except TuiflowError:
                return

    def _next_step(self) -> int:
        """One after the last step that the run has, so that a resumed run goes on."""
        try:
            steps = [
                summary.step
                for summary in self._store.metric_summaries(self._run_id)
                if summary.key.startswith(self._prefix)
            ]
        except NotFound:
            return 0
        return max(steps, default=-1) + 1

    def _log(self, values: dict[str, float], step: int) -> None:
        now = now_ms()
        self._store.log_batch(
            self._run_id,
            [Metric(self._prefix + key, value, now, step) for key, value in values.items()],
        )


def average(samples: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each value over the samples that have it, to one decimal; the last of those
    that are counted since the start."""
    values: dict[str, list[float]] = {}
    for sample in samples:
        for key, value in sample.items():
            values.setdefault(key, []).append(float(value))
    return {
        key: found[-1] if key in NETWORK else round(sum(found) / len(found), 1)
        for key, found in values.items()
    }


_running: dict[str, tuple[threading.Thread, threading.Event]] = {}


def start(store: Store, run_id: str, open_source: Callable[[], Source] = Machine) -> None:
    """Sample into a run until `stop`; a run that is sampled already is left alone."""
    if run_id in _running:
        return
    stopped = threading.Event()
    sampler = Sampler(
        store,
        run_id,
        stopped.wait,
        interval=system_metrics.interval(),
        samples=system_metrics.samples_before_logging(),
        prefix=system_metrics.prefix(),
        open_source=open_source,
    )
    thread = threading.Thread(target=sampler.run, name="tuiflow-system-metrics", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # no more threads, or the interpreter is ending
        warnings.warn(f"System metrics are not logged: {error}.", stacklevel=2)
        return
    _running[run_id] = (thread, stopped)


def stop(run_id: str) -> None:
    """End the sampling of a run. Waits for the thread, but never long."""
    found = _running.pop(run_id, None)
    if found is not None:
        thread, stopped = found
        stopped.set()
        if thread is not threading.current_thread():
            thread.join(JOIN_SECONDS)


active.at_end(stop)
# The threads are the parent's; a forked child ends none and samples nothing.
os.register_at_fork(after_in_child=_running.clear)
