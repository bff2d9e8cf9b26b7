"""`tuiflow experiments`: list experiments, and create, rename, delete, restore and export them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tuiflow.cli import completion
from tuiflow.cli import output as out
from tuiflow.cli.asking import confirm
from tuiflow.cli.options import (
    FormatOption,
    OutputOption,
    StoreOption,
    YesOption,
    chosen_location,
    experiment_word,
    find_experiment,
    open_existing,
    remember_store,
    store_words,
)
from tuiflow.cli.output import Column, Format
from tuiflow.cli.progress import progress, stopped
from tuiflow.cli.selecting import assignment, counted
from tuiflow.entities import Experiment, ExperimentCounts, RunStatus, ViewType
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, now_ms
from tuiflow.store.export import CSV_END, CsvLines, experiment_record
from tuiflow.text import MISSING, ago, clean

ExperimentArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="EXPERIMENT",
        help="By name or id.",
        autocompletion=completion.experiments,
        show_default=False,
    ),
]
DeletedArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="EXPERIMENT",
        help="By name or id.",
        autocompletion=completion.deleted_experiments,
        show_default=False,
    ),
]
# MLflow's spelling of the arguments.
IdOption = Annotated[
    str | None,
    typer.Option(
        "--experiment-id", "-x", metavar="EXPERIMENT", help="The same, in MLflow's spelling."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    group = typer.Typer(help="List experiments, or change them.")
    group.callback(invoke_without_command=True)(experiments)
    group.command("create")(create)
    group.command("rename")(rename)
    group.command("delete")(delete)
    group.command("restore")(restore)
    group.command("csv")(csv)
    app.add_typer(group, name="experiments")


def experiments(
    context: typer.Context,
    deleted: Annotated[bool, typer.Option("--deleted", help="Show the deleted ones.")] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """List experiments and how many runs they have; or change them with a command."""
    if context.invoked_subcommand is not None:
        if store is not None:
            remember_store(store)
        return
    opened = open_existing(store)
    counts = opened.experiment_counts()
    view = ViewType.DELETED_ONLY if deleted else ViewType.ACTIVE_ONLY
    none = ExperimentCounts(0, 0)
    found = [(item, counts.get(item.experiment_id, none)) for item in opened.list_experiments(view)]
    columns = [
        Column("id", right=True, style="dim"),
        Column("name", style="bold"),
        Column("runs", right=True),
        Column("running", right=True),
        Column("last change", right=True),
    ]
    now = now_ms()
    rows = [
        [
            item.experiment_id,
            item.name,
            str(count.active),
            str(count.running or MISSING),
            ago(item.last_update_time, now),
        ]
        for item, count in found
    ]
    with out.output(output) as stream:
        if output_format is Format.JSON:
            out.write_json([experiment_record(*pair) for pair in found], stream)
        elif output_format is Format.CSV:
            records: list[dict[str, Any]] = [experiment_record(*pair) for pair in found]
            cells = [list(record.values()) for record in records]
            out.write_csv_rows(_TITLES, cells, stream)
        elif output_format is Format.MD:
            out.write_markdown(columns, rows, stream)
        elif rows:
            out.write_table(columns, rows, stream)
        else:
            typer.echo(f"No {'deleted ' if deleted else ''}experiments.", err=True)


_TITLES = (
    "experiment_id",
    "name",
    "runs",
    "running",
    "creation_time",
    "last_update_time",
    "artifact_location",
)


def create(
    name: Annotated[str | None, typer.Argument(metavar="NAME", show_default=False)] = None,
    mlflow_name: Annotated[
        str | None,
        typer.Option(
            "--experiment-name", "-n", metavar="NAME", help="The same, in MLflow's spelling."
        ),
    ] = None,
    artifact_location: Annotated[
        str | None,
        typer.Option(
            "--artifact-location",
            "-l",
            metavar="FOLDER",
            help="Where its runs keep their artifacts; else in the store.",
        ),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY=VALUE", help="A tag of the experiment (repeatable)."),
    ] = None,
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Create an experiment, and the store where there is none yet."""
    chosen = _given("NAME", name, mlflow_name)
    location = chosen_location(store)
    opened = Store(location.database)
    pairs = dict(assignment(text) for text in tags or ())
    created = opened.create_experiment(chosen, artifact_location, pairs)
    typer.echo(f"created {_title(opened.get_experiment(created))}")


