"""The table of runs: virtual, and frugal with what it sends to the terminal.

It draws lines of a vector of row keys, holding only some pages of runs; a cursor move repaints
two lines, and news from the store only the lines that look different.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tuiflow.entities import Run
from tuiflow.filters import Kind, OrderKey
from tuiflow.tui.actions import bindings
from tuiflow.tui.cells import cut_middle, pad
from tuiflow.tui.reader import Asks
from tuiflow.tui.widgets import columns as cols
from tuiflow.tui.widgets.columns import Column
from tuiflow.tui.widgets.marks import Marks
from tuiflow.tui.widgets.pages import PAGE, Pages

GAP = 2
LEAD = 4
"""Cells before the first column: cursor, mark, status, space."""


class RunTable(ScrollView, Asks, can_focus=True):
    """Rows of runs under one line of titles.

    Give it `columns`, then `show(keys)`. Cursor and marks stay on their runs when the keys change.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("lists")]
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

    class Moved(Message):
        """The cursor is on another run, or on another column."""

    class Marked(Message):
        """Other runs are marked than before."""

    class Opened(Message):
        """The run under the cursor should be opened."""

    class TitleClicked(Message):
        """Somebody clicked the title of the cursor's column."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._pages = Pages(lambda keys: self.store.load_runs(keys))
        self.marks = Marks()
        self.columns: tuple[Column, ...] = ()
        self.order: OrderKey | None = None
        self.notice: tuple[str, ...] = ()
        """Lines shown where there are no rows."""
        self._cursor = 0
        self._place = 0
        self._first = 1
        self._widths: dict[str, int] = {}
        self._right: dict[str, bool] = {}
        self._window: tuple[tuple[int, int], list[tuple[Run | None, str]]] | None = None
        self._painted: dict[int, Strip] = {}

    # what it shows

    @property
    def keys(self) -> array[int]:
        return self._pages.keys

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
        return self.columns[self._place] if self._place < len(self.columns) else None

    @property
    def run_key(self) -> int | None:
        """The row key of the run under the cursor."""
        return self.keys[self._cursor] if self._cursor < len(self.keys) else None

    def first_page(self) -> list[Run]:
        """The runs of the first page, read where they aren't yet."""
        rows = range(min(PAGE, len(self.keys)))
        return [run for run in map(self._pages.get, rows) if run is not None]

    def set_columns(self, ids: Sequence[str]) -> None:
        """Show these columns; ids that name none are left out."""
        found = tuple(col for col in map(cols.column, ids) if col is not None)
        if found == self.columns:
            return
        here = self.column
        self.columns = found
        self._place = found.index(here) if here in found else 0
        self._first = 1
        self._measure()
        self._scroll_to_column()
        self._repaint()

    def set_order(self, order: OrderKey | None) -> None:
        """Mark the column the rows are sorted by."""
        if order != self.order:
            self.order = order
            self._repaint_line(0)

    def show(self, keys: array[int], *, stay: bool = True) -> None:
        """Show the runs of these row keys; the cursor stays on its run if it is still there.

        Without `stay` it starts over at the top, and columns get new widths. Repaints only lines
        that look different.
        """
        if not stay:
            self._widths.clear()
        old_key, old_row, old_top = self.run_key, self._cursor, self.scroll_offset.y
        at_start = old_top == 0
        self._pages.set_keys(keys)
        row = 0
        if stay and old_key is not None:
            row = _find(keys, old_key, old_row)
        self._cursor = max(min(row, len(keys) - 1), 0)
        self._window = None
        self._measure()
        self.virtual_size = Size(self._width, len(keys) + 1)
        if not (at_start and self._cursor < self._rows_high):
            self.scroll_to(y=self._cursor - (old_row - old_top), animate=False)
        self._scroll_to_cursor()
        self._repaint_changed()
        if self.run_key != old_key:
            self.post_message(self.Moved())

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
        row = self.scroll_offset.y + y - 1
        if row >= len(self.keys):
            return Strip.blank(width, base)
        run, text = self._visible()[y - 1]
        style = base
        if row == self._cursor:
            name = "run-table--cursor" if self.has_focus else "run-table--cursor-blurred"
            style = base + self.get_component_rich_style(name, partial=True)
        marked = self.keys[row] in self.marks
        bar = "▌" if row == self._cursor else " "
        lead = f"{bar}{'◆' if marked else ' '}"
        marking = self.get_component_rich_style("run-table--marked", partial=True)
        if run is None:
            return Strip([Segment(pad(f"{lead} gone", width), style)], width)
        status = self.get_component_rich_style(
            f"run-table--{run.info.shown_status.lower()}", partial=True
        )
        rest = pad(" " + text, width - LEAD + 1)
        return Strip(
            [
                Segment(lead, style + marking if marked or bar != " " else style),
                Segment(cols.glyph(run), style + Style(color=status.color)),
                Segment(rest, style),
            ],
            width,
        )

    def _draw_titles(self, width: int, base: Style) -> Strip:
        title, here, ordered = (
            base + self.get_component_rich_style(f"run-table--{name}", partial=True)
            for name in ("title", "title-here", "title-sorted")
        )
        shown = self._shown_columns()
        segments = [Segment(" " * LEAD, title)]
        for col in shown:
            by_this = self.order is not None and self.order.key == col.key
            arrow = ""
            if by_this and self.order is not None:
                arrow = "↓" if self.order.descending else "↑"
            size = self._widths[col.id]
            text = cut_middle(col.title, size)
            space = size - cell_len(text)
            style = ordered if by_this else title
            if col is self.column:
                style += here
            before, after = (space, 0) if self._right[col.id] else (0, space)
            segments += [
                Segment(" " * before, title),
                Segment(text, style),
                Segment(f"{arrow:<{after + GAP}}", ordered),
            ]
        more = self.columns.index(shown[-1]) < len(self.columns) - 1 if shown else False
        line = Strip(segments).adjust_cell_length(width, title)
        if self._first > 1 and shown:
            at = LEAD + self._widths[shown[0].id]
            line = _overlay(line, at, "‹", title)
        return _overlay(line, width - 1, "›", title) if more else line

    def _shown_columns(self) -> list[Column]:
        """The first column, which stays, and as many whole ones as fit from `_first` on."""
        room = self._width - LEAD
        shown: list[Column] = []
        for col in [*self.columns[:1], *self.columns[max(self._first, 1) :]]:
            room -= self._widths[col.id]
            if room < 0 and len(shown) > 1:
                break
            shown.append(col)
            room -= GAP
        return shown

    def _visible(self) -> list[tuple[Run | None, str]]:
        """Runs and cell texts of the rows on screen, made once until something changes."""
        top = self.scroll_offset.y
        place = (top, self.size.height)
        if self._window is None or self._window[0] != place:
            self._window = (place, self._texts(top, self._rows_high))
        return self._window[1]

    def _texts(self, top: int, count: int) -> list[tuple[Run | None, str]]:
        runs = [self._pages.get(row) for row in range(top, min(top + count, len(self.keys)))]
        there = [run for run in runs if run is not None]
        now = self.app.clock()
        table: list[list[str]] = []
        for col in self._shown_columns():
            size, right = self._widths[col.id], self._right[col.id]
            table.append([pad(text, size, right) for text in cols.cells(col, there, now)])
        lines = iter([(" " * GAP).join(parts) for parts in zip(*table, strict=True)])
        return [(run, next(lines, "") if run is not None else "") for run in runs]

    def _measure(self) -> None:
        """Widths from the first page, and never less than before: columns must not jump."""
        runs = self.first_page()
        now = self.app.clock() if runs else 0
        for col in self.columns:
            texts = cols.cells(col, runs, now)
            self._widths[col.id] = max(cols.width(col, texts), self._widths.get(col.id, 0))
            self._right[col.id] = col.right or (
                col.key.kind is not Kind.ATTRIBUTE and cols.is_numeric(texts)
            )

    # repainting

    def _repaint(self) -> None:
        self._window = None
        self.refresh()

    def _repaint_line(self, y: int) -> None:
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self._width, 1))

    def _repaint_row(self, row: int) -> None:
        self._repaint_line(row - self.scroll_offset.y + 1)

    def _repaint_changed(self) -> None:
        for y in range(self.size.height):
            if self._draw(y) != self._painted.get(y):
                self._repaint_line(y)

    def tick(self) -> None:
        """Let ages and running times go on; repaints only the lines where that shows."""
        self._window = None
        self._repaint_changed()

    def on_resize(self, event: events.Resize) -> None:
        self.virtual_size = Size(self._width, len(self.keys) + 1)
        self._window = None
        self._scroll_to_cursor()
        self._scroll_to_column()

    def on_focus(self) -> None:
        self._repaint_row(self._cursor)

    def on_blur(self) -> None:
        self._repaint_row(self._cursor)

    # moving

    def move_to(self, row: int) -> None:
        """Put the cursor into that row, or the nearest there is."""
        row = max(min(row, len(self.keys) - 1), 0)
        if row == self._cursor or not self.keys:
            return
        old, self._cursor = self._cursor, row
        before = self.scroll_offset.y
        self._scroll_to_cursor()
        if self.scroll_offset.y == before:
            self._repaint_row(old)
            self._repaint_row(row)
        if self.marks.extend(self.keys, row):
            self._marks_changed()
        self.post_message(self.Moved())

    def _scroll_to_cursor(self) -> None:
        top = self.scroll_offset.y
        last = top + self._rows_high - 1
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False)
        elif self._cursor > last:
            self.scroll_to(y=self._cursor - self._rows_high + 1, animate=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        top = round(new_value)
        inside = max(top, min(self._cursor, top + self._rows_high - 1))
        if inside != self._cursor and self.is_mouse_over:
            self.move_to(inside)

    def _move_column(self, step: int) -> None:
        place = max(min(self._place + step, len(self.columns) - 1), 0)
        if place == self._place:
            return
        self._place = place
        first = self._first
        self._scroll_to_column()
        if self._first != first:
            self._repaint()
        else:
            self._repaint_line(0)
        self.post_message(self.Moved())

    def _scroll_to_column(self) -> None:
        """Choose the first scrolled column so that the cursor's column can be seen whole."""
        if not self.columns:
            return
        room = self._width - LEAD - self._widths[self.columns[0].id]
        self._first = max(min(self._first, max(self._place, 1)), 1)
        while self._first < self._place:
            shown = self.columns[self._first : self._place + 1]
            if sum(self._widths[col.id] + GAP for col in shown) <= room:
                break
            self._first += 1

    def action_down(self) -> None:
        self.move_to(self._cursor + 1)

    def action_up(self) -> None:
        self.move_to(self._cursor - 1)

    def action_top(self) -> None:
        self.move_to(0)

    def action_bottom(self) -> None:
        self.move_to(len(self.keys) - 1)

    def action_half_down(self) -> None:
        self._move_page(self._rows_high // 2)

    def action_half_up(self) -> None:
        self._move_page(-(self._rows_high // 2))

    def action_page_down(self) -> None:
        self._move_page(self._rows_high)

    def action_page_up(self) -> None:
        self._move_page(-self._rows_high)

    def _move_page(self, rows: int) -> None:
        """Move cursor and view together, so that the cursor stays at its height."""
        self.scroll_to(y=self.scroll_offset.y + rows, animate=False)
        self.move_to(self._cursor + rows)

    def action_left(self) -> None:
        self._move_column(-1)

    def action_right(self) -> None:
        self._move_column(1)

    def action_open(self) -> None:
        if self.run is not None:
            self.post_message(self.Opened())

    # marking

    def action_mark(self) -> None:
        if self.run_key is not None:
            self.marks.toggle(self.run_key)
            self._marks_changed()
            self.move_to(self._cursor + 1)

    def action_range(self) -> None:
        if self.run_key is not None:
            self.marks.start_or_end_range(self.keys, self._cursor)
            self._marks_changed()

    def action_mark_all(self) -> None:
        self.marks.add(self.keys)
        self._marks_changed()

    def action_unmark(self) -> None:
        self.marks.clear()
        self._marks_changed()

    def _marks_changed(self) -> None:
        self._repaint_changed()
        self.post_message(self.Marked())

    # mouse

    def on_click(self, event: events.Click) -> None:
        at = self._column_at(event.x)
        if at is not None:
            self._move_column(at - self._place)
        if event.y == 0:
            if at is not None:
                self.post_message(self.TitleClicked())
            return
        row = self.scroll_offset.y + event.y - 1
        if row < len(self.keys):
            self.move_to(row)
            if event.chain == 2:
                self.action_open()

    def _column_at(self, x: int) -> int | None:
        left = LEAD
        for col in self._shown_columns():
            left += self._widths[col.id] + GAP
            if x < left:
                return self.columns.index(col)
        return None

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop().prevent_default()
        self.scroll_to(y=self.scroll_offset.y + 3, animate=False)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop().prevent_default()
        self.scroll_to(y=self.scroll_offset.y - 3, animate=False)


def _overlay(line: Strip, x: int, text: str, style: Style) -> Strip:
    size = line.cell_length
    return Strip.join([line.crop(0, x), Strip([Segment(text, style)]), line.crop(x + 1, size)])


def _find(keys: array[int], key: int, default: int) -> int:
    try:
        return keys.index(key)
    except ValueError:
        return default
