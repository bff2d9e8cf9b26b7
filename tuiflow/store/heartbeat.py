"""A daemon thread that says, every few seconds, that this process still writes its runs."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable

from tuiflow.config import HEARTBEAT_SECONDS
from tuiflow.errors import StoreError


class Heartbeat:
    """Beats while any run is open; a forked child starts without one."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._open: set[str] = set()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def opened(self, run_id: str) -> None:
        if self._pid != os.getpid():
            self._reset()
        with self._lock:
            self._open.add(run_id)
            if self._thread is None:
                self._stop = threading.Event()
                self._thread = threading.Thread(
                    target=self._work, args=(self._stop,), name="tuiflow-heartbeat", daemon=True
                )
                self._thread.start()

    def closed(self, run_id: str) -> None:
        if self._pid != os.getpid():
            return
        with self._lock:
            self._open.discard(run_id)
            if not self._open and self._thread is not None:
                self._stop.set()
                self._thread = None

    def stop(self) -> None:
        """End the thread, whatever is open, and wait for it."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._open.clear()
            self._stop.set()
        if thread is not None and self._pid == os.getpid():
            thread.join()

    def _work(self, stop: threading.Event) -> None:
        while not stop.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(StoreError):  # a busy or full store: the next beat may do
                self._beat()
