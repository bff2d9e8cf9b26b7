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

Show = Callable[[str, int, int | None], None]


class Progress:
    """Called with how much is done, and of how much (None where that isn't known), between two
    pieces of work. Raises KeyboardInterrupt where ctrl+C was pressed, unless all is done."""

    def __init__(self, what: str, show: Show) -> None:
        self.done = 0
        self.total: int | None = None
        self.pressed = False
        self._what = what
        self._show = show

    def __call__(self, done: int, total: int | None) -> None:
        self.done, self.total = done, total
        self._show(self._what, done, total)
        if self.pressed and done != total:
            raise KeyboardInterrupt

    def doing(self, what: str) -> None:
        """Called in place of it where it isn't known how much there is of what is done now."""
        self._what = what
        self(0, None)


@contextlib.contextmanager
def progress(what: str) -> Iterator[Progress]:
    """A bar on a terminal's standard error, nothing elsewhere. ctrl+C waits for the next call of
    what is given, so that it stops between two pieces; a second one stops at once."""
    with _bar() as show:
        bar = Progress(what, show)

        def press(number: int, frame: FrameType | None) -> None:
            if bar.pressed:
                raise KeyboardInterrupt
            bar.pressed = True

        if threading.current_thread() is not threading.main_thread():
            yield bar
            return
        before = signal.signal(signal.SIGINT, press)
        try:
            yield bar
        finally:
            signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _bar() -> Iterator[Show]:
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich import progress as rich_progress
    from rich.console import Console

    with rich_progress.Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, total: bar.update(
            task, description=what, completed=done, total=total
        )


def go_through(
    what: str, steps: Iterator[tuple[int, Sequence[object]]], total: int
) -> tuple[int, bool]:
    """Go through what `Store.change_runs` gives: how many runs were changed, and whether ctrl+C has
    left the rest."""
    changed = 0
    try:
        with progress(what) as bar:
            for through, done in steps:
                changed += len(done)
                bar(through, total)
    except KeyboardInterrupt:
        return changed, True
    return changed, False


def stopped(said: str) -> NoReturn:
    """End the command that ctrl+C has stopped, and say how far it came."""
    typer.echo(f"stopped: {said}", err=True)
    raise typer.Exit(INTERRUPTED)
