"""Options that commands share, and the store they name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tuiflow.cli.output import Format
from tuiflow.errors import NotFound, StoreError
from tuiflow.protocols import TrackingStore
from tuiflow.store import Location, Store, locate

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="PATH",
        help="The store: a folder or a database file. See `tuiflow where`.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file instead.")
]


_before_command: str | None = None


def remember_store(store: str | None) -> None:
    """Keep the `--store` given before the command's name, as in `tuiflow --store PATH runs`."""
    global _before_command
    _before_command = store


def explicit_store(store: str | None) -> str | None:
    """The `--store` given here or before the command's name, None where there is none."""
    return _before_command if store is None else store


def chosen_location(store: str | None) -> Location:
    """The store of `--store` here or before the command's name, else the one `locate` finds."""
    return locate(explicit_store(store))


def open_existing(store: str | None) -> Store:
    """Open the chosen store to read it. Raises StoreError, naming what fills one, without one."""
    location = chosen_location(store)
    if not location.database.exists():
        raise StoreError(
            f"There is no store at {location.root} yet ({location.reason}). Make one with"
            " `tuiflow demo`, with `tuiflow run PROJECT` or by logging a run from Python."
        )
    return Store(location.database, create=False)


def experiment_ids(store: TrackingStore, experiments: list[str] | None) -> tuple[str, ...] | None:
    """Ids of experiments given by name or id; None, for all, where none are given.

    Raises NotFound with the names there are.
    """
    if not experiments:
        return None
    known = store.list_experiments()
    by_name = {experiment.name: experiment.experiment_id for experiment in known}
    ids = {experiment.experiment_id for experiment in known}
    found = []
    for text in experiments:
        if text not in by_name and text not in ids:
            names = ", ".join(sorted(by_name))
            raise NotFound(f"No experiment {text!r} here; there are: {names}.")
        found.append(by_name.get(text, text))
    return tuple(found)
