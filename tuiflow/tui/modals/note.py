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
        try:
            with self.app.suspend():
                area.text = edit(area.text)
        except SuspendNotSupported:
            self._say("This terminal can't be handed to an editor")
        except TuiflowError as error:
            self._say(error.message)
        else:
            area.move_cursor(area.document.end)
            self._asked = False
            self._say(KEYS)

    def _say(self, text: str) -> None:
        self.query_one(".modal--keys", Static).update(Content(clean(text)))

    def action_cancel(self) -> None:
        if self._asked or self.query_one(TextArea).text.strip() == self._note.strip():
            self.dismiss(None)
            return
        self._asked = True
        self._say(ASK)
