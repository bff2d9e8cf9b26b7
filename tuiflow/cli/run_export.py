"""`tuiflow runs export`: runs as files that can be used elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TextIO

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
from tuiflow.cli.selecting import counted, select
from tuiflow.cli.show import write_sections
from tuiflow.entities import Run
from tuiflow.errors import InvalidInput
from tuiflow.store import Store
from tuiflow.store.export import full_record, write_csv
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
        for run in found:
            if not opened.list_artifacts(run.info.run_id):
                continue
            copy_out(opened, run.info.run_id, "", artifacts / run.info.run_id, yes)
    with out.output(output) as stream:
        if output_format is Format.JSON:
            _write_json(opened, found, stream)
        elif output_format is Format.CSV:
            write_csv(
                opened, [opened.row_key(run.info.run_id) for run in found], out.as_text(stream)
            )
        else:
            _write_report(opened, found, stream)
    if output is not None:
        typer.echo(f"wrote {counted(len(found))} to {clean(str(output))}")
    if artifacts is not None:
        typer.echo(f"copied their artifacts to {clean(str(artifacts))}", err=output is None)


def _write_json(store: Store, runs: list[Run], stream: TextIO) -> None:
    """A JSON list, written run by run."""
    first = True
    for run in runs:
        record: dict[str, Any] = full_record(store, run)
        stream.write("[\n" if first else ",\n")
        first = False
        out.write_json_line(record, stream)
    stream.write("\n]\n")


def _write_report(store: Store, runs: list[Run], stream: TextIO) -> None:
    for index, run in enumerate(runs):
        stream.write("\n" if index else "")
        stream.write(f"# {out.markdown_cell(run.info.run_name)}\n\n")
        write_sections(store, run, Format.MD, stream)
