"""What the table of runs looks like: virtual, and frugal with what it sends to the terminal.

It draws lines of a vector of row keys, holding only some pages of runs, and repaints for news from
the store only the lines that look different.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tuiflow.entities import Run
from tuiflow.errors import TuiflowError
from tuiflow.filters import OrderKey
from tuiflow.text import clean
from tuiflow.tui.cells import pad
from tuiflow.tui.found_runs import Found, position
from tuiflow.tui.reader import Asks
from tuiflow.tui.widgets import columns as cols
from tuiflow.tui.widgets.columns import Column
from tuiflow.tui.widgets.marks import Marks
from tuiflow.tui.widgets.pages import PAGE, Pages
from tuiflow.tui.widgets.sheet import Sheet
from tuiflow.tui.widgets.titles import title_line

LEAD = 4
"""Cells before the first column: cursor, mark, status, space."""
_SIGNS = {(False, False): " ", (True, False): "◆", (False, True): "▴", (True, True): "◈"}
"""What stands before a run, by whether it is marked and whether it is pinned."""
MORE = 2
"""Cells after the last column, for the sign that there are more."""
_DEEPEST = 6
"""Steps that a run is indented at most."""


class RunRows(ScrollView, Asks):
    """Shows runs under one line of titles, and where the cursor and the marks are.

    Give it row keys with `show` and columns with `set_columns`.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "run-table--title",
        "run-table--title-here",
        "run-table--title-sorted",
        "run-table--cursor",
        "run-table--cursor-blurred",
        "run-table--marked",
        "run-table--notice",
        "run-table--running",
        "run-table--finished",
        "run-table--failed",
        "run-table--killed",
        "run-table--stale",
        "run-table--scheduled",
    }

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pages = Pages(self._load)
        self.marks = Marks()
        self._sheet = Sheet()
        self.orders: tuple[OrderKey, ...] = ()
        self.found = Found(array("q"))
        """The rows; those that are shown for being pinned are in its `strangers`."""
        self.notice: tuple[str, ...] = ()
        """Lines shown where there are no rows."""
        self._cursor = 0
        self._wanted: int | None = None
        """The run one moved to last: the cursor goes back to it when it comes back."""
        self._shape: tuple[tuple[Column, ...], int] = ((), 1)
        self._window: tuple[tuple[int, int], list[tuple[Run | None, str]]] | None = None
        self._painted: dict[int, Strip] = {}

    def _load(self, keys: Sequence[int]) -> list[Run] | None:
        try:
            return self.store.load_runs(keys)
        except TuiflowError as error:
            self.app.fail(error)
            return None

    # what it shows

    @property
    def keys(self) -> array[int]:
        return self._pages.keys

    @property
    def order(self) -> OrderKey | None:
        """What the rows are sorted by first."""
        return self.orders[0] if self.orders else None

    @property
    def pinned(self) -> int:
        """How many rows stay on top when the others are scrolled: at most half of them."""
        return min(self.found.pinned, self._rows_high // 2)

    @property
    def row(self) -> int:
        """The cursor's row, from 0."""
        return self._cursor

    @property
    def run(self) -> Run | None:
        """The run under the cursor."""
        return self._pages.get(self._cursor)

    @property
    def column(self) -> Column | None:
        """The column under the cursor."""
        return self._sheet.column

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._sheet.columns

    @property
    def run_key(self) -> int | None:
        """The row key of the run under the cursor."""
        return self.keys[self._cursor] if self._cursor < len(self.keys) else None

    @property
    def branch(self) -> int | None:
        """The row key of the cursor's run if it has children here, else of its parent."""
        if self.run_key in self.found.branches:
            return self.run_key
        depth = self.found.depth(self._cursor)
        for row in range(self._cursor - 1, -1, -1) if depth else ():
            if self.found.depth(row) < depth:
                return self.keys[row]
        return None

    def first_page(self) -> list[Run]:
        """The runs of the first page, read where they aren't yet."""
        rows = range(min(PAGE, len(self.keys)))
        return [run for run in map(self._pages.get, rows) if run is not None]

    def set_columns(self, ids: Sequence[str], pinned: Sequence[str] = ()) -> None:
        """Show these columns, after the first one those that are `pinned`; ids that name none are
        left out."""
        stay = [item for item in pinned if item in ids and item != ids[0]]
        ordered = [*ids[:1], *stay, *(item for item in ids[1:] if item not in stay)]
        found = cols.told_apart([col for col in map(cols.column, ordered) if col is not None])
        if (found, 1 + len(stay)) != self._shape:
            self._shape = found, 1 + len(stay)
            self._sheet.set_columns(*self._shape)
            self._measure()
            self._sheet.scroll(self._room)
            self._repaint()

    def width_of(self, column: Column) -> int:
        """Cells of a column that is shown."""
        return self._sheet.width(column)

    def set_widths(self, widths: Mapping[str, int]) -> None:
        """Give columns these widths, by id; the others are as wide as their cells need."""
        self._sheet.set_widths(widths)
        self._sheet.scroll(self._room)
        self._repaint()

    def set_order(self, orders: Sequence[OrderKey]) -> None:
        """Mark the columns the rows are sorted by."""
        if tuple(orders) != self.orders:
            self.orders = tuple(orders)
            self._repaint_line(0)

    def show(self, found: Found, *, stay: bool = True) -> None:
        """Show these runs; the cursor stays on its run if it is still there.

        Without `stay` the cursor starts over at the top, and columns get new widths. Repaints only
        lines that look different.
        """
        keys = found.keys
        if not stay:
            self._sheet.forget_widths()
        old_key, old_row, old_top = self.run_key, self._cursor, self.scroll_offset.y
        at_start = old_top == 0
        self._pages.set_keys(keys)
        self.found = found
        row: int | None = 0
        if stay:
            row = position(keys, self._wanted)
            row = position(keys, old_key) if row is None else row
        else:
            self._wanted = None
        row = old_row if row is None else row
        self._cursor = max(min(row, len(keys) - 1), 0)
        self._window = None
        self._measure()
        self.virtual_size = Size(self._width, len(keys) + 1)
        if not (at_start and self._cursor < self._rows_high):
            self.scroll_to(y=self._cursor - (old_row - old_top), animate=False)
        self._scroll_to_cursor()
        self._repaint_changed()

    def reload(self) -> None:
        """Read the visible runs again and repaint the lines that look different."""
        self._pages.forget()
        self._window = None
        self._measure()
        self._repaint_changed()

    def set_notice(self, *lines: str) -> None:
        """What to say where there are no rows."""
        if lines != self.notice:
            self.notice = lines
            if not self.keys:
                self._repaint()

    # drawing

    @property
    def _width(self) -> int:
        """Cells of a line, without the scrollbar."""
        return self.scrollable_content_region.width

    @property
    def _room(self) -> int:
        """Cells for the columns."""
        return self._width - LEAD - MORE

    @property
    def _rows_high(self) -> int:
        return max(self.size.height - 1, 1)

    def render_line(self, y: int) -> Strip:
        strip = self._draw(y)
        self._painted[y] = strip
        return strip

    def _draw(self, y: int) -> Strip:
        width = self._width
        base = self.rich_style
        if not self.keys:
            text = self.notice[y - 1] if 0 <= y - 1 < len(self.notice) else ""
            notice = base + self.get_component_rich_style("run-table--notice", partial=True)
            return Strip([Segment(pad(f"  {text}", width), notice)], width)
        if y == 0:
            return self._draw_titles(width, base)
        row = self.row_at(y)
        if row >= len(self.keys):
            return Strip.blank(width, base)
        run, text = self._visible()[y - 1]
        style = base
        if row == self._cursor:
            name = "run-table--cursor" if self.has_focus else "run-table--cursor-blurred"
            style = base + self.get_component_rich_style(name, partial=True)
        marked = self.keys[row] in self.marks
        bar = "▌" if row == self._cursor else " "
        lead = f"{bar}{_SIGNS[marked, row < self.found.pinned]}"
        marking = self.get_component_rich_style("run-table--marked", partial=True)
        if run is None:
            return Strip([Segment(pad(f"{lead} not readable", width), style)], width)
        status = self.get_component_rich_style(
            f"run-table--{run.info.shown_status.lower()}", partial=True
        )
        rest = pad(" " + text, width - LEAD + 1)
        return Strip(
            [
                Segment(lead, style + marking if lead != "  " else style),
                Segment(cols.glyph(run), style + Style(color=status.color)),
                Segment(rest, style),
            ],
            width,
        )

    def _draw_titles(self, width: int, base: Style) -> Strip:
        styles = (
            base + self.get_component_rich_style(f"run-table--{name}", partial=True)
            for name in ("title", "title-here", "title-sorted")
        )
        return title_line(self._sheet, self.orders, (LEAD, self._room, MORE), *styles)

    def _visible(self) -> list[tuple[Run | None, str]]:
        """Runs and cell texts of the rows on screen, made once until something changes."""
        top = self.scroll_offset.y
        place = (top, self.size.height)
        if self._window is None or self._window[0] != place:
            self._window = (place, self._texts())
        return self._window[1]

    def row_at(self, y: int) -> int:
        """The row in line `y` of the table; the titles are in line 0."""
        return y - 1 if y <= self.pinned else self.scroll_offset.y + y - 1

    def _line_of(self, row: int) -> int | None:
        """The line a row is in, or would be; None where it is under the pinned ones."""
        if row < self.pinned:
            return row + 1
        y = row - self.scroll_offset.y + 1
        return y if y > self.pinned else None

    def _texts(self) -> list[tuple[Run | None, str]]:
        rows = [self.row_at(y) for y in range(1, self._rows_high + 1)]
        rows = [row for row in rows if row < len(self.keys)]
        runs = [self._pages.get(row) for row in rows]
        there = [run for run in runs if run is not None]
        names = self._names(zip(rows, runs, strict=True))
        lines = iter(self._sheet.lines(there, self._room, self.app.clock(), names))
        return [(run, next(lines) if run is not None else "") for run in runs]

    def _names(self, runs: Iterable[tuple[int, Run | None]]) -> dict[str, str]:
        """Names of nested runs, by run id: indented, and with the sign that they have children."""
        found, names = self.found, {}
        for row, run in runs if found.branches else ():
            depth, branch = found.depth(row), found.branches.get(self.keys[row])
            if run is None or row < self.found.pinned or not (depth or branch):
                continue
            name = clean(run.info.run_name, 200)
            if branch is not None:
                name = f"▸ {name} ({branch.children:,})" if branch.folded else f"▾ {name}"
            names[run.info.run_id] = "  " * min(depth, _DEEPEST) + name
        return names

    def _measure(self) -> None:
        runs = [self._pages.get(row) for row in range(min(PAGE, len(self.keys)))]
        names = self._names(enumerate(runs))
        self._sheet.measure([run for run in runs if run is not None], self.app.clock(), names)

    # repainting

    def _repaint(self) -> None:
        self._window = None
        self.refresh()

    def _repaint_line(self, y: int) -> None:
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self._width, 1))

    def _repaint_row(self, row: int) -> None:
        y = self._line_of(row)
        if y is not None:
            self._repaint_line(y)

    def _repaint_changed(self, lines: Iterable[int] | None = None) -> None:
        for y in range(self.size.height) if lines is None else lines:
            if self._draw(y) != self._painted.get(y):
                self._repaint_line(y)

    def tick(self) -> None:
        """Let the times of running runs go on; repaints only the lines where that shows."""
        self._window = None
        rows = [self._pages.get(self.row_at(y)) for y in range(1, self._rows_high + 1)]
        self._repaint_changed(
            y for y, run in enumerate(rows, 1) if run is not None and run.info.end_time is None
        )

    def on_resize(self, event: events.Resize) -> None:
        self.virtual_size = Size(self._width, len(self.keys) + 1)
        self._window = None
        self._scroll_to_cursor()
        self._sheet.scroll(self._room)

    def on_focus(self) -> None:
        self._repaint_row(self._cursor)

    def on_blur(self) -> None:
        self._repaint_row(self._cursor)

    def _scroll_to_cursor(self) -> None:
        top, pinned = self.scroll_offset.y, self.pinned
        last = top + self._rows_high - 1
        if self._cursor < pinned:
            return
        if self._cursor < top + pinned:
            self.scroll_to(y=self._cursor - pinned, animate=False)
        elif self._cursor > last:
            self.scroll_to(y=self._cursor - self._rows_high + 1, animate=False)
