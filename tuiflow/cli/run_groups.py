"""`tuiflow runs group`: runs by what they have of a key, with the spread of their metrics."""

from __future__ import annotations

from typing import Annotated

import typer

from tuiflow.cli import completion
from tuiflow.cli import output as out
from tuiflow.cli.options import (
    ExperimentsOption,
    FilterOption,
    FormatOption,
    OutputOption,
    StoreOption,
    experiment_ids,
    open_existing,
)
from tuiflow.cli.output import Column, Format
from tuiflow.cli.selecting import unknown_keys
from tuiflow.errors import InvalidInput
from tuiflow.filters import Key, parse_filter, parse_order
from tuiflow.filters.tree import Kind, Measure
from tuiflow.protocols import KeyNames, RunQuery
from tuiflow.store.export import json_number, json_value
from tuiflow.store.groups import Grouping, Spread
from tuiflow.text import MISSING, clean, did_you_mean, exact, number_column

SHOWN_METRICS = 4
"""Metrics that are summed up where none is named: those that most runs have."""
_PARTS = ("mean", "min", "max")


def register(app: typer.Typer) -> None:
    app.command("group")(group)


def group(
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY",
            help="Such as params.alpha, tags.team or status.",
            autocompletion=completion.sorts,
        ),
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help="A metric to sum up; may be repeated.",
            autocompletion=completion.metrics,
        ),
    ] = None,
    experiment: ExperimentsOption = None,
    filter_text: FilterOption = "",
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """Group runs by a key: how many have each value, and the spread of their metrics."""
    opened = open_existing(store)
    names = opened.key_names()
    known = names.keys()
    by = _key(key, known)
    node = parse_filter(filter_text, known=known)
    ids = experiment_ids(opened, experiment)
    chosen = _checked(metric, names) or tuple(opened.key_usage(ids).metrics)[:SHOWN_METRICS]
    measures = [Key(Kind.METRIC, name) for name in chosen]
    found = opened.group_runs(RunQuery(ids, node), by, measures)
    with out.output(output) as stream:
        if output_format is Format.JSON:
            out.write_json(_json(found, chosen), stream)
        elif output_format is Format.CSV:
            titles = [f"{name} {part}" for name in chosen for part in _PARTS]
            rows = [
                (
                    _csv(item.value),
                    item.runs,
                    *(n for spread in item.spreads for n in _numbers(spread)),
                )
                for item in found.groups
            ]
            out.write_csv_rows((str(by), "runs", *titles), rows, stream)
        else:
            columns, texts = _table(by, found, chosen)
            write = out.write_markdown if output_format is Format.MD else out.write_table
            if texts:
                write(columns, texts, stream)
    if not found.groups:
        typer.echo(f"No runs match.{unknown_keys(node, known)}", err=True)
    elif found.distinct > len(found.groups):
        typer.echo(f"The {len(found.groups):,} largest of {found.distinct:,} groups.", err=True)


def _key(text: str, known: tuple[Key, ...]) -> Key:
    keys = parse_order([text], known=known)
    if len(keys) != 1 or isinstance(keys[0].key, Measure) or keys[0].descending:
        raise InvalidInput(f"Runs are grouped by one key, such as params.alpha; not by {text!r}.")
    key = keys[0].key
    if key.kind in (Kind.PARAM, Kind.TAG, Kind.METRIC) and key not in known:
        hint = did_you_mean(str(key), map(str, known)) or "."
        raise InvalidInput(f"No run has {clean(str(key), 60)}{hint}")
    return key


def _checked(metrics: list[str] | None, names: KeyNames) -> tuple[str, ...]:
    for name in metrics or ():
        if name not in names.metrics:
            raise InvalidInput(
                f"No run has a metric {name!r}{did_you_mean(name, names.metrics) or '.'}"
            )
    return tuple(dict.fromkeys(metrics or ()))


def _numbers(spread: Spread | None) -> tuple[float | None, ...]:
    return (None,) * 3 if spread is None else (spread.mean, spread.minimum, spread.maximum)


def _table(
    by: Key, found: Grouping, metrics: tuple[str, ...]
) -> tuple[list[Column], list[list[str]]]:
    columns = [Column(clean(by.name, 40)), Column("runs", right=True)]
    cells: list[list[str]] = []
    for place, name in enumerate(metrics):
        numbers = [_numbers(item.spreads[place]) for item in found.groups]
        for part in range(len(_PARTS)):
            title = f"{name} {_PARTS[part]}" if part == 0 else _PARTS[part]
            columns.append(Column(title, right=True, style="cyan" if part == 0 else "dim"))
            cells.append(number_column(row[part] for row in numbers))
    rows = [
        [_value(item.value), f"{item.runs:,}", *(column[index] for column in cells)]
        for index, item in enumerate(found.groups)
    ]
    return columns, rows


def _value(value: float | str | None) -> str:
    if value is None:
        return MISSING
    return value if isinstance(value, str) else exact(value)


def _csv(value: float | str | None) -> str | None:
    return exact(value) if isinstance(value, float) else value


def _json(found: Grouping, metrics: tuple[str, ...]) -> dict[str, object]:
    return {
        "key": str(found.key),
        "distinct": found.distinct,
        "groups": [
            {
                "value": json_value(item.value),
                "runs": item.runs,
                "metrics": {
                    name: None
                    if spread is None
                    else {
                        "count": spread.count,
                        "mean": json_number(spread.mean),
                        "min": json_number(spread.minimum),
                        "max": json_number(spread.maximum),
                    }
                    for name, spread in zip(metrics, item.spreads, strict=True)
                },
            }
            for item in found.groups
        ],
    }
