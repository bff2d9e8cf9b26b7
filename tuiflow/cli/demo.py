"""`tuiflow demo`: fill a store of its own with real runs, and open it."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tuiflow.cli.opening import has_terminal, open_app
from tuiflow.cli.options import StoreOption, explicit_store
from tuiflow.config import DATABASE_NAME
from tuiflow.errors import InvalidInput
from tuiflow.store import Location, database_path


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("demo")(demo)


def demo(
    context: typer.Context,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start over: train everything anew.")
    ] = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only fill the store.")] = False,
    store: StoreOption = None,
) -> None:
    """Train some real models, record them in a store of their own and open the app on it.

    The demo has its own store; yours is never touched. The second time it opens what is there.
    """
    from tuiflow.demo import home

    folder = _folder(explicit_store(store)) or home.demo_folder()
    if fresh or home.look(folder) is not home.State.COMPLETE:
        from tuiflow.demo.fill import RUNS, fill

        with home.rebuilding(folder) as database, _progress(RUNS) as done, _interrupts() as check:

            def after_each() -> None:
                done()
                check()

            fill(database, after_each)
    database = folder / DATABASE_NAME
    if no_open or not has_terminal():
        typer.echo(database.parent)
        typer.echo(f"open it with: tuiflow --store {shlex.quote(str(folder))}", err=True)
        return
    open_app(context, Location(database, "it is the demo's own"))


def _folder(named: str | None) -> Path | None:
    if named is None:
        return None
    database = database_path(named)
    if database.name != DATABASE_NAME:
        raise InvalidInput(f"The demo needs a folder to fill, not the file {named!r}.")
    return database.parent


@contextmanager
def _interrupts() -> Iterator[Callable[[], None]]:
    """Yield what raises KeyboardInterrupt once ctrl+C was pressed.

    scikit-learn's networks take the exception itself for a wish to stop training early.
    """
    pressed: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, previous)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A progress bar on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("training models"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
