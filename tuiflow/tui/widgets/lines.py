"""Lines of text by number: a preview, or a log that is followed while it grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tuiflow.text import clean
from tuiflow.tui.actions import bindings

_SHIFT = 8


class LineSource(Protocol):
    """Where lines come from: their number, and each as one harmless line."""

    @property
    def total(self) -> int: ...
    def line(self, number: int) -> str: ...


class FixedLines:
    """Lines that are there from the beginning."""

    def __init__(self, lines: Sequence[str] = ()) -> None:
        self.lines = lines

    @property
    def total(self) -> int:
        return len(self.lines)

    def line(self, number: int) -> str:
        return self.lines[number] if 0 <= number < len(self.lines) else ""


class LinesView(ScrollView, can_focus=True):
    """Shows a `LineSource`; only the lines in view are asked for.

    With `follow` it stays at the end while that is in view; with `wrap`, `FixedLines` that are
    longer than the view go on below. `header` leading lines stay on top. `note` is shown where
    there are no lines.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--header", "lines--note"}
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            "lists.down", "lists.up", "lists.left", "lists.right", "lists.top", "lists.bottom",
            "lists.half_down", "lists.half_up", "lists.page_down", "lists.page_up",
        )
    ]  # fmt: skip

    def __init__(self, *, follow: bool = False, wrap: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._source: LineSource = FixedLines()
        self._shown: LineSource = self._source
        self._follow = follow
        self._wrap = wrap
        self._header = 0
        self._note = ""
        self._shift = 0
        self._widest = 0

    def show(self, source: LineSource, *, header: int = 0, note: str = "") -> None:
        """Show another source from its beginning, or from its end when following."""
        self._source, self._header, self._note = source, header, note
        self._shift = self._widest = 0
        self._resize()
        if self._follow:
            self._to(self.max_scroll_y)
        else:
            self._to(0)
        self.refresh()

    def replace(self, source: LineSource, *, note: str = "") -> None:
        """Show another state of the same text, without moving unless following."""
        at_end = self.following
        self._source, self._note = source, note
        self._resize()
        if at_end:
            self._to(self.max_scroll_y)
        self.refresh()

    def grown(self, note: str | None = None) -> None:
        """To be called when the source has more lines, or others."""
        at_end = self.scroll_offset.y >= self.max_scroll_y
        if note is not None:
            self._note = note
        self._resize()
        if self._follow and at_end:
            self._to(self.max_scroll_y)
        self.refresh()

    @property
    def source(self) -> LineSource:
        return self._source

    @property
    def following(self) -> bool:
        """Whether new lines will be scrolled to."""
        return self._follow and self.scroll_offset.y >= self.max_scroll_y

    def _resize(self) -> None:
        self._shown = self._source
        if self._wrap and isinstance(self._source, FixedLines):
            width = max(self.size.width, 8)
            parts = [part for line in self._source.lines for part in _wrapped(line, width)]
            self._shown = FixedLines(parts)
        self.virtual_size = Size(self.size.width, self._shown.total)

    def on_resize(self, event: events.Resize) -> None:
        at_end = self._follow and self.scroll_offset.y >= self.max_scroll_y
        self._resize()
        if at_end:
            self.call_after_refresh(self._to_end)

    def _to(self, y: float) -> None:
        self.scroll_to(y=y, animate=False, force=True)

    def _to_end(self) -> None:
        self._to(self.max_scroll_y)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if not self._shown.total:
            note = clean(self._note, max(width, 1)) if y == 0 else ""
            style = self.get_component_rich_style("lines--note")
            return Strip([Segment(note, style)]).adjust_cell_length(width, self.rich_style)
        heading = y < self._header
        number = y if heading else y + self.scroll_offset.y
        style = self.get_component_rich_style("lines--header") if heading else self.rich_style
        line = self._shown.line(number)
        self._widest = max(self._widest, cell_len(line))
        strip = Strip([Segment(line, style)])
        return strip.crop(self._shift).adjust_cell_length(width, self.rich_style)

    def action_down(self) -> None:
        self._to(self.scroll_offset.y + 1)

    def action_up(self) -> None:
        self._to(self.scroll_offset.y - 1)

    def action_top(self) -> None:
        self._to(0)

    def action_bottom(self) -> None:
        self._to_end()

    def action_half_down(self) -> None:
        self._to(self.scroll_offset.y + self.size.height // 2)

    def action_half_up(self) -> None:
        self._to(self.scroll_offset.y - self.size.height // 2)

    def action_page_down(self) -> None:
        self._to(self.scroll_offset.y + self.size.height)

    def action_page_up(self) -> None:
        self._to(self.scroll_offset.y - self.size.height)

    def action_left(self) -> None:
        self._set_shift(self._shift - _SHIFT)

    def action_right(self) -> None:
        self._set_shift(self._shift + _SHIFT)

    def _set_shift(self, shift: int) -> None:
        shift = min(max(shift, 0), max(self._widest - self.size.width + _SHIFT, 0))
        if shift != self._shift:
            self._shift = shift
            self.refresh()


def _wrapped(line: str, width: int) -> list[str]:
    return chop_cells(line, width) if cell_len(line) > width else [line]
