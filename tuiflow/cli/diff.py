"""`tuiflow diff`: what differs between runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from tuiflow.cli import completion
from tuiflow.cli import output as out
from tuiflow.cli.options import FormatOption, OutputOption, StoreOption, open_existing
from tuiflow.cli.output import Column, Format

if TYPE_CHECKING:
    from tuiflow.diff import CellText, Comparison

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
    everything: Annotated[bool, typer.Option("--all", "-a", help="Equal rows, too.")] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """Compare runs: metrics with Δ and better or worse, params, tags, artifacts."""
    from tuiflow.diff import compare, render_csv, render_markdown, to_json

    opened = open_existing(store)
    ids = [opened.resolve_run(text) for text in runs]
    against = None if baseline is None else opened.resolve_run(baseline)
    comparison = compare(opened, ids, against)
    with out.output(output) as stream:
        if output_format is Format.JSON:
            out.write_json(to_json(comparison), stream)
        elif output_format is Format.CSV:
            out.as_text(stream).write(render_csv(comparison))
        elif output_format is Format.MD:
            stream.write(render_markdown(comparison, everything))
        else:
            _write_table(comparison, everything, stream)


def _write_table(comparison: Comparison, everything: bool, stream: TextIO) -> None:
    from tuiflow.diff import LEGEND, column_names, folded, label, row_texts

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
    foot = [*equal, *comparison.notes, LEGEND]
    if out.is_terminal(stream):
        _write_rich(comparison.summary, heads, lines, foot, stream)
        return
    stream.write(f"{comparison.summary}\n\n")
    out.write_table(
        [Column(head, verbatim=True) for head in heads],
        [_filled(key, [cell.line() for cell in cells], len(heads)) for key, cells in lines],
        stream,
    )
    stream.write("\n" + "\n".join(foot) + "\n")


def _filled(key: str, cells: list[str], count: int) -> list[str]:
    return [key, *cells, *[""] * (count - 1 - len(cells))]


def _write_rich(
    summary: str,
    heads: list[str],
    lines: list[tuple[str, list[CellText]]],
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
    console.print("", Text("\n".join(foot), style="dim"), sep="\n")


_GAP = 2
_STYLES = {"▲": "green", "▼": "red", "≠": "yellow", "+": "yellow", "-": "yellow"}
