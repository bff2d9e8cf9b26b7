"""A thread that finds out, beside the script, what takes longer, and adds it to the run.

It begins a moment after the run, so as not to be in its way, or at once when somebody waits for it.
A fork waits until the thread has imported what it needs: a child that inherits the lock of a
module being imported would wait for it for ever. The rest of the thread holds no such lock.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tuiflow.entities import RunTag
from tuiflow.errors import TuiflowError
from tuiflow.store import Store
from tuiflow.tracking.context.facts import Script

if TYPE_CHECKING:
    from tuiflow.tracking.context.findings import Findings

    Search = Callable[[Script, Mapping[str, str]], Findings]

DELAY_SECONDS = 0.1
FRESH_SECONDS = 60.0
"""Runs started within this time of one another share what was found."""
WAIT_SECONDS = 2.0
"""How long the end of a run, and of the script, waits for what is still being gathered."""
NOTE_SECONDS = 0.5


class Capture:
    """The gathering for one run."""

    def __init__(self, store: Store, run_id: str, script: Script) -> None:
        self._store = store
        self._run_id = run_id
        self._script = script
        self._environment = dict(os.environ)
        self._hurry = threading.Event()
        self._loaded = threading.Event()
        self._done = threading.Event()

    def start(self) -> None:
        _pending.add(self)
        try:
            threading.Thread(target=self._work, name="tuiflow-context", daemon=True).start()
        except RuntimeError:  # no more threads, or the interpreter ends
            _pending.discard(self)

    def wait(self, seconds: float = WAIT_SECONDS) -> None:
        """Wait, no longer than that, until everything is stored. After one wait in vain in this
        process, others don't begin until something was stored."""
        global _slow
        if self in _pending:
            self._hurry.set()
            if not _slow:
                _slow = not self._done.wait(seconds)

    def wait_for_imports(self) -> None:
        self._hurry.set()
        self._loaded.wait(WAIT_SECONDS)

    def wait_for_note(self) -> None:
        self._done.wait(NOTE_SECONDS)

    def _work(self) -> None:
        global _slow
        try:
            self._hurry.wait(DELAY_SECONDS)
            import subprocess  # noqa: F401  (what asks Git imports it when it is called)

            from tuiflow.tracking.context import findings

            contents = self._store.contents
            self._loaded.set()
            with contextlib.suppress(TuiflowError):  # a run or store that is gone, a full disk
                for search in (findings.of_process, findings.of_repository):  # Git may be slow
                    found = _find(search, self._script, self._environment)
                    for kind, name, data in found.contents:
                        contents.put(self._run_id, kind, name, data)
                    tags = [RunTag(key, value) for key, value in found.tags.items()]
                    self._store.log_batch(self._run_id, tags=tags)
            _slow = False
        finally:
            _pending.discard(self)
            self._loaded.set()
            self._done.set()


_pending: set[Capture] = set()
_slow = False
_lock = threading.Lock()
_latest: dict[Search, tuple[float, Script, Findings]] = {}


def conclude() -> None:
    """At the end of the process: wait for what its runs still gather, at most WAIT_SECONDS, then
    give up asking Git and have that noted."""
    deadline = time.monotonic() + WAIT_SECONDS
    for capture in list(_pending):
        capture.wait(max(deadline - time.monotonic(), 0))
    if _pending and (git := sys.modules.get("tuiflow.git")):
        git.stop_all()
        for capture in list(_pending):
            capture.wait_for_note()


def _find(search: Search, script: Script, environment: Mapping[str, str]) -> Findings:
    """What `search` finds, or found for the same script a short time ago."""
    with _lock:
        now = time.monotonic()
        when, known, found = _latest.get(search, (0.0, None, None))
        if found is None or known != script or now - when > FRESH_SECONDS:
            found = search(script, environment)
            _latest[search] = now, script, found
        return found


def _before_fork() -> None:
    for capture in list(_pending):
        capture.wait_for_imports()


def _begin_anew() -> None:
    global _lock
    _lock = threading.Lock()
    _pending.clear()


os.register_at_fork(before=_before_fork, after_in_child=_begin_anew)
