"""Edit a note, or another text of some lines."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static, TextArea

from tuiflow.tui.modals.base import Modal

KEYS = "ctrl+s save · esc cancel"
ASK = "Not saved: ctrl+s saves, esc again throws it away"


class NoteModal(Modal[str]):
    """Answers the new note, empty to remove it."""

    keys = KEYS

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", priority=True, show=False),
        Binding("escape", "cancel", priority=True, show=False),
    ]

    def __init__(self, heading: str, note: str) -> None:
        super().__init__()
        self.heading = heading
        self._note = note
        self._asked = False

    def compose_body(self) -> ComposeResult:
        yield TextArea(self._note, compact=True, highlight_cursor_line=False)

    def on_mount(self) -> None:
        area = self.query_one(TextArea)
        area.cursor_blink = False
        area.move_cursor(area.document.end)

    def action_save(self) -> None:
        self.dismiss(self.query_one(TextArea).text.strip())

    def action_cancel(self) -> None:
        if self._asked or self.query_one(TextArea).text.strip() == self._note.strip():
            self.dismiss(None)
            return
        self._asked = True
        self.query_one(".modal--keys", Static).update(ASK)
