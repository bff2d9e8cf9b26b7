"""Edit a note, or another text of some lines."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static, TextArea

from tuiflow.errors import TuiflowError
from tuiflow.text import clean
from tuiflow.tui.modals.base import Modal

KEYS = "ctrl+s save · ctrl+o in $EDITOR · esc cancel"
ASK = "Not saved: ctrl+s saves, esc again throws it away"


class NoteModal(Modal[str]):
    """Answers the new note, empty to remove it."""

    keys = KEYS

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", priority=True, show=False),
        Binding("ctrl+o", "editor", priority=True, show=False),
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

    def action_editor(self) -> None:
        """Go on in the person's own editor, on the same terminal; the app waits."""
        from tuiflow.tui.editor import edit

        area = self.query_one(TextArea)
        said = KEYS
        try:
            with self.app.suspend():
                # An error that left this block would leave the terminal as it is.
                try:
                    area.text = edit(area.text)
                except TuiflowError as error:
                    said = error.message
        except SuspendNotSupported:
            said = "This terminal can't be handed to an editor"
        area.move_cursor(area.document.end)
        self._asked = False
        self._say(said)

    def _say(self, text: str) -> None:
        self.query_one(".modal--keys", Static).update(Content(clean(text)))

    def action_cancel(self) -> None:
        if self._asked or self.query_one(TextArea).text.strip() == self._note.strip():
            self.dismiss(None)
            return
        self._asked = True
        self._say(ASK)
