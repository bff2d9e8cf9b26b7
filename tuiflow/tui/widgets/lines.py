"""Lines of text by number: a preview, or a log that is followed while it grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tuiflow.text import clean
from tuiflow.tui.actions import bindings
from tuiflow.tui.file_lines import Spans, Wanted

_SHIFT = 8
_MOST_SPANS = 500
"""Parts of one line that may look different; the rest of it is plain."""
TONES = (
    "note", "keyword", "name", "string", "number", "comment", "added", "removed", "place",
)  # fmt: skip
"""What parts of lines may be, with a style of its own each."""


class LineSource(Protocol):
    """Where lines come from: their number, and each as one harmless line; `spans` tells the
    parts of it that are something (`TONES`)."""

    @property
    def total(self) -> int: ...
    def line(self, number: int) -> str: ...
    def spans(self, number: int) -> Spans: ...


class FixedLines:
    """Lines that are there from the beginning, and the spans of each where they are known."""

    def __init__(self, lines: Sequence[str] = (), spans: Sequence[Spans] = ()) -> None:
        self.lines = lines
        self._spans = spans

    @property
    def total(self) -> int:
        return len(self.lines)

    def line(self, number: int) -> str:
        return self.lines[number] if 0 <= number < len(self.lines) else ""

    def spans(self, number: int) -> Spans:
        return self._spans[number] if 0 <= number < len(self._spans) else ()


class LinesView(ScrollView, can_focus=True):
    """Shows a `LineSource`; only the lines in view are asked for.

    With `follow` it stays at the end while that is in view; with `wrap`, `FixedLines` that are
    longer than the view go on below. `header` leading lines stay on top. `note` is shown where
    there are no lines.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lines--header",
        "lines--match",
        "lines--here",
        *(f"lines--{tone}" for tone in TONES),
    }
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
        self._at_end = True
        self.wanted = Wanted("")
        """What is lit wherever it stands; see `light`."""
        self.here: int | None = None
        """The line whose matches stand out."""

    def show(self, source: LineSource, *, header: int = 0, note: str = "") -> None:
        """Show another source from its beginning, or from its end when following."""
        self._source, self._header, self._note = source, header, note
        self._shift = self._widest = 0
        self.here = None
        self._at_end = self._follow
        self._resize()
        self._to(self.max_scroll_y if self._follow else 0)
        self.refresh()

    def replace(self, source: LineSource, *, note: str = "") -> None:
        """Show another state of the same text, without moving unless following."""
        self._source, self._note = source, note
        self._stay()
        self.refresh()

    def grown(self, note: str | None = None, above: int = 0) -> None:
        """To be called when the source has more lines, `above` of them before those in view."""
        if note is not None:
            self._note = note
        if self.here is not None:
            self.here += above
        beyond = self._shown.total > self.virtual_size.height > self.top + self.size.height
        seen = not beyond or self.following or above
        self._stay(above)
        if seen:
            self.refresh()

    def _stay(self, above: int = 0) -> None:
        at_end, y = self.following, self.scroll_offset.y
        self._resize()
        if at_end:
            self._to_end()
        elif above:
            self._to(y + above)

    def light(self, wanted: Wanted) -> None:
        """Light a text wherever it stands in the lines in view; an empty one: nothing."""
        if wanted != self.wanted:
            self.wanted, self.here = wanted, None
            self.refresh()

    def go_to(self, number: int) -> None:
        """Bring a line, and what is lit in it, into view, and have that stand out."""
        self.here = number
        height = max(self.size.height - self._header, 1)
        if not 0 <= number - self.scroll_offset.y < height:
            self._to(number - height // 3)
        found = self.wanted.spans(self._shown.line(number))
        if found:
            start, end = (cell_len(self._shown.line(number)[:place]) for place in found[0])
            self._widest = max(self._widest, end)
            if not self._shift <= start < end <= self._shift + self.size.width:
                self._set_shift(0 if end <= self.size.width else start - self.size.width // 3)
        self.refresh()

    @property
    def top(self) -> int:
        """The first line in view."""
        return self.scroll_offset.y

    @property
    def source(self) -> LineSource:
        return self._source

    @property
    def following(self) -> bool:
        """Whether new lines will be scrolled to."""
        return self._follow and self._at_end

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        # Kept, not asked for when it is needed: the height may be another one by then.
        self._at_end = round(new_value) >= self.max_scroll_y

    def watch_show_vertical_scrollbar(self) -> None:
        # Textual moves the bar only while it is shown: one that appears later would stay on top.
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = self.scroll_y

    def _resize(self) -> None:
        self._shown = self._source
        if self._wrap and isinstance(self._source, FixedLines):
            width = max(self.size.width, 8)
            parts = [part for line in self._source.lines for part in _wrapped(line, width)]
            self._shown = FixedLines(parts)
        self.virtual_size = Size(self.size.width, self._shown.total)

    def on_resize(self, event: events.Resize) -> None:
        self._stay()
        self.refresh()

    def _to(self, y: float) -> None:
        self.scroll_to(y=y, animate=False, force=True, immediate=True)

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
        strip = Strip(self._segments(line, number, style))
        return strip.crop(self._shift).adjust_cell_length(width, self.rich_style)

    def _segments(self, line: str, number: int, style: Style) -> list[Segment]:
        spans = self._shown.spans(number)
        lit = self.wanted.spans(line)
        if not spans and not lit:
            return [Segment(line, style)]
        shown = Text(line, style, end="")
        for start, end, tone in spans[:_MOST_SPANS]:
            shown.stylize(self.get_component_rich_style(f"lines--{tone}", partial=True), start, end)
        match = "lines--here" if number == self.here else "lines--match"
        for start, end in lit[:_MOST_SPANS]:
            shown.stylize(self.get_component_rich_style(match), start, end)
        return list(shown.render(self.app.console))

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
