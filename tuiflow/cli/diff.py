"""`tuiflow diff`: what differs between runs."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from tuiflow.cli import completion
from tuiflow.cli import output as out
from tuiflow.cli.options import FormatOption, OutputOption, StoreOption, open_existing
from tuiflow.cli.output import Column, Format
from tuiflow.errors import InvalidInput
from tuiflow.store import Store
from tuiflow.text import clean, did_you_mean

if TYPE_CHECKING:
    from tuiflow.diff import CellText, Comparison


class Value(StrEnum):
    """What counts of a metric with a history."""

    LAST = "last"
    MIN = "min"
    MAX = "max"
    BEST = "best"


DIRECTIONS = {"lower": True, "higher": False, "guess": None}

LEAD_WIDTH = 32
RUN_WIDTH = 28
"""Width of a run's column on a terminal below which fewer runs stand side by side."""
VALUE_WIDTH = 60
"""Characters of a value that a table shows; CSV and JSON hold it whole."""


def register(app: typer.Typer) -> None:
    app.command("diff")(diff)


def diff(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN",
            help="Ids, unique prefixes, names, latest, best:METRIC.",
            autocompletion=completion.runs,
        ),
    ],
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            "-b",
            metavar="RUN",
            help="Measured against; else the first.",
            autocompletion=completion.runs,
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="METRIC",
            help="Chooses the best run; else one that they share.",
            autocompletion=completion.metrics,
        ),
    ] = None,
    value: Annotated[
        Value, typer.Option("--value", help="What counts of a metric with a history.")
    ] = Value.LAST,
    direction: Annotated[
        list[str] | None,
        typer.Option(
            "--direction",
            metavar="METRIC=lower|higher|guess",
            help="Which way a metric is better; remembered in the store (repeatable).",
        ),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", metavar="NAME", help="Only this file of the code or artifact, as a diff."
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Equal rows, too.")] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """Compare runs: metrics with Δ and better or worse, params, code, environment, data, models,
    tags and artifacts.

    Metrics count by their last value, or as --value says. Code is compared by the commits, where a
    repository of yours here has them, and by what each run has recorded of its uncommitted changes.
    """
    from tuiflow.diff import Measure, compare, render_csv, render_markdown, to_json

    if file is not None and output_format is not Format.TABLE:
        raise InvalidInput("--file prints a unified diff; leave --format out.")
    opened = open_existing(store)
    ids = [opened.resolve_run(text) for text in runs]
    against = None if baseline is None else opened.resolve_run(baseline)
    told = [_parsed(opened, text) for text in direction or ()]
    if by is not None:
        _check_metric(opened, by)
    for metric, lower in told:
        opened.set_metric_direction(metric, lower)
    comparison = compare(opened, ids, against, by, Measure(value.value))
    with out.output(output) as stream:
        if file is not None:
            _write_file(opened, comparison, file, stream)
        elif output_format is Format.JSON:
            out.write_json(to_json(comparison), stream)
        elif output_format is Format.CSV:
            out.as_text(stream).write(render_csv(comparison))
        elif output_format is Format.MD:
            stream.write(render_markdown(comparison, everything))
        else:
            _write_table(comparison, everything, stream)


def _parsed(store: Store, text: str) -> tuple[str, bool | None]:
    metric, _, way = text.rpartition("=")
    if not metric or way not in DIRECTIONS:
        raise InvalidInput(
            f"{text!r} is no direction; write METRIC=lower, METRIC=higher, or METRIC=guess to go by"
            " the name again."
        )
    _check_metric(store, metric)
    return metric, DIRECTIONS[way]


def _check_metric(store: Store, metric: str) -> None:
    metrics = store.key_names().metrics
    if metric not in metrics:
        raise InvalidInput(f"No run has a metric {metric!r}{did_you_mean(metric, metrics) or '.'}")


def _write_file(store: Store, comparison: Comparison, name: str, stream: TextIO) -> None:
    """What each run has changed in a file, as a patch."""
    from tuiflow.diff import column_names, read_detail

    known = {
        row.key: section
        for section in ("artifacts", "model", "code")
        for row in comparison.section(section).rows
        if row.opens
    }
    if name not in known:
        raise InvalidInput(
            f"No file {name!r} of the code differs, and it is no artifact"
            f"{did_you_mean(name, known) or '.'}"
        )
    first, *names = column_names(comparison.runs)
    for run, other in zip(comparison.runs[1:], names, strict=True):
        detail = read_detail(store, comparison, known[name], name, run.run_id)
        shown = clean(name)
        lines = [f"--- {first}/{shown}", f"+++ {other}/{shown}", *map(clean, detail.lines)]
        if not detail.lines:
            lines = [f"{other}: {detail.note}"]
        _write_lines(lines, stream)


def _write_lines(lines: list[str], stream: TextIO) -> None:
    if not out.is_terminal(stream):
        stream.write("\n".join(lines) + "\n")
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    for line in lines:
        console.print(Text(line, style=_LINE_STYLES.get(line[:1], "")), soft_wrap=True)


_LINE_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def _write_table(comparison: Comparison, everything: bool, stream: TextIO) -> None:
    from tuiflow.diff import LEGEND, column_names, commit_log, folded, label, row_texts, why_lines

    first, *others = column_names(comparison.runs)
    heads = ["", f"{first} (baseline)", *others]
    lines: list[tuple[str, list[CellText]]] = []
    equal = []
    for section in comparison.sections:
        rows = section.rows if everything else section.different
        if rows:
            lines.append((section.name, []))
        lines += [(f"  {label(row.key)}", row_texts(row, VALUE_WIDTH)) for row in rows]
        if section.equal and not everything:
            equal.append(f"{section.name} {folded(section)}")
    below = []
    for owner, log in commit_log(comparison):
        below += [f"commits of {owner}", *(f"  {line}" for line in log)]
    if comparison.why is not None:
        below.append(f"what goes with {clean(comparison.why.metric, 60)}")
        below += [f"  {line}" for line in why_lines(comparison.why)]
    foot = [*equal, *comparison.notes, LEGEND]
    if out.is_terminal(stream):
        _write_rich(comparison.summary, heads, lines, below, foot, stream)
        return
    stream.write(f"{comparison.summary}\n\n")
    out.write_table(
        [Column(head, verbatim=True) for head in heads],
        [_filled(key, [cell.line() for cell in cells], len(heads)) for key, cells in lines],
        stream,
    )
    for part in (below, foot):
        if part:
            stream.write("\n" + "\n".join(part) + "\n")


def _filled(key: str, cells: list[str], count: int) -> list[str]:
    return [key, *cells, *[""] * (count - 1 - len(cells))]


def _write_rich(
    summary: str,
    heads: list[str],
    lines: list[tuple[str, list[CellText]]],
    below: list[str],
    foot: list[str],
    stream: TextIO,
) -> None:
    """The runs that fit beside the baseline, then the next ones under them."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    lead = min(max(cell_len(key) for key, _ in lines), LEAD_WIDTH)
    room = console.width - lead
    beside = max(room // (RUN_WIDTH + _GAP) - 1, 1)
    console.print(Text(summary, style="bold"))
    for start in range(2, len(heads), beside):
        shown = [1, *range(start, min(start + beside, len(heads)))]
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("", width=lead, no_wrap=True, overflow="ellipsis")
        for index in shown:
            table.add_column(
                Text(heads[index]),
                no_wrap=True,
                overflow="ellipsis",
                max_width=max(room // len(shown) - _GAP, 1),
            )
        for key, cells in lines:
            texts = [
                Text(cells[index - 1].line(), style=_STYLES.get(cells[index - 1].mark, ""))
                for index in shown
                if cells
            ]
            table.add_row(Text(key, style="" if cells else "bold cyan"), *texts)
        console.print("", table, sep="\n")
    if below:
        console.print("", Text("\n".join(below)), sep="\n")
    console.print("", Text("\n".join(foot), style="dim"), sep="\n")


_GAP = 2
_STYLES = {"▲": "green", "▼": "red", "≠": "yellow", "+": "yellow", "-": "yellow"}
