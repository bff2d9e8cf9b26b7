"""The table of runs: moving through it, marking, the mouse. A cursor move repaints two lines."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from tuiflow.tui.actions import bindings
from tuiflow.tui.found_runs import Found, position
from tuiflow.tui.widgets.run_rows import LEAD, RunRows


class RunTable(RunRows, can_focus=True):
    """Rows of runs with a cursor; it and the marks stay on their runs when the keys change."""

    HELP = (
        "One row a run: ✓ finished, ✗ failed, ■ killed, ⏵ running, ◌ its process is gone "
        "without a word. Columns, filter and sorting are remembered for each experiment."
    )
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("lists")]

    class Moved(Message):
        """The cursor is on another run, or on another column."""

    class Marked(Message):
        """Other runs are marked than before."""

    class Opened(Message):
        """The run under the cursor should be opened."""

    class TitleClicked(Message):
        """Somebody clicked the title of the cursor's column."""

    def show(self, found: Found, *, stay: bool = True) -> None:
        old = self.run_key
        super().show(found, stay=stay)
        if self.run_key != old:
            self.post_message(self.Moved())

    # moving

    def move_to(self, row: int) -> None:
        """Put the cursor into that row, or the nearest there is."""
        row = max(min(row, len(self.keys) - 1), 0)
        if row == self._cursor or not self.keys:
            return
        old, self._cursor = self._cursor, row
        self._wanted = self.keys[row]
        before = self.scroll_offset.y
        self._scroll_to_cursor()
        if self.scroll_offset.y == before:
            self._repaint_row(old)
            self._repaint_row(row)
        if self.marks.extend(self.keys, row):
            self._marks_changed()
        self.post_message(self.Moved())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        top = round(new_value)
        inside = max(top + self.pinned, min(self._cursor, top + self._rows_high - 1))
        if self._cursor < self.pinned:
            return
        if inside != self._cursor and self.is_mouse_over:
            self.move_to(inside)

    def go_to(self, key: int) -> None:
        """Put the cursor on the run of this row key, if it is there."""
        row = position(self.keys, key)
        if row is not None:
            self.move_to(row)

    def _move_column(self, step: int) -> None:
        if not self._sheet.move(step):
            return
        if self._sheet.scroll(self._room):
            self._repaint()
        else:
            self._repaint_line(0)
        self.post_message(self.Moved())

    def action_down(self) -> None:
        self.move_to(self._cursor + 1)

    def action_up(self) -> None:
        self.move_to(self._cursor - 1)

    def action_top(self) -> None:
        # The first row may be a pinned one, which is in view however far the others are scrolled.
        self.scroll_to(y=0, animate=False)
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
        strangers = self.found.strangers
        found = [key for key in self.keys if key not in strangers] if strangers else self.keys
        self.marks.add(found)
        self.marks.add(self.found.hidden)
        self._marks_changed()

    def action_unmark(self) -> None:
        self.marks.clear()
        self._marks_changed()

    def _marks_changed(self) -> None:
        self._repaint_changed()
        self.post_message(self.Marked())

    # mouse

    def on_click(self, event: events.Click) -> None:
        at = self._sheet.at(event.x - LEAD, self._room)
        if at is not None:
            self._move_column(at - self._sheet.place)
        if event.y == 0:
            if at is not None:
                self.post_message(self.TitleClicked())
            return
        row = self.row_at(event.y)
        if row < len(self.keys):
            self.move_to(row)
            if event.chain == 2:
                self.action_open()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop().prevent_default()
        self.scroll_to(y=self.scroll_offset.y + 3, animate=False)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop().prevent_default()
        self.scroll_to(y=self.scroll_offset.y - 3, animate=False)
