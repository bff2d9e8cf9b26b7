"""Which run a call without a run id means, and how open runs end.

Each thread has a stack of runs, as in MLflow. In it, an asyncio task sees the runs that it or what
started it has opened, and ends only its own: concurrent tasks don't see one another's.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from tuiflow.entities import Run, RunStatus
from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.store import Store
from tuiflow.store.validate import check_final_status
from tuiflow.tracking import signals, stores

if TYPE_CHECKING:
    from tuiflow.tracking.context.gather import Capture


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
        for opened in _inside(self):
            _end(opened, status)


@dataclass(frozen=True, slots=True, eq=False)
class OpenRun:
    """A run opened in this process, its store, what is still gathered for it, and the asyncio task
    that opened it."""

    store: Store
    run: ActiveRun
    capture: Capture | None = None
    task: weakref.ref[Any] | None = None

    @property
    def run_id(self) -> str:
        return self.run.info.run_id

    def is_of(self, task: object) -> bool:
        """Whether `task` may end the run: it opened it, or no task that still runs did."""
        owner = None if self.task is None else self.task()
        return owner is None or owner is task or bool(owner.done())


class _Stack(threading.local):
    def __init__(self) -> None:
        self.runs: list[OpenRun] = []
        self.last: OpenRun | None = None


_stack = _Stack()
_main_thread_runs: list[OpenRun] = []
_opened_here: ContextVar[tuple[OpenRun, ...]] = ContextVar("tuiflow_runs", default=())
_inherited: OpenRun | None = None
_last: OpenRun | None = None
_open: dict[OpenRun, None] = {}
"""Each opening by itself: a run that is open may be opened again, to be ended twice."""
_end_hooks: list[Callable[[str], None]] = []
_exit_status = RunStatus.FINISHED
_hooked = False


def _own() -> list[OpenRun]:
    if threading.current_thread() is threading.main_thread():
        return _main_thread_runs
    return _stack.runs


def _task() -> Any:
    """The asyncio task that runs in this thread; None outside of one."""
    asyncio = sys.modules.get("asyncio")
    try:
        return None if asyncio is None else asyncio.current_task()
    except (RuntimeError, AttributeError):  # no loop; asyncio is being imported
        return None


def _seen() -> list[OpenRun]:
    """This thread's runs that the current task sees, innermost last."""
    runs = _own()
    if not any(opened.task for opened in runs):
        return runs
    task, inherited = _task(), _opened_here.get()
    return [opened for opened in runs if opened.is_of(task) or opened in inherited]


def current() -> OpenRun | None:
    """The innermost run of this thread and task, or of what started the task.

    A thread without one has the main thread's, unless that has several tasks with runs; a forked
    child without one has its parent's.
    """
    if runs := _seen():
        return runs[-1]
    for opened in reversed(_opened_here.get()):  # of a task that called asyncio.to_thread
        if opened in _open:
            return opened
    if threading.current_thread() is not threading.main_thread():
        free = [opened for opened in _main_thread_runs if opened.is_of(None)]
        if not free and len({opened.task for opened in _main_thread_runs}) == 1:
            free = _main_thread_runs
        if free:
            return free[-1]
    return _inherited


def last_ended() -> OpenRun | None:
    """The run that this thread ended last or, where it has ended none, any thread."""
    return _stack.last or _last


def _inherit() -> None:
    """In a forked child: its parent's runs may be logged to, but are not its own to end."""
    global _inherited
    here = [opened for opened in _opened_here.get() if opened in _open]
    if runs := here or _stack.runs or _main_thread_runs:
        _inherited = runs[-1]
    _opened_here.set(())
    _stack.runs = []
    _main_thread_runs.clear()
    _open.clear()


os.register_at_fork(after_in_child=_inherit)


def check_may_start(nested: bool) -> OpenRun | None:
    """The run that a new one would be nested in. Raises InvalidInput when `nested` is false and
    this thread has a run open."""
    seen = _seen()
    if seen and not nested:
        raise InvalidInput(
            f"Run {seen[-1].run_id} is active already. End it with end_run(), or start a child"
            " of it with start_run(nested=True)."
        )
    return current() if nested else None


def push(store: Store, run: Run, capture: Capture | None = None) -> ActiveRun:
    """Make a run the current one of this thread and task."""
    task = _task()
    owner = None if task is None else weakref.ref(task)
    opened = OpenRun(store, ActiveRun(run.info, run.data, run.inputs), capture, owner)
    _own().append(opened)
    _open[opened] = None
    if owner is not None:
        still = [other for other in _opened_here.get() if other in _open]
        _opened_here.set((*still, opened))
    _install_hook()
    signals.watch(_kill_all)
    return opened.run


