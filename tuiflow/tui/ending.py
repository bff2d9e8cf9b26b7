"""SIGTERM and SIGHUP: the app ends as it does when one quits, and gives the terminal back.

Where there is no terminal to give back, since the line was cut or the app is in the background,
the signal does what it always does.
"""

from __future__ import annotations

import _thread
import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

from textual.app import App

PATIENCE_SECONDS = 5.0
"""How long the app may take to end after one of the signals."""

_NUMBERS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_on_signals(app: App[object]) -> Iterator[None]:
    """Have the app end by the signals, but for those that are ignored or handled already."""
    ending = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal ending
        if not _on_terminal(app):
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        elif not ending:
            ending = True
            # Not `threading.Thread`, which takes locks that the interrupted code may hold.
            _thread.start_new_thread(_insist, (number,))
            end = partial(app.exit, return_code=128 + number)
            asyncio.get_running_loop().call_soon_threadsafe(end)

    taken = [number for number in _NUMBERS if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _on_terminal(app: App[object]) -> bool:
    """Whether the app draws on a terminal that is still there."""
    # Textual has a thread that writes, from when the app takes the terminal until it leaves it.
    writer = getattr(app._driver, "_writer_thread", None)
    return writer is not None and writer.is_alive() and _is_there()


def _is_there() -> bool:
    return sys.__stderr__ is not None and os.isatty(sys.__stderr__.fileno())


def _insist(number: int) -> None:
    """End the process where the app doesn't: what it writes to may be gone or stand still."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and _is_there():
        time.sleep(0.05)
    os._exit(128 + number)
