"""SIGTERM and SIGHUP while runs are open: the runs are ended, then the signal does what it does.

By default these signals end Python with no cleanup, which leaves a run to read RUNNING until its
process is missed. A handler of the script's own stays in force. The runs are ended by a thread,
since the signal may have come in the middle of a write; a process deep in one native call hears
the signal when that call returns.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

PATIENCE_SECONDS = 5.0
"""How long ending the runs may put off the end of the process."""

_NUMBERS = (signal.SIGTERM, signal.SIGHUP)

_end_runs: Callable[[], None] | None = None
_received: int | None = None
_dying = False
_ready = False


def watch(end_runs: Callable[[], None]) -> None:
    """Have `end_runs` called before one of the signals ends this process.

    Does nothing outside of the main thread and for a signal that is ignored or handled already.
    """
    global _end_runs
    _end_runs = end_runs
    if threading.current_thread() is threading.main_thread():
        for number in _NUMBERS:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _on_signal)


def unwatch() -> None:
    """Give the signals back, where they are still watched and this is the main thread."""
    if threading.current_thread() is threading.main_thread():
        _reset()


def _reset() -> None:
    for number in _NUMBERS:
        if signal.getsignal(number) is _on_signal:
            signal.signal(number, signal.SIG_DFL)


def received() -> bool:
    """Whether one of the signals came while runs were open."""
    return _received is not None


def finish() -> None:
    """Let a signal that came do what it does, if the script's own handler has not taken it."""
    if _dying and _received is not None:
        _die(_received)


def _on_signal(number: int, frame: FrameType | None) -> None:
    global _received, _dying
    _received = number
    if signal.getsignal(number) is not _on_signal:
        return  # called by a handler that was set since; the end of the process is in its hands
    if _ready:
        _die(number)
    if not _dying:
        _dying = True
        try:
            # Not `threading.Thread`, which takes locks that the interrupted code may hold.
            _thread.start_new_thread(_end, (number,))
            _thread.start_new_thread(_insist, (number,))
        except RuntimeError:
            _die(number)


def _end(number: int) -> None:
    with contextlib.suppress(Exception):
        if _end_runs is not None:
            _end_runs()
    _call_again(number)


def _insist(number: int) -> None:
    time.sleep(PATIENCE_SECONDS)
    _call_again(number)


def _call_again(number: int) -> None:
    global _ready
    _ready = True
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, number)


def _die(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def _begin_anew() -> None:
    """In a forked child, which has no runs of its own."""
    global _received, _dying, _ready
    _received, _dying, _ready = None, False, False
    with contextlib.suppress(ValueError):
        _reset()


os.register_at_fork(after_in_child=_begin_anew)
