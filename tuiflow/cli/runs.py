"""`tuiflow runs`, `experiments` and `show`: what is in the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TextIO

import typer

from tuiflow.cli import output as out
from tuiflow.cli.options import (
    FormatOption,
    OutputOption,
    StoreOption,
    experiment_ids,
    open_existing,
)
from tuiflow.cli.output import Column, Format
from tuiflow.entities import TAG_MODELS, TAG_NOTE, Run, ViewType
from tuiflow.filters import parse_filter, parse_order
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, now_ms
from tuiflow.store.export import experiment_record, run_record, write_csv
from tuiflow.text import (
    MISSING,
    STATUS_GLYPHS,
    ago,
    duration,
    moment,
    number,
    number_column,
    shorten_middle,
    size,
)

SHOWN_COLUMNS = 12
"""Metrics and params that a table shows; the rest is for --format csv and json."""


def register(app: typer.Typer) -> None:
    app.command("runs")(runs)
    app.command("experiments")(experiments)
    app.command("show")(show)


def runs(
    experiment: Annotated[
        list[str] | None,
        typer.Option("--experiment", "-x", metavar="NAME", help="Only these (repeatable)."),
    ] = None,
    filter_text: Annotated[
        str, typer.Option("--filter", "-f", metavar="FILTER", help="Such as metrics.rmse < 0.8")
    ] = "",
    sort: Annotated[
        list[str] | None,
        typer.Option("--sort", "-s", metavar="KEY", help="Such as 'metrics.rmse DESC'."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="At most this many; 0: all.")
    ] = 100,
    deleted: Annotated[bool, typer.Option("--deleted", help="Show the deleted ones.")] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """List runs, newest first, or as filtered and sorted."""
    opened = open_existing(store)
    query = RunQuery(
        experiment_ids(opened, experiment),
        parse_filter(filter_text, known=opened.key_names().keys()),
        parse_order(sort or []),
        ViewType.DELETED_ONLY if deleted else ViewType.ACTIVE_ONLY,
    )
    keys = opened.search_keys(query, limit or None)
    with out.output(output) as stream:
        if output_format is Format.CSV:
            write_csv(opened, keys, out.as_text(stream))
        elif output_format is Format.JSON:
            out.write_json([run_record(run) for run in opened.load_runs(keys)], stream)
        else:
            _write_runs(opened.load_runs(keys), output_format, stream)
            if limit and len(keys) == limit and output is None and out.is_terminal(stream):
                total = opened.count_runs(query)
                if total > limit:
                    typer.echo(f"{limit} of {total:,} runs; --limit 0 shows all.", err=True)


def _write_runs(found: list[Run], output_format: Format, stream: TextIO) -> None:
    several = len({run.info.experiment_id for run in found}) > 1
    metrics = sorted({name for run in found for name in run.data.metrics})
    params = sorted({name for run in found for name in run.data.params})
    if output_format is Format.TABLE and out.is_terminal(stream):
        metrics = metrics[:SHOWN_COLUMNS]
        params = params[: max(SHOWN_COLUMNS - len(metrics), 0)]
    columns = [
        Column("run", style="dim"),
        Column("name", style="bold"),
        *([Column("experiment")] if several else []),
        Column("status"),
        Column("age", right=True),
        Column("took", right=True),
        *(Column(shorten_middle(name, 24), right=True, style="cyan") for name in metrics),
        *(Column(shorten_middle(name, 24), right=True) for name in params),
    ]
    now = now_ms()
    numbers = [number_column(run.data.metrics.get(name) for run in found) for name in metrics]
    rows = [
        [
            run.info.run_id[:8],
            run.info.run_name,
            *([run.info.experiment_name] if several else []),
            f"{STATUS_GLYPHS[run.info.shown_status]} {run.info.shown_status.lower()}",
            ago(run.info.start_time, now),
            duration(run.info.took(now)),
            *(column[index] for column in numbers),
            *(run.data.params.get(name, MISSING) for name in params),
        ]
        for index, run in enumerate(found)
    ]
    if output_format is Format.MD:
        out.write_markdown(columns, rows, stream)
    elif rows:
        out.write_table(columns, rows, stream)
    else:
        typer.echo("No runs match.", err=True)


def experiments(
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """List experiments and how many runs they have."""
    opened = open_existing(store)
    counts = opened.experiment_counts()
    found = [item for item in opened.list_experiments() if item.experiment_id in counts]
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
            str(counts[item.experiment_id].active),
            str(counts[item.experiment_id].running or MISSING),
            ago(item.last_update_time, now),
        ]
        for item in found
    ]
    records = [experiment_record(item, counts[item.experiment_id]) for item in found]
    with out.output(output) as stream:
        if output_format is Format.JSON:
            out.write_json(records, stream)
        elif output_format is Format.CSV:
            out.write_csv_rows(list(records[0]), [list(row.values()) for row in records], stream)
        elif output_format is Format.MD:
            out.write_markdown(columns, rows, stream)
        else:
            out.write_table(columns, rows, stream)


def show(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Id, unique prefix, name, latest or best:METRIC.")
    ],
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """Show one run: attributes, params, metrics, tags and artifacts."""
    opened = open_existing(store)
    found = opened.get_run(opened.resolve_run(run))
    with out.output(output) as stream:
        if output_format is Format.JSON:
            out.write_json(run_record(found), stream)
        elif output_format is Format.CSV:
            write_csv(opened, [opened.row_key(found.info.run_id)], out.as_text(stream))
        else:
            _write_sections(opened, found, output_format, stream)


def _write_sections(store: Store, run: Run, output_format: Format, stream: TextIO) -> None:
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
            [Column("tag"), Column("value")],
            [pair for pair in _pairs(run.data.tags) if pair[0] not in hidden],
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


def _pairs(values: Mapping[str, str]) -> list[list[str]]:
    return [[key, value] for key, value in sorted(values.items())]
