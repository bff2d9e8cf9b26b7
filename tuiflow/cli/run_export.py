"""`tuiflow runs export`: runs as files that can be used elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tuiflow.cli import output as out
from tuiflow.cli.artifacts import copy_out
from tuiflow.cli.options import (
    ExperimentsOption,
    FilterOption,
    OutputOption,
    RunsArgument,
    StoreOption,
    YesOption,
    open_existing,
)
from tuiflow.cli.output import Format
from tuiflow.cli.selecting import FIRST, counted, select
from tuiflow.errors import InvalidInput
from tuiflow.store.run_files import RunFormat, write_runs
from tuiflow.text import clean


def register(group: typer.Typer) -> None:
    """Add the command to `tuiflow runs`."""
    group.command("export")(export)


def export(
    runs: RunsArgument = None,
    filter_text: FilterOption = "",
    experiment: ExperimentsOption = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="json holds every point of every metric.")
    ] = Format.JSON,
    output: OutputOption = None,
    artifacts: Annotated[
        Path | None,
        typer.Option(
            "--artifacts", metavar="DIR", help="Copy the artifacts, too: to DIR/RUN_ID for each."
        ),
    ] = None,
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Write runs out whole: those named, or all that a filter finds.

    JSON holds attributes, params, tags, all points of the metrics and the list of artifacts; CSV
    the latest value of each metric, one row a run; Markdown a report of each run.
    """
    if output_format is Format.TABLE:
        raise InvalidInput("Runs are exported as json, csv or md.")
    opened = open_existing(store)
    found = select(opened, runs or (), filter_text, experiment)
    if artifacts is not None:
        for start in range(0, len(found), FIRST):
            for run in opened.load_runs(found.keys[start : start + FIRST]):
                if opened.list_artifacts(run.info.run_id):
                    copy_out(opened, run.info.run_id, "", artifacts / run.info.run_id, yes)
    with out.output(output) as stream:
        for _ in write_runs(opened, found.keys, RunFormat(output_format), out.as_text(stream)):
            pass
    if output is not None:
        typer.echo(f"wrote {counted(len(found))} to {clean(str(output))}")
    if artifacts is not None:
        typer.echo(f"copied their artifacts to {clean(str(artifacts))}", err=output is None)
