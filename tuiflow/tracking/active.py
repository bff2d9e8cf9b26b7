"""Which run a call without a run id means, and how open runs end."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from tuiflow.entities import Run, RunStatus
from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.store import Store
from tuiflow.store.validate import check_final_status


class ActiveRun(Run):
    """A run that is open; as a context manager it ends with the block.

    FINISHED when the block ends, FAILED when it raises, KILLED on ctrl+C; runs left open inside it
    end with it.
    """

    def __enter__(self) -> ActiveRun:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        status = status_for(error)
        while any(opened.run_id == self.info.run_id for opened in _own()):
            pop(status)


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run opened in this process, and its store."""

    store: Store
    run: ActiveRun

    @property
    def run_id(self) -> str:
        return self.run.info.run_id


class _Stack(threading.local):
    def __init__(self) -> None:
        self.runs: list[OpenRun] = []
        self.last: OpenRun | None = None


_stack = _Stack()
_main_thread_runs: list[OpenRun] = []
_inherited: OpenRun | None = None
_last: OpenRun | None = None
_open: dict[str, OpenRun] = {}
_end_hooks: list[Callable[[str], None]] = []
_exit_status = RunStatus.FINISHED
_hooked = False


def _own() -> list[OpenRun]:
    if threading.current_thread() is threading.main_thread():
        return _main_thread_runs
    return _stack.runs


def current() -> OpenRun | None:
    """The innermost run of this thread; for a thread without one, the main thread's, and for a
    forked child without one, its parent's."""
    runs = _own() or _main_thread_runs
    return runs[-1] if runs else _inherited


def last_ended() -> OpenRun | None:
    """The run that this thread ended last or, where it has ended none, any thread."""
    return _stack.last or _last


def _inherit() -> None:
    """In a forked child: its parent's runs may be logged to, but are not its own to end."""
    global _inherited
    if runs := _stack.runs or _main_thread_runs:
        _inherited = runs[-1]
    _stack.runs = []
    _main_thread_runs.clear()
    _open.clear()


os.register_at_fork(after_in_child=_inherit)


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


def push(store: Store, run: Run) -> ActiveRun:
    """Make a run the current one of this thread."""
    opened = OpenRun(store, ActiveRun(run.info, run.data, run.inputs))
    _own().append(opened)
    _open[opened.run_id] = opened
    _install_hooks()
    return opened.run


def at_end(hook: Callable[[str], None]) -> None:
    """Have `hook` called with the id of each run right before it ends in this process."""
    _end_hooks.append(hook)


def pop(status: str) -> OpenRun | None:
    """End this thread's innermost run; None where it has none. Raises InvalidInput, and leaves it
    open, for a status that no run can end with."""
    global _last
    own = _own()
    if not own:
        return None
    check_final_status(status)
    opened = _stack.last = _last = own.pop()
    _open.pop(opened.run_id, None)
    for hook in _end_hooks:
        hook(opened.run_id)
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
        for hook in _end_hooks:
            hook(opened.run_id)
        with contextlib.suppress(TuiflowError):  # the store may be gone by now
            opened.store.finish_run(opened.run_id, _exit_status.value)
    _open.clear()
