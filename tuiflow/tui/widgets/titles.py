"""The line of titles above a table."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tuiflow.filters import OrderKey
from tuiflow.tui.cells import cut_middle
from tuiflow.tui.widgets.sheet import GAP, Sheet


def title_line(
    sheet: Sheet,
    order: OrderKey | None,
    cells: tuple[int, int, int],
    plain: Style,
    here: Style,
    ordered: Style,
) -> Strip:
    """Titles over their columns; an arrow at the one sorted by.

    `cells` are those before the columns, for them, and after them, where `›` says that there are
    more than fit; `‹` says so on the left.
    """
    lead, room, after_all = cells
    width = lead + room + after_all
    shown = sheet.shown(room)
    segments = [Segment(" " * lead, plain)]
    for col in shown:
        arrow = ""
        if order is not None and order.key == col.key:
            arrow = "↓" if order.descending else "↑"
        text = cut_middle(col.title, sheet.width(col))
        space = sheet.width(col) - cell_len(text)
        style = ordered if arrow else plain
        if col is sheet.column:
            style += here
        before, after = (space, 0) if sheet.is_right(col) else (0, space)
        segments += [
            Segment(" " * before, plain),
            Segment(text, style),
            Segment(f"{arrow:<{after + GAP}}", ordered),
        ]
    line = Strip(segments).adjust_cell_length(width, plain)
    if shown and sheet.first > 1:
        line = _overlay(line, lead + sheet.width(shown[0]), "‹", plain)
    if shown and shown[-1] is not sheet.columns[-1]:
        line = _overlay(line, width - 1, "›", plain)
    return line


def _overlay(line: Strip, x: int, text: str, style: Style) -> Strip:
    size = line.cell_length
    return Strip.join([line.crop(0, x), Strip([Segment(text, style)]), line.crop(x + 1, size)])
