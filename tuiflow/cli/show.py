"""`tuiflow show`: one run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TextIO

import typer

from tuiflow.cli import output as out
from tuiflow.cli.options import FormatOption, OutputOption, RunArgument, StoreOption, open_existing
from tuiflow.cli.output import Column, Format
from tuiflow.entities import TAG_MODELS, TAG_NOTE, Run
from tuiflow.store import Store, now_ms
from tuiflow.store.export import run_record, write_csv
from tuiflow.text import MISSING, clean_block, duration, moment, number, size


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
    info, now = run.info, now_ms()
    facts = [
        ["run", info.run_id],
        ["name", info.run_name],
        ["experiment", info.experiment_name],
        ["status", info.shown_status],
        ["user", info.user_id],
        ["started", moment(info.start_time)],
        ["took", duration(run.info.took(now))],
        ["host", f"{info.process.host} (pid {info.process.pid})" if info.process else MISSING],
        ["artifacts", info.artifact_uri],
        *([["models", ", ".join(run.model_paths)]] if run.model_paths else []),
        *([["note", run.note]] if run.note else []),
        *([["lifecycle", info.lifecycle_stage]] if info.lifecycle_stage != "active" else []),
    ]
    metrics = [
        [item.key, number(item.value, 6), number(item.min, 6), number(item.max, 6),
         str(item.step), str(item.count)]
        for item in store.metric_summaries(info.run_id)
    ]  # fmt: skip
    hidden = (TAG_NOTE, TAG_MODELS)
    sections = [
        ([Column("attribute"), Column("value", style="bold")], facts),
        ([Column("param"), Column("value", style="bold")], _pairs(run.data.params)),
        (
            [
                Column("metric"),
                Column("last", right=True, style="bold"),
                *(Column(title, right=True) for title in ("min", "max", "step", "points")),
            ],
            metrics,
        ),
        (
            [
                Column("data", style="bold"),
                Column("context"),
                Column("rows", right=True),
                Column("digest", style="dim"),
                Column("source"),
            ],
            [
                [
                    item.dataset.name,
                    item.context or MISSING,
                    _count(item.dataset.rows),
                    item.dataset.digest,
                    item.dataset.place,
                ]
                for item in run.inputs.dataset_inputs
            ],
        ),
        (
            [Column("tag"), Column("value")],
            [pair for pair in _pairs(run.data.tags) if pair[0] not in hidden],
        ),
        (
            [Column("kept", style="bold"), Column("name"), Column("size", right=True)],
            [
                [item.kind, item.name or MISSING, size(item.size)]
                for item in store.contents.list(info.run_id)
            ],
        ),
        (
            [Column("artifact"), Column("size", right=True)],
            [
                [item.path + ("/" if item.is_dir else ""), size(item.file_size)]
                for item in store.list_artifacts(info.run_id)
            ],
        ),
    ]
    first = True
    for columns, rows in sections:
        if not rows:
            continue
        if not first:
            stream.write("\n")
        first = False
        if output_format is Format.MD:
            out.write_markdown(columns, rows, stream)
        else:
            out.write_table(columns, rows, stream)


def _count(value: int | None) -> str:
    return MISSING if value is None else f"{value:,}"


def _pairs(values: Mapping[str, str]) -> list[list[str]]:
    return [[key, value] for key, value in sorted(values.items())]
