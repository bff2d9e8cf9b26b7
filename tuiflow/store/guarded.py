"""`with` blocks that an interrupt can't leave half open.

Python raises KeyboardInterrupt between any two calls. Where that is between a block and the code
that ends it, as `contextlib`'s, the block's generator isn't told: it keeps what it holds, a lock or
a transaction, for as long as somebody keeps the traceback, which a notebook does until the next
error. So who opens the next block in a thread ends those that nobody is in any more.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import FrameType, TracebackType
from typing import Any, ParamSpec, TypeVar

from tuiflow.errors import TuiflowError

P = ParamSpec("P")
T = TypeVar("T")

_GENERATOR = 0x20
"""`inspect.CO_GENERATOR`."""


class _Here(threading.local):
    def __init__(self) -> None:
        self.open: list[_Guarded[Any]] = []


_here = _Here()


class _Guarded(AbstractContextManager[T]):
    __slots__ = ("frame", "manager")

    def __init__(
        self, manager: contextlib._GeneratorContextManager[T], frame: FrameType | None
    ) -> None:
        self.manager = manager
        self.frame = frame

    def __enter__(self) -> T:
        return next(self.manager.gen)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        try:
            if error is not None:
                return self.manager.__exit__(kind, error, trace)
            next(self.manager.gen, None)
            return None
        except KeyboardInterrupt:
            self.interrupt()  # for it may have come in contextlib's own code
            raise
        finally:
            if self in _here.open:
                _here.open.remove(self)
            self.frame = None  # which may keep this block, as this does it

    def interrupt(self) -> None:
        """End the block as if ctrl+C had come inside it, if it has not ended."""
        with contextlib.suppress(KeyboardInterrupt, TuiflowError):
            self.manager.gen.throw(KeyboardInterrupt)


def guarded(function: Callable[P, Iterator[T]]) -> Callable[P, AbstractContextManager[T]]:
    """As `contextlib.contextmanager`; to be used in a `with` where it is called."""
    make = contextlib.contextmanager(function)

    @functools.wraps(function)
    def opened(*args: P.args, **kwargs: P.kwargs) -> AbstractContextManager[T]:
        if _here.open:
            end_abandoned()
        manager = make(*args, **kwargs)
        found = _Guarded(manager, _asking(sys._getframe(1)))
        _here.open.append(found)
        return found

    return opened


def _asking(frame: FrameType) -> FrameType | None:
    """Where a block inside of others ends: they are one."""
    for outer in _here.open:
        if getattr(outer.manager.gen, "gi_frame", None) is frame:
            return outer.frame
    return frame


def end_abandoned() -> None:
    """End the blocks of this thread that an interrupt has left open."""
    running = set()
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        running.add(frame)
        frame = frame.f_back
    for found in _here.open[::-1]:
        if found.frame is not None and found.frame not in running and not _may_go_on(found.frame):
            _here.open.remove(found)
            found.frame = None
            found.interrupt()


def _may_go_on(frame: FrameType) -> bool:
    """A generator is not on the stack while it waits to be asked for more."""
    return bool(frame.f_code.co_flags & _GENERATOR)


os.register_at_fork(after_in_child=lambda: _here.open.clear())