def at_end(hook: Callable[[str], None]) -> None:
    """Have `hook` called with the id of each run right before it ends in this process."""
    _end_hooks.append(hook)


def pop(status: str) -> OpenRun | None:
    """End the innermost run that this thread and task may end; None where there is none. Raises
    InvalidInput, and leaves it open, for a status that no run can end with."""
    task = _task()
    opened = next((opened for opened in reversed(_own()) if opened.is_of(task)), None)
    if opened is not None:
        check_final_status(status)
        _end(opened, status)
    return opened


def _inside(run: ActiveRun) -> list[OpenRun]:
    """A run that this thread opened and those opened inside it, innermost first; where it has
    ended and was opened again, as it is open now. None when it has ended."""
    runs = _own()
    same = [opened for opened in reversed(runs) if opened.run_id == run.info.run_id]
    if not same:
        return []
    outer = next((opened for opened in same if opened.run is run), same[0])
    task = outer.task and outer.task()
    inner = [opened for opened in runs[runs.index(outer) + 1 :] if opened.is_of(task)]
    return [*reversed(inner), outer]


def _end(opened: OpenRun, status: str) -> None:
    global _last
    _stack.last = _last = opened
    _own().remove(opened)
    try:
        for hook in _end_hooks:
            hook(opened.run_id)
        opened.store.finish_run(opened.run_id, status)
    except KeyboardInterrupt:
        opened.store.finish_run(opened.run_id, status)
        _forget(opened)
        raise
    except Exception:
        _forget(opened)
        raise
    # Not before: what ends the process meanwhile, or another ctrl+C, has to know of the run.
    _forget(opened)
    if opened.capture is not None:
        opened.capture.wait()


def _forget(opened: OpenRun) -> None:
    _open.pop(opened, None)
    if not _open:
        signals.unwatch()


def status_for(error: BaseException | type[BaseException] | None) -> str:
    """FINISHED without an error or after exit code 0, KILLED after ctrl+C, also under asyncio, or
    where a signal makes the script exit, else FAILED."""
    if error is None:
        return RunStatus.FINISHED.value
    kind = error if isinstance(error, type) else type(error)
    if issubclass(kind, KeyboardInterrupt) or _cancelled_by_ctrl_c(error):
        return RunStatus.KILLED.value
    if issubclass(kind, SystemExit) and signals.received():
        return RunStatus.KILLED.value
    if isinstance(error, SystemExit) and error.code in (None, 0):
        return RunStatus.FINISHED.value
    return RunStatus.FAILED.value


def _cancelled_by_ctrl_c(error: object) -> bool:
    """Whether it is what tasks see of ctrl+C: asyncio.run cancels the main one, then the others."""
    asyncio = sys.modules.get("asyncio")
    if not isinstance(error, getattr(asyncio, "CancelledError", ())):
        return False
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        runner = frame.f_locals.get("self")  # what runs the task is among its callers
        if isinstance(runner, getattr(asyncio, "Runner", ())):
            return bool(getattr(runner, "_interrupt_count", 0))
        frame = frame.f_back
    return False


def _install_hook() -> None:
    global _hooked
    if _hooked:
        return
    _hooked = True
    previous = sys.excepthook

    def remember(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        global _exit_status
        if not hasattr(sys, "ps1"):  # a line typed in by hand may fail, and the run goes on
            _exit_status = RunStatus(status_for(error))
        previous(kind, error, trace)

    sys.excepthook = remember


def _end_all() -> None:
    status = RunStatus.KILLED if signals.received() else _exit_status
    for opened in reversed(list(_open)):
        for hook in _end_hooks:
            hook(opened.run_id)
        _finish(opened, status)
    _open.clear()
    signals.finish()
    if gather := sys.modules.get("tuiflow.tracking.context.gather"):
        gather.conclude()


# At the import, so that what a script registers afterwards is called before, and may still log.
atexit.register(stores.close_all)
atexit.register(_end_all)


def _kill_all() -> None:
    """What ends open runs when a signal ends the process: no more than that."""
    for opened in reversed(list(_open)):
        _finish(opened, RunStatus.KILLED)
    if quiet := sys.modules.get("tuiflow.store.quiet"):
        quiet.remove_scratches()


def _finish(opened: OpenRun, status: RunStatus) -> None:
    with contextlib.suppress(TuiflowError):  # the store may be gone by now
        opened.store.finish_run(opened.run_id, status.value)
