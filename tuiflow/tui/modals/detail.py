"""One row of a comparison in full: the lines that two runs have and have not."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.app import ComposeResult
from textual.content import Content
from textual.strip import Strip
from textual.widgets import Static

from tuiflow import text
from tuiflow.diff import Detail
from tuiflow.tui.modals.base import Modal
from tuiflow.tui.widgets.lines import FixedLines, LinesView

_FRAME = 8
"""Lines of border, padding, heading and keys."""


class DiffLines(LinesView):
    """Lines of a unified diff: what was added and removed, and where, by colour and sign."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"diff--added", "diff--removed", "diff--place"}

    _CLASSES: ClassVar[dict[str, str]] = {
        "+": "diff--added",
        "-": "diff--removed",
        "@": "diff--place",
    }

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        sign = self.source.line(y + self.scroll_offset.y)[:1]
        if sign not in self._CLASSES:
            return strip
        style = self.get_component_rich_style(self._CLASSES[sign], partial=True)
        return Strip(Segment.apply_style(strip, post_style=style), strip.cell_length)


class DetailModal(Modal[None]):
    """Shows `detail`; scrolls."""

    keys = (
        "{lists.down} {lists.up} scroll · {lists.left} {lists.right} sideways"
        " · {dialog.cancel} close"
    )

    def __init__(self, detail: Detail) -> None:
        super().__init__()
        self.heading = detail.title
        self._detail = detail

    def compose_body(self) -> ComposeResult:
        if self._detail.lines:
            yield DiffLines()
        else:
            yield Static(Content(self._detail.note), id="detail-note")

    def on_mount(self) -> None:
        if self._detail.lines:
            lines = self.query_one(DiffLines)
            lines.show(FixedLines([text.clean_block(line) for line in self._detail.lines]))
            # No higher than what there is to see; the sheet says how high it may be.
            self.query_one(".modal").styles.height = len(self._detail.lines) + _FRAME
            lines.focus()
