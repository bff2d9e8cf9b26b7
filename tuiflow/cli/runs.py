"""`tuiflow runs`: list runs; what changes them hangs on it."""

from __future__ import annotations

import sys
from typing import Annotated, TextIO

import typer

from tuiflow.cli import completion, run_changes, run_export, run_groups
from tuiflow.cli import output as out
from tuiflow.cli.options import (
    ExperimentsOption,
    FilterOption,
    FormatOption,
    OutputOption,
    StoreOption,
    experiment_ids,
    open_existing,
    remember_store,
)
from tuiflow.cli.output import Column, Format
from tuiflow.cli.selecting import unknown_keys
from tuiflow.entities import Run, ViewType
from tuiflow.errors import InvalidInput
from tuiflow.filters import parse_order
from tuiflow.store import now_ms
from tuiflow.store.export import run_record, write_csv
from tuiflow.store.views import View, query_of
from tuiflow.text import (
    MISSING,
    STATUS_GLYPHS,
    ago,
    duration,
    number_column,
    shorten_middle,
)

SHOWN_COLUMNS = 12
"""Metrics and params that a table shows; the rest is for --format csv and json."""


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    group = typer.Typer(help="List runs, or change them.")
    group.callback(invoke_without_command=True)(runs)
    run_changes.register(group)
    run_export.register(group)
    run_groups.register(group)
    app.add_typer(group, name="runs")


def runs(
    context: typer.Context,
    experiment: ExperimentsOption = None,
    filter_text: FilterOption = "",
    sort: Annotated[
        list[str] | None,
        typer.Option(
            "--sort",
            "-s",
            metavar="KEY",
            help="Such as 'metrics.rmse DESC'.",
            autocompletion=completion.sorts,
        ),
    ] = None,
    view: Annotated[
        str | None,
        typer.Option(
            "--view",
            metavar="NAME",
            help="A view saved in the app: its filter, order and columns.",
            autocompletion=completion.views,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="At most this many; 0: all.")
    ] = 100,
    deleted: Annotated[bool, typer.Option("--deleted", help="Show the deleted ones.")] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """List runs, newest first, or as filtered and sorted; or change them with a command."""
    if context.invoked_subcommand is not None:
        if filter_text or experiment or deleted or sort or view:
            raise InvalidInput(
                f"Select runs after the command: tuiflow runs {context.invoked_subcommand} --filter"
                " ..."
            )
        if store is not None:
            remember_store(store)
        return
    opened = open_existing(store)
    known = opened.key_names().keys()
    seen = View() if view is None else opened.views.get(view)
    query = query_of(
        seen,
        experiment_ids(opened, experiment),
        filter_text,
        parse_order(sort or [], known),
        ViewType.DELETED_ONLY if deleted else ViewType.ACTIVE_ONLY,
        known,
    )
    keys = opened.search_keys(query, min(limit, sys.maxsize) or None)
    with out.output(output) as stream:
        if output_format is Format.CSV:
            write_csv(opened, keys, out.as_text(stream))
        elif output_format is Format.JSON:
            out.write_json([run_record(run) for run in opened.load_runs(keys)], stream)
        else:
            _write_runs(opened.load_runs(keys), seen.columns, output_format, stream)
            if not keys:
                typer.echo(f"No runs match.{unknown_keys(query.filter, known)}", err=True)
            if limit and len(keys) == limit and output is None and out.is_terminal(stream):
                total = opened.count_runs(query)
                if total > limit:
                    typer.echo(f"{limit} of {total:,} runs; --limit 0 shows all.", err=True)


def _write_runs(
    found: list[Run], shown: tuple[str, ...] | None, output_format: Format, stream: TextIO
) -> None:
    several = len({run.info.experiment_id for run in found}) > 1
    tags: list[str] = []
    if shown is not None:
        metrics, params, tags = (
            [name.removeprefix(kind) for name in shown if name.startswith(kind)]
            for kind in ("metrics.", "params.", "tags.")
        )
    else:
        metrics = sorted({name for run in found for name in run.data.metrics})
        params = sorted({name for run in found for name in run.data.params})
    if shown is None and output_format is Format.TABLE and out.is_terminal(stream):
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
        *(Column(shorten_middle(name, 24), right=True) for name in (*params, *tags)),
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
            *(run.data.tags.get(name, MISSING) for name in tags),
        ]
        for index, run in enumerate(found)
    ]
    if output_format is Format.MD:
        out.write_markdown(columns, rows, stream)
    elif rows:
        out.write_table(columns, rows, stream)
