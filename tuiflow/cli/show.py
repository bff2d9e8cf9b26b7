"""`tuiflow show`: one run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TextIO

import typer

from tuiflow.cli import output as out
from tuiflow.cli.options import FormatOption, OutputOption, RunArgument, StoreOption, open_existing
from tuiflow.cli.output import Column, Format
from tuiflow.entities import Run
from tuiflow.store import Store
from tuiflow.store.export import run_record, write_csv
from tuiflow.store.run_report import sections
from tuiflow.text import clean_block


def register(app: typer.Typer) -> None:
    app.command("show")(show)


def show(
    run: RunArgument,
    kept: Annotated[
        str | None,
        typer.Option(
            "--kept", metavar="KIND", help="Print what is kept with it: patch, packages, source, …"
        ),
    ] = None,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """Show one run: attributes, params, metrics, data, tags and artifacts."""
    opened = open_existing(store)
    found = opened.get_run(opened.resolve_run(run))
    if kept is not None:
        print_kept(opened, found.info.run_id, kept, output)
        return
    with out.output(output) as stream:
        if output_format is Format.JSON:
            out.write_json(run_record(found), stream)
        elif output_format is Format.CSV:
            write_csv(opened, [opened.row_key(found.info.run_id)], out.as_text(stream))
        else:
            write_sections(opened, found, output_format, stream)


def print_kept(store: Store, run_id: str, kind: str, output: Path | None) -> None:
    """What a run keeps of one kind, as it is or, on a terminal, made harmless."""
    names = [item.name for item in store.contents.list(run_id) if item.kind == kind]
    data = store.contents.get(run_id, kind, names[0] if names else "")
    with out.output(output) as stream:
        if stream.isatty():
            stream.write(clean_block(data.decode("utf-8", "replace")))
        else:
            stream.flush()
            stream.buffer.write(data)


def write_sections(store: Store, run: Run, output_format: Format, stream: TextIO) -> None:
    """A run as tables, one under the other."""
    for index, section in enumerate(sections(store, run)):
        stream.write("\n" if index else "")
        first = section.titles[0]
        columns = [
            Column(title, title in section.right, _STYLES.get((first, title), ""))
            for title in section.titles
        ]
        if output_format is Format.MD:
            out.write_markdown(columns, section.rows, stream)
        else:
            out.write_table(columns, section.rows, stream)


_STYLES = {
    ("attribute", "value"): "bold",
    ("param", "value"): "bold",
    ("metric", "last"): "bold",
    ("data", "data"): "bold",
    ("data", "digest"): "dim",
    ("kept", "kept"): "bold",
}
"""Rich's, by a section's first title and the column's."""
