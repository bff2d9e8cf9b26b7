"""Options that commands share, and the store they name."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tuiflow.cli import completion
from tuiflow.cli.output import Format
from tuiflow.entities import Experiment, ViewType
from tuiflow.errors import NotFound, StoreError
from tuiflow.protocols import TrackingStore
from tuiflow.store import Location, Store, locate
from tuiflow.text import clean

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="PATH",
        help="The store: a folder or a database file. See `tuiflow where`.",
    ),
]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="Id, unique prefix, name, latest or best:METRIC.",
        autocompletion=completion.runs,
    ),
]
RunsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN",
        help="Ids, unique prefixes, names, latest, best:METRIC.",
        autocompletion=completion.runs,
        show_default=False,
    ),
]
ExperimentsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--experiment",
        "-x",
        metavar="NAME",
        help="Only these, by name or id (repeatable).",
        autocompletion=completion.experiments,
    ),
]
FilterOption = Annotated[
    str,
    typer.Option(
        "--filter",
        "-f",
        metavar="FILTER",
        help="Such as metrics.rmse < 0.8",
        autocompletion=completion.filters,
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
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


def store_words(store: str | None) -> str:
    """` --store PATH` for a command to be typed next; empty where it would find the same store."""
    location = chosen_location(store)
    return (
        ""
        if location.database == locate().database
        else f" --store {shlex.quote(str(location.database))}"
    )


def experiment_word(name: str, experiment_id: str) -> str:
    """An experiment in a command to be typed next: by its name, or by its id where the name would
    be taken for an option or can't be shown as it is."""
    return experiment_id if name.startswith("-") or clean(name) != name else shlex.quote(name)


def open_existing(store: str | None) -> Store:
    """Open the chosen store to read it. Raises StoreError, naming what fills one, without one."""
    location = chosen_location(store)
    if not location.database.exists():
        raise StoreError(
            f"There is no store at {location.root} yet ({location.reason}). Make one with"
            " `tuiflow demo`, with `tuiflow run PROJECT` or by logging a run from Python."
        )
    return Store(location.database, create=False)


def find_experiment(
    store: TrackingStore,
    text: str,
    view: ViewType = ViewType.ACTIVE_ONLY,
    hint: str | None = None,
) -> Experiment:
    """The experiment of `view` with this name or id.

    Raises NotFound with the names there are, or with `hint` and the name.
    """
    known = store.list_experiments(view)
    for experiment in known:
        if experiment.name == text:
            return experiment
    for experiment in known:
        if experiment.experiment_id == text:
            return experiment
    kind = "deleted experiment" if view is ViewType.DELETED_ONLY else "experiment"
    names = ", ".join(sorted(experiment.name for experiment in known)) or "none"
    ending = f"; {hint} {shlex.quote(text)}" if hint else f" here; there are: {names}."
    raise NotFound(f"No {kind} {text!r}{ending}")


def experiment_ids(store: TrackingStore, experiments: list[str] | None) -> tuple[str, ...] | None:
    """Ids of experiments given by name or id; None, for all, where none are given.

    Raises NotFound with the names there are.
    """
    if not experiments:
        return None
    return tuple(find_experiment(store, text).experiment_id for text in experiments)
