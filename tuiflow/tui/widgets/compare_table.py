"""Runs side by side: a table drawn by lines, whose head and first column stay when it scrolls."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tuiflow.diff import Comparison
from tuiflow.tui.actions import bindings
from tuiflow.tui.cells import pad
from tuiflow.tui.compare_grid import Grid, Line, Look, Pieces, build
from tuiflow.tui.compare_words import Worded

_KEPT_STRIPS = 2000


class CompareTable(ScrollView, can_focus=True):
    """A comparison as a table with a cursor on a cell.

    It asks nothing: `show` gives it what it draws.
    """

    HELP = (
        "A column a run, the baseline first. ▲ better, ▼ worse by the direction of the "
        "metric; ≠ different."
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"compare--{look.value}" for look in Look),
        "compare--line",
        "compare--cursor",
        "compare--cell",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            *("lists.down", "lists.up", "lists.left", "lists.right", "lists.top", "lists.bottom"),
            *("lists.half_down", "lists.half_up", "lists.page_down", "lists.page_up"),
            "lists.open",
        )
    ]

    class Moved(Message):
        """The cursor has come to another cell."""

    class Opened(Message):
        """The run under the cursor is to be opened."""

    def __init__(self) -> None:
        super().__init__()
        self._worded: Worded | None = None
        self.fold = True
        self.transposed = False
        self._grid = Grid(0, (), (), (), (), ())
        self._strips: dict[tuple[int, int, int], tuple[Strip, Strip]] = {}
        self._line = -1
        self._column = 0

    # what is shown

    @property
    def comparison(self) -> Comparison | None:
        """What is drawn."""
        return None if self._worded is None else self._worded.comparison

    def show(self, worded: Worded) -> None:
        """Draw this comparison; the cursor stays on its run and row where they are still there."""
        self._worded = worded
        self._rebuild(*self._here())

    def toggle_fold(self) -> None:
        """Fold the equal rows away, or show them all."""
        self.fold = not self.fold
        self._rebuild(*self._here())

    def transpose(self) -> None:
        """Swap rows and columns."""
        here = self._here()
        self.transposed = not self.transposed
        self._rebuild(*here)

    @property
    def run_id(self) -> str | None:
        """The run under the cursor."""
        return self._here()[0]

    @property
    def row_name(self) -> str | None:
        """`section/key` of the row under the cursor."""
        return self._here()[1]

    def _here(self) -> tuple[str | None, str | None]:
        """Run and row under the cursor."""
        grid = self._grid
        line = grid.lines[self._line].name if self._line >= 0 else None
        column = grid.names[self._column] if self._column < len(grid.names) else None
        return (line, column) if self.transposed else (column, line)

    def _rebuild(self, run_id: str | None, row_name: str | None) -> None:
        if self._worded is None:
            return
        self._grid = build(
            self._worded, self._view.width, fold=self.fold, transposed=self.transposed
        )
        self._strips.clear()
        grid = self._grid
        furthest = grid.start_showing(len(grid.widths) - 1, 0, self._room())
        self.virtual_size = Size(
            grid.lead_width + furthest + self._room(),
            len(grid.head) + len(grid.lines),
        )
        line, column = (run_id, row_name) if self.transposed else (row_name, run_id)
        self._line = self._find_line(line)
        self._column = grid.names.index(column) if column in grid.names else 0
        self._scroll_to_cursor()
        self.refresh()
        self.post_message(self.Moved())

    def _find_line(self, name: str | None) -> int:
        """The line of that name, else the nearest one to where the cursor was."""
        lines = self._grid.lines
        places = [index for index, line in enumerate(lines) if line.cells]
        for index in places:
            if lines[index].name == name:
                return index
        return min(places, key=lambda index: abs(index - self._line), default=-1)

    def on_resize(self, event: events.Resize) -> None:
        self._rebuild(*self._here())

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    # drawing

    def render_line(self, y: int) -> Strip:
        grid = self._grid
        width = self._view.width
        head = len(grid.head)
        x = self.scroll_offset.x
        if y < head:
            return self._strip_of(grid.head[y], -1 - y, width, x)
        index = y - head + self.scroll_offset.y
        if index >= len(grid.lines):
            return Strip.blank(width, self.rich_style)
        return self._strip_of(grid.lines[index], index, width, x)

    def _strip_of(self, line: Line, index: int, width: int, x: int) -> Strip:
        if not line.cells:
            return self._banner(line, width)
        grid = self._grid
        room = max(width - grid.lead_width, 0)
        first, last = grid.column_at(x), grid.column_at(x + room - 1)
        lead, body = self._cached(line, index, first, last)
        if index < 0 or index == self._line:
            if index == -1:
                lead = self._beyond(x, room)
            elif index >= 0:
                lead = _restyled(lead, 0, lead.cell_length, self._ground("compare--cursor"))
            if first <= self._column <= last and self._line >= 0:
                start = grid.starts[self._column] - grid.starts[first] + 1
                end = start + grid.widths[self._column]
                body = _restyled(body, start, end, self._ground("compare--cell"))
        offset = x - grid.starts[first]
        seen = body.crop(offset, offset + room)
        if x + room < grid.starts[last + 1]:
            # Half a number must not be taken for a whole one.
            more = Strip([Segment("…", self.rich_style + self._look(Look.DIM))])
            seen = Strip.join([seen.crop(0, room - 1), more])
        seen = seen.adjust_cell_length(room, self.rich_style)
        return Strip.join([lead, seen]).crop(0, width)

    def _beyond(self, x: int, room: int) -> Strip:
        """How many columns lie out of sight on the left and on the right."""
        grid = self._grid
        left, right = grid.hidden(x, room)
        more = " more" if not (left and right) or grid.lead_width > 20 else ""
        parts = (left and f"‹ {left}{more}", right and f"{right}{more} ›")
        words = " · ".join(part for part in parts if part)
        style = self.rich_style + self._look(Look.DIM)
        return Strip([Segment(pad("  " + words, grid.lead_width), style)])

    def _banner(self, line: Line, width: int) -> Strip:
        base = self.rich_style
        pieces = line.lead()
        strip = Strip(self._segments(pieces))
        if pieces and pieces[0].look is Look.SECTION:
            rest = "─" * max(width - strip.cell_length, 0)
            strip = Strip.join([strip, Strip([Segment(rest, base + self._style("compare--line"))])])
        return strip.adjust_cell_length(width, base)

    def _cached(self, line: Line, index: int, first: int, last: int) -> tuple[Strip, Strip]:
        """The lead and the columns from `first` to `last` of a line."""
        strips = self._strips.get((index, first, last))
        if strips is None:
            divider = Segment("│", self.rich_style + self._style("compare--line"))
            body: list[Segment] = []
            for cell in line.cells(first, last) if line.cells is not None else ():
                body.append(divider)
                body.extend(self._segments(cell))
            if len(self._strips) > _KEPT_STRIPS:
                self._strips.clear()
            strips = Strip(self._segments(line.lead())), Strip(body).simplify()
            self._strips[index, first, last] = strips
        return strips

    def _segments(self, pieces: Pieces) -> list[Segment]:
        base = self.rich_style
        return [Segment(piece.text, base + self._look(piece.look)) for piece in pieces]

    def _look(self, look: Look) -> Style:
        return self._style(f"compare--{look.value}")

    def _ground(self, name: str) -> Style:
        style = self.get_component_rich_style(name)
        return Style(bgcolor=style.bgcolor, reverse=style.reverse)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    # the cursor

    def move(self, line: int, column: int) -> None:
        """Put the cursor on a cell; repaints the cell it leaves and the one it enters."""
        grid = self._grid
        if self._line < 0 or not grid.widths:
            return
        old_line, old_column = self._line, self._column
        self._line, self._column = line, max(0, min(column, len(grid.widths) - 1))
        if (old_line, old_column) == (self._line, self._column):
            return
        lead, head = old_line != self._line, old_column != self._column
        self._refresh_cell(old_line, old_column, lead=lead, head=head)
        self._refresh_cell(self._line, self._column, lead=lead, head=head)
        self._scroll_to_cursor()
        self.post_message(self.Moved())

    def _refresh_cell(self, line: int, column: int, *, lead: bool, head: bool) -> None:
        """Repaint a cell, and its line's lead or its column's head: the cursor lights them up."""
        grid = self._grid
        y = len(grid.head) + line - self.scroll_offset.y
        x = grid.lead_width + grid.starts[column] - self.scroll_offset.x
        width = max(min(grid.widths[column] + 1, self._view.width - x), 0)
        regions = [Region(x, y, width, 1)]
        if lead:
            regions.append(Region(0, y, grid.lead_width, 1))
        if head:
            regions.append(Region(x, 0, width, len(grid.head)))
        self.refresh(*regions)

    def _places(self) -> list[int]:
        return [index for index, line in enumerate(self._grid.lines) if line.cells]

    def _step(self, by: int) -> None:
        places = self._places()
        if self._line >= 0 and places:
            here = places.index(self._line)
            self.move(places[max(0, min(here + by, len(places) - 1))], self._column)

    @property
    def _view(self) -> Size:
        """The size of what is seen, without the scrollbars."""
        return self.scrollable_content_region.size

    def _page(self) -> int:
        return max(self._view.height - len(self._grid.head), 1)

    def _scroll_to_cursor(self) -> None:
        if self._line < 0:
            self.scroll_to(y=0, animate=False, force=True)
            return
        grid = self._grid
        # Headings and folded lines around the row come into view with it.
        first = last = self._line
        while first > 0 and not grid.lines[first - 1].cells:
            first -= 1
        while last + 1 < len(grid.lines) and not grid.lines[last + 1].cells:
            last += 1
        page = self._page()
        top = self.scroll_offset.y
        top = max(min(top, max(first, self._line - page + 1)), min(last, self._line) - page + 1)
        if last == len(grid.lines) - 1:
            top = max(top, min(last - page + 1, self._line))
        left = grid.start_showing(self._column, self.scroll_offset.x, self._room())
        self.scroll_to(x=left, y=max(top, 0), animate=False, force=True)

    def _room(self) -> int:
        """Cells for the columns that scroll."""
        return max(self._view.width - self._grid.lead_width, 1)

    def next_difference(self, forward: bool) -> bool:
        """Go to the next row that differs, around the end; False where there is none."""
        grid = self._grid
        if self.transposed:
            stops = [index for index, stop in enumerate(grid.different) if stop]
            here = self._column
        else:
            stops = [index for index, line in enumerate(grid.lines) if line.different]
            here = self._line
        if not stops:
            return False
        if forward:
            target = next((stop for stop in stops if stop > here), stops[0])
        else:
            target = next((stop for stop in reversed(stops) if stop < here), stops[-1])
        if self.transposed:
            self.move(self._line, target)
        else:
            self.move(target, self._column)
        return True

    def on_click(self, event: events.Click) -> None:
        grid = self._grid
        line = event.y - len(grid.head) + self.scroll_offset.y
        if event.y < len(grid.head):
            line = self._line
        if not 0 <= line < len(grid.lines) or not grid.lines[line].cells:
            return
        self.move(line, self._column_at(event.x))
        if event.chain == 2:
            self.post_message(self.Opened())

    def _column_at(self, x: int) -> int:
        grid = self._grid
        if x < grid.lead_width:
            return self._column
        return grid.column_at(x - grid.lead_width + self.scroll_offset.x)

    # actions of the table

    def action_down(self) -> None:
        self._step(1)

    def action_up(self) -> None:
        self._step(-1)

    def action_left(self) -> None:
        self.move(self._line, self._column - 1)

    def action_right(self) -> None:
        self.move(self._line, self._column + 1)

    def action_top(self) -> None:
        self._step(-len(self._grid.lines))

    def action_bottom(self) -> None:
        self._step(len(self._grid.lines))

    def action_half_down(self) -> None:
        self._step(max(self._page() // 2, 1))

    def action_half_up(self) -> None:
        self._step(-max(self._page() // 2, 1))

    def action_page_down(self) -> None:
        self._step(self._page())

    def action_page_up(self) -> None:
        self._step(-self._page())

    def action_open(self) -> None:
        self.post_message(self.Opened())


def _restyled(strip: Strip, start: int, end: int, style: Style) -> Strip:
    """The strip with `style` laid over the cells from `start` to `end`."""
    length = strip.cell_length
    end = min(end, length)
    over = Segment.apply_style(strip.crop(start, end), post_style=style)
    return Strip.join([strip.crop(0, start), Strip(over).simplify(), strip.crop(end, length)])