def rename(
    experiment: ExperimentArgument = None,
    new_name: Annotated[str | None, typer.Argument(metavar="NEW_NAME", show_default=False)] = None,
    experiment_id: IdOption = None,
    mlflow_new_name: Annotated[
        str | None,
        typer.Option("--new-name", metavar="NEW_NAME", help="The same, in MLflow's spelling."),
    ] = None,
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Give an experiment another name; its id stays."""
    if experiment_id is not None and new_name is None:
        experiment, new_name = None, experiment
    text = _given("EXPERIMENT", experiment, experiment_id)
    name = _given("NEW_NAME", new_name, mlflow_new_name)
    opened = open_existing(store)
    found = find_experiment(opened, text)
    opened.rename_experiment(found.experiment_id, name)
    typer.echo(f"renamed {_title(found)} to {clean(name)}")


def delete(
    experiment: ExperimentArgument = None,
    experiment_id: IdOption = None,
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Delete an experiment and its runs. They can be restored."""
    opened = open_existing(store)
    found = _deletable(opened, _given("EXPERIMENT", experiment, experiment_id))
    count = opened.experiment_counts().get(found.experiment_id) or ExperimentCounts(
        opened.count_runs(RunQuery((found.experiment_id,))), 0
    )
    runs = f" and its {counted(count.active)}" if count.active else ", which has no runs"
    still = f", {count.running:,} still {RunStatus.RUNNING.lower()}" if count.running else ""
    confirm(f"Delete {_title(found)}{runs}{still}", yes)
    named = _named(found, store)
    try:
        with progress("deleting runs") as bar:
            opened.delete_experiment(found.experiment_id, bar)
    except KeyboardInterrupt:
        stopped(
            f"{_title(found)} is deleted, and {bar.done:,} of its {counted(count.active)}."
            f"\ngo on with: tuiflow experiments delete {named}"
            f"\nrestore with: tuiflow experiments restore {named}"
        )
    with_runs = f" and {counted(count.active)}" if count.active else ""
    typer.echo(f"deleted {_title(found)}{with_runs}")
    typer.echo(f"restore with: tuiflow experiments restore {named}", err=True)


def _deletable(store: Store, text: str) -> Experiment:
    """An active experiment, or one whose deletion was stopped. Raises NotFound."""
    try:
        return find_experiment(store, text)
    except NotFound:
        for item in store.list_experiments(ViewType.DELETED_ONLY):
            if text in (item.name, item.experiment_id):
                if store.count_runs(RunQuery((item.experiment_id,))):
                    return item
                break
        raise


def restore(
    experiment: DeletedArgument = None,
    experiment_id: IdOption = None,
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Restore a deleted experiment, and the runs that were deleted with it."""
    opened = open_existing(store)
    text = _given("EXPERIMENT", experiment, experiment_id)
    found = find_experiment(opened, text, ViewType.DELETED_ONLY)
    try:
        with progress("restoring runs") as bar:
            opened.restore_experiment(found.experiment_id, bar)
    except KeyboardInterrupt:
        named = _named(found, store)
        stopped(
            f"{bar.done:,} of {counted(bar.total or 0)} are restored, {_title(found)} is not yet."
            f"\ngo on with: tuiflow experiments restore {named}"
        )
    count = opened.experiment_counts()[found.experiment_id].active
    with_runs = f" and {counted(count)}" if count else ""
    typer.echo(f"restored {_title(found)}{with_runs}")


def csv(
    experiment: ExperimentArgument = None,
    experiment_id: IdOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "--filename", "-o", metavar="FILE", help="Write to a file instead."
        ),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Write an experiment's runs as CSV with MLflow's columns.

    `tuiflow runs --format csv` writes more attributes, and takes filters.
    """
    from tuiflow.tracking.searching import search_frame

    opened = open_existing(store)
    found = find_experiment(opened, _given("EXPERIMENT", experiment, experiment_id))
    runs = search_frame(opened, [found.experiment_id], None, ViewType.ACTIVE_ONLY, None, None)
    with out.output(output) as stream:
        lines: Any = CsvLines(out.as_text(stream))  # pandas' types ask for more than it calls
        runs.to_csv(lines, index=False, lineterminator=CSV_END)
    if output is not None:
        typer.echo(f"wrote {counted(len(runs))} of {_title(found)} to {clean(str(output))}")


def _given(what: str, argument: str | None, option: str | None) -> str:
    """The argument, however it was spelled."""
    if (argument is None) == (option is None):
        raise InvalidInput(f"Give {what}{'' if argument is None else ' once'}.")
    return str(argument if option is None else option)


def _named(experiment: Experiment, store: str | None) -> str:
    """An experiment and the store, in a command to be typed next."""
    return clean(experiment_word(experiment.name, experiment.experiment_id) + store_words(store))


def _title(experiment: Experiment) -> str:
    return f"experiment {clean(experiment.name)} (id {experiment.experiment_id})"
