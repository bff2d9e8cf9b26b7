"""Which training this thread is in, so that fits inside fits are logged once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any


class _Stack(threading.local):
    def __init__(self) -> None:
        self.entries: list[tuple[object, bool]] = []


_stack = _Stack()


def inside(subject: object = None) -> bool:
    """Whether this thread is in a training that logs for what it calls, or in one of `subject`."""
    return any(
        closed or (subject is not None and other is subject) for other, closed in _stack.entries
    )


@contextlib.contextmanager
def entered(subject: object = None, *, closed: bool = True) -> Iterator[None]:
    """A training of `subject`; unless `closed` is false, trainings inside it are not logged."""
    _stack.entries.append((subject, closed))
    try:
        yield
    finally:
        _stack.entries.pop()


def call_inside(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call `function` as part of a training: for the worker threads of one."""
    with entered():
        return function(*args, **kwargs)
