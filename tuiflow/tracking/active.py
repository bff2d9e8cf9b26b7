"""Which run a call without a run id means, and how open runs end."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from dataclasses import dataclass
from types import TracebackType

from tuiflow.entities import Run, RunStatus
from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.store import Store


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run opened in this process: its store and the pid that opened it."""

    store: Store
    run: Run
    pid: int

    @property
    def run_id(self) -> str:
        return self.run.info.run_id


class _Stack(threading.local):
    def __init__(self) -> None:
        self.runs: list[OpenRun] = []


_stack = _Stack()
_main_thread_runs: list[OpenRun] = []
_open: dict[str, OpenRun] = {}
_exit_status = RunStatus.FINISHED
_hooked = False


def _own() -> list[OpenRun]:
    if threading.current_thread() is threading.main_thread():
        return _main_thread_runs
    return _stack.runs


def current() -> OpenRun | None:
    """The innermost run of this thread; for a thread without one, the main thread's."""
    own = _own()
    if own:
        return own[-1]
    return _main_thread_runs[-1] if _main_thread_runs else None


def check_may_start(nested: bool) -> OpenRun | None:
    """The run that a new one would be nested in. Raises InvalidInput when `nested` is false and
    this thread has a run open."""
    own = _own()
    if own and not nested:
        raise InvalidInput(
            f"Run {own[-1].run_id} is active already. End it with end_run(), or start a child"
            " of it with start_run(nested=True)."
        )
    return current() if nested else None


def push(store: Store, run: Run) -> None:
    """Make a run the current one of this thread."""
    opened = OpenRun(store, run, os.getpid())
    _own().append(opened)
    _open[opened.run_id] = opened
    _install_hooks()


def pop(status: str) -> OpenRun | None:
    """End this thread's innermost run; None where it has none.

    A forked child only leaves the run: it is its parent's to end.
    """
    own = _own()
    if not own:
        return None
    opened = own.pop()
    _open.pop(opened.run_id, None)
    if opened.pid == os.getpid():
        opened.store.finish_run(opened.run_id, status)
    return opened


def status_for(error: BaseException | type[BaseException] | None) -> str:
    """FINISHED without an error or after exit code 0, KILLED after ctrl+C, else FAILED."""
    kind = error if isinstance(error, type) else type(error)
    if error is None:
        return RunStatus.FINISHED.value
    if issubclass(kind, KeyboardInterrupt):
        return RunStatus.KILLED.value
    if isinstance(error, SystemExit) and error.code in (None, 0):
        return RunStatus.FINISHED.value
    return RunStatus.FAILED.value


def _install_hooks() -> None:
    global _hooked
    if _hooked:
        return
    _hooked = True
    previous = sys.excepthook

    def remember(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        global _exit_status
        _exit_status = RunStatus(status_for(error))
        previous(kind, error, trace)

    sys.excepthook = remember
    atexit.register(_end_all)


def _end_all() -> None:
    for opened in reversed(list(_open.values())):
        if opened.pid == os.getpid():
            with contextlib.suppress(TuiflowError):  # the store may be gone by now
                opened.store.finish_run(opened.run_id, _exit_status.value)
    _open.clear()
