"""`tuiflow why`: which params go with a metric over many runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from tuiflow import directions
from tuiflow.cli import completion
from tuiflow.cli import output as out
from tuiflow.cli.options import (
    ExperimentsOption,
    FilterOption,
    FormatOption,
    OutputOption,
    RunsArgument,
    StoreOption,
    experiment_ids,
    open_existing,
)
from tuiflow.cli.output import Column, Format
from tuiflow.cli.selecting import unknown_keys
from tuiflow.entities import Run
from tuiflow.errors import InvalidInput
from tuiflow.filters import parse_filter
from tuiflow.protocols import RunQuery
from tuiflow.store import Store
from tuiflow.text import clean, did_you_mean, number


def register(app: typer.Typer) -> None:
    app.command("why")(why)


def why(
    metric: Annotated[
        str, typer.Argument(metavar="METRIC", autocompletion=completion.metrics, help="Its name.")
    ],
    runs: RunsArgument = None,
    experiment: ExperimentsOption = None,
    filter_text: FilterOption = "",
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="At most this many params; 0: all.")
    ] = 10,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """List the params that go with a metric over many runs, the strongest first.

    A number is judged by Spearman's rank correlation with the metric's last value, a category by
    η², the share of the spread of the metric's ranks between its values. What chance gives is
    taken off before they are ordered, and nothing is told of fewer than 5 runs. That a param goes
    with a metric does not say that it is the cause.
    """
    from tuiflow.diff import associate, associations, why_json, why_lines

    opened = open_existing(store)
    known = opened.key_names()
    if metric not in known.metrics:
        hint = did_you_mean(metric, known.metrics) or "."
        raise InvalidInput(f"No run has a metric {metric!r}{hint}")
    if runs and (filter_text or experiment):
        raise InvalidInput("Name the runs, or select them with --filter and -x; not both.")
    node = parse_filter(filter_text, known=known.keys())
    if runs:
        lower = directions.direction(metric, opened.metric_directions())
        pairs = ((run.data.metrics.get(metric), run.data.params) for run in _named(opened, runs))
        result = associate(pairs, metric, lower, limit or None)
    else:
        query = RunQuery(experiment_ids(opened, experiment), node)
        result = associations(opened, query, metric, limit=limit or None)
    with out.output(output) as stream:
        if output_format is Format.JSON:
            out.write_json(why_json(result), stream)
        elif output_format is Format.CSV:
            items = [(i.param, i.n, i.share, i.rho, i.eta2) for i in result.items]
            out.write_csv_rows(("param", "n", "share", "rho", "eta2"), items, stream)
        elif output_format is Format.MD:
            columns = [Column("param"), *(Column(name, True) for name in ("n", "ρ", "η²"))]
            rows = [[i.param, f"{i.n}", number(i.rho, 2), number(i.eta2, 2)] for i in result.items]
            out.write_markdown(columns, rows, stream)
        else:
            stream.write(f"{clean(metric)} over {result.n:,} runs\n")
            stream.write("".join(f"  {line}\n" for line in why_lines(result)))
    if not result.n:
        typer.echo(f"No runs match.{unknown_keys(node, known.keys())}", err=True)


def _named(store: Store, names: list[str]) -> Iterator[Run]:
    for run_id in dict.fromkeys(store.resolve_run(name) for name in names):
        yield store.get_run(run_id)
