"""A list of rows with a cursor, for the some hundred rows that one run has of anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tuiflow.text import clean
from tuiflow.tui.actions import bindings
from tuiflow.tui.cells import cut_middle, pad

Tone = Literal[
    "", "dim", "good", "bad", "warn", "name",
    "series0", "series1", "series2", "series3", "series4", "series5",
]  # fmt: skip

NARROW = 22
_LEAST = 8
_GAP = 2


@dataclass(frozen=True, slots=True)
class Cell:
    """Text from anywhere, and what it should look like."""

    text: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Column:
    """`flexible` columns shorten what doesn't fit, the widest first; `optional` ones go, the last
    first, before a flexible one is cut below `NARROW`, and one that `joins` takes the one before it
    along; one that `fills` takes what is left over."""

    title: str
    right: bool = False
    flexible: bool = False
    optional: bool = False
    joins: bool = False
    fills: bool = False
    most: int = 60


@dataclass(frozen=True, slots=True)
class Row:
    """`key` tells the row again when the rows are replaced."""

    key: str
    cells: tuple[str | Cell, ...]


class RowsView(ScrollView, can_focus=True):
    """Columns under a heading; the cursor stays on its row when the rows are replaced."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--heading",
        "rows--cursor",
        "rows--note",
        *(f"rows--{tone}" for tone in get_args(Tone) if tone),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            "lists.open", "lists.down", "lists.up", "lists.top", "lists.bottom",
            "lists.half_down", "lists.half_up", "lists.page_down", "lists.page_up",
        )
    ]  # fmt: skip

    class Moved(Message):
        """The cursor is on another row; `key` is None where there are no rows."""

        def __init__(self, rows: RowsView, key: str | None) -> None:
            super().__init__()
            self.rows = rows
            self.key = key

        @property
        def control(self) -> RowsView:
            return self.rows

    class Opened(Message):
        """`enter`, or a click on the row under the cursor."""

        def __init__(self, rows: RowsView, key: str) -> None:
            super().__init__()
            self.rows = rows
            self.key = key

        @property
        def control(self) -> RowsView:
            return self.rows

    def __init__(
        self, columns: Sequence[Column], *, heading: bool = True, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._heading = 1 if heading else 0
        self._rows: tuple[Row, ...] = ()
        self._note = ""
        self._cursor = 0
        self._widths: list[int] | None = None

    def show(self, rows: Sequence[Row], *, note: str = "") -> None:
        """Replace the rows; `note` is written where there are none."""
        before, old = self.key, self._rows
        if tuple(rows) == old and note == self._note:
            return
        old_widths = self._measured()
        self._rows, self._note, self._widths = tuple(rows), note, None
        self._cursor = next(
            (place for place, row in enumerate(self._rows) if row.key == before),
            min(self._cursor, max(len(self._rows) - 1, 0)),
        )
        self._resize()
        same_shape = len(old) == len(self._rows) and old_widths == self._measured()
        if old and same_shape and self.key == before:
            for place, (was, row) in enumerate(zip(old, self._rows, strict=True)):
                if was != row:
                    self._refresh_row(place)
        else:
            self.refresh()
        if self.key != before:
            self._see()
            self.post_message(self.Moved(self, self.key))

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show rows in other columns; those that are there must fit them, or be replaced next."""
        if tuple(columns) != self._columns:
            self._columns, self._widths = tuple(columns), None
            self.refresh()

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        return self._rows[self._cursor].key if self._rows else None

    @property
    def row_count(self) -> int:
        return len(self._rows)

    def go_to(self, key: str) -> None:
        """Put the cursor on the row of that key, if there is one."""
        for place, row in enumerate(self._rows):
            if row.key == key:
                self._move(place)

    # painting

    def _resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._rows) + self._heading)

    def on_resize(self, event: events.Resize) -> None:
        self._widths = None
        self._resize()
        self.call_after_refresh(self._see)

    def on_focus(self, event: events.Focus) -> None:
        self._refresh_row(self._cursor)

    def on_blur(self, event: events.Blur) -> None:
        self._refresh_row(self._cursor)

    def _measured(self) -> list[int]:
        """Column widths for the present size; 0 for a column that is left out."""
        if self._widths is not None:
            return self._widths
        texts = [[_text(cell) for cell in row.cells] for row in self._rows]
        if self._heading:
            texts.append([column.title for column in self._columns])
        widths = [
            min(max((cell_len(row[i]) for row in texts if i < len(row)), default=0), c.most)
            for i, c in enumerate(self._columns)
        ]
        least = [
            min(width, NARROW) if column.flexible else width
            for width, column in zip(widths, self._columns, strict=True)
        ]
        goes = False  # with the one after it
        for i, column in reversed(list(enumerate(self._columns))):
            if goes or (column.optional and self._room(least) < 0):
                least[i] = widths[i] = 0
                goes = column.joins
        flexible = [i for i, column in enumerate(self._columns) if column.flexible]
        for _ in range(-self._room(widths) if flexible else 0):
            widest = max(flexible, key=lambda i: widths[i])
            if widths[widest] <= _LEAST:
                break
            widths[widest] -= 1
        filling = next((i for i, column in enumerate(self._columns) if column.fills), None)
        if filling is not None and widths[filling]:
            widths[filling] += max(self._room(widths), 0)
        self._widths = widths
        return widths

    def _room(self, widths: Sequence[int]) -> int:
        """Cells left over by columns of these widths, their gaps and the edges."""
        shown = [width for width in widths if width]
        return self.size.width - 2 - _GAP * (len(shown) - 1) - sum(shown)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y < self._heading:
            style = self.get_component_rich_style("rows--heading")
            titles = tuple(column.title for column in self._columns) if self._rows else ()
            return self._strip(titles, [style] * len(titles), style)
        place = y - self._heading + self.scroll_offset.y
        if not self._rows and place == 0:
            note = Segment(
                " " + clean(self._note, max(width - 2, 1)),
                self.get_component_rich_style("rows--note"),
            )
            return Strip([note]).adjust_cell_length(width, self.rich_style)
        if not 0 <= place < len(self._rows):
            return Strip.blank(width, self.rich_style)
        base = self.rich_style
        if place == self._cursor:
            base = self.get_component_rich_style("rows--cursor")
        cells = self._rows[place].cells
        styles = []
        for cell in cells:
            tone = cell.tone if isinstance(cell, Cell) else ""
            own = self.get_component_rich_style(f"rows--{tone}", partial=True) if tone else None
            styles.append(base + own if own else base)
        edge = "▌" if place == self._cursor and self.has_focus else " "
        return self._strip(cells, styles, base, edge)

    def _strip(
        self,
        cells: Sequence[str | Cell],
        styles: Sequence[Style],
        base: Style,
        edge: str = " ",
    ) -> Strip:
        segments = [Segment(edge, base)]
        for i, (cell, column, width) in enumerate(
            zip(cells, self._columns, self._measured(), strict=False)
        ):
            if not width:
                continue
            shown = _text(cell)
            shown = pad(cut_middle(shown, width), width, column.right)
            segments.append(Segment(shown + " " * _GAP, styles[i]))
        return Strip(segments).adjust_cell_length(self.size.width, base)

    # cursor

    def _refresh_row(self, place: int) -> None:
        y = place + self._heading - self.scroll_offset.y
        self.refresh(Region(0, y, self.size.width, 1))

    def _see(self) -> None:
        """Scroll so that the cursor is in view."""
        top, height = self.scroll_offset.y, max(self.size.height - self._heading, 1)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False, force=True)

    def _move(self, place: int) -> None:
        place = min(max(place, 0), max(len(self._rows) - 1, 0))
        if place == self._cursor:
            return
        before, self._cursor = self._cursor, place
        self._refresh_row(before)
        self._refresh_row(place)
        self._see()
        self.post_message(self.Moved(self, self.key))

    @property
    def _page(self) -> int:
        return max(self.size.height - self._heading, 1)

    def action_down(self) -> None:
        self._move(self._cursor + 1)

    def action_up(self) -> None:
        self._move(self._cursor - 1)

    def action_top(self) -> None:
        self._move(0)

    def action_bottom(self) -> None:
        self._move(len(self._rows) - 1)

    def action_half_down(self) -> None:
        self._move(self._cursor + self._page // 2)

    def action_half_up(self) -> None:
        self._move(self._cursor - self._page // 2)

    def action_page_down(self) -> None:
        self._move(self._cursor + self._page)

    def action_page_up(self) -> None:
        self._move(self._cursor - self._page)

    def action_open(self) -> None:
        if self.key is not None:
            self.post_message(self.Opened(self, self.key))

    def on_click(self, event: events.Click) -> None:
        place = event.y - self._heading + self.scroll_offset.y
        if event.y < self._heading or not 0 <= place < len(self._rows):
            return
        if place == self._cursor and event.chain == 2:
            self.action_open()
        self._move(place)


def _text(cell: str | Cell) -> str:
    return clean(cell.text if isinstance(cell, Cell) else cell, 200)
