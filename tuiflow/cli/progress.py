"""How far a long command is, and ctrl+C between two pieces of its work."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import NoReturn

import typer

INTERRUPTED = 130
"""Exit code of a command that ctrl+C has ended (128 + SIGINT)."""

Tick = Callable[[int, int | None], None]
"""Told how much is done, and of how much, None where that is not known."""


@contextlib.contextmanager
def progress(what: str) -> Iterator[Tick]:
    """A bar on a terminal's standard error, nothing elsewhere. Each call of what is given raises
    KeyboardInterrupt where ctrl+C was pressed before it, which then stops nothing in between; a
    second ctrl+C does, at once."""
    pressed = threading.Event()

    def press(number: int, frame: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    before = signal.getsignal(signal.SIGINT)
    ours = threading.current_thread() is threading.main_thread()
    if ours:
        signal.signal(signal.SIGINT, press)
    try:
        with _bar(what) as show:

            def tick(done: int, total: int | None) -> None:
                show(done, total)
                if pressed.is_set():
                    raise KeyboardInterrupt

            yield tick
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _bar(what: str) -> Iterator[Tick]:
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def go_through(
    what: str, steps: Iterator[tuple[int, Sequence[object]]], total: int
) -> tuple[int, bool]:
    """Go through what `Store.change_runs` gives: how many runs were changed, and whether ctrl+C has
    left the rest."""
    changed = 0
    try:
        with progress(what) as tick:
            for through, done in steps:
                changed += len(done)
                if through < total:
                    tick(through, total)
    except KeyboardInterrupt:
        return changed, True
    return changed, False


def stopped(said: str) -> NoReturn:
    """End the command that ctrl+C has stopped, and say how far it came."""
    typer.echo(f"stopped: {said}", err=True)
    raise typer.Exit(INTERRUPTED)
