"""The line of titles above a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tuiflow.filters import OrderKey
from tuiflow.tui.cells import cut_middle
from tuiflow.tui.widgets.columns import Column, arrow
from tuiflow.tui.widgets.sheet import GAP, Sheet


def title_line(
    sheet: Sheet,
    orders: Sequence[OrderKey],
    cells: tuple[int, int, int],
    plain: Style,
    here: Style,
    ordered: Style,
) -> Strip:
    """Titles over their columns; an arrow at the one sorted by, numbered where there are several.

    `cells` are those before the columns, for them, and after them, where `›` says that there are
    more than fit; `‹` says so on the left, and `│` ends the pinned columns.
    """
    lead, room, after_all = cells
    width = lead + room + after_all
    shown = sheet.shown(room)
    segments = [Segment(" " * lead, plain)]
    for col in shown:
        mark = _mark(orders, col)
        more = max(len(mark) - 1, 0)  # a number takes its cell from the title
        text = cut_middle(col.title, sheet.width(col) - more)
        space = sheet.width(col) - more - cell_len(text)
        style = ordered if mark else plain
        if col is sheet.column:
            style += here
        before, after = (space, 0) if sheet.is_right(col) else (0, space)
        segments += [
            Segment(" " * before, plain),
            Segment(text, style),
            Segment(f"{mark:<{after + more + GAP}}", ordered),
        ]
    line = Strip(segments).adjust_cell_length(width, plain)
    fixed = sheet.fixed(room)
    edge = lead + sum(sheet.width(col) + GAP for col in shown[:fixed]) - GAP
    hidden = sheet.first > fixed
    if shown and (hidden or fixed > 1):
        line = _overlay(line, edge + GAP - 1, "‹" if hidden else "│", plain)
    if shown and shown[-1] is not sheet.columns[-1]:
        line = _overlay(line, width - 1, "›", plain)
    return line


def _mark(orders: Sequence[OrderKey], col: Column) -> str:
    """`↑`, or `↑2` where the column is the second one of several that are sorted by."""
    for place, order in enumerate(orders, 1):
        if order.key == col.key:
            return arrow(order, col) + (str(place) if len(orders) > 1 else "")
    return ""


def _overlay(line: Strip, x: int, text: str, style: Style) -> Strip:
    size = line.cell_length
    return Strip.join([line.crop(0, x), Strip([Segment(text, style)]), line.crop(x + 1, size)])
