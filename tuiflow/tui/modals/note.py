"""Edit a note, or another text of some lines."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import BindingType
from textual.widgets import TextArea

from tuiflow.errors import TuiflowError
from tuiflow.tui.actions import bindings
from tuiflow.tui.modals.base import Modal

MEANWHILE = "Changed meanwhile by another: that note is below yours · {note.save} saves both"
ASK = "Not saved: {note.save} saves, {dialog.cancel} again throws it away"


class NoteModal(Modal[str]):
    """Answers the new note, empty to remove it. `text` is what to go on with in place of the note,
    and `told` why."""

    keys = "{note.save} save · {note.editor} in $EDITOR · {dialog.cancel} cancel"

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("note.save", "note.editor")]

    def __init__(self, heading: str, note: str, text: str | None = None, told: str = "") -> None:
        super().__init__()
        self.heading = heading
        self._note = note
        self._text = note if text is None else text
        self._told = told
        self._asked = False

    def compose_body(self) -> ComposeResult:
        yield TextArea(self._text, compact=True, highlight_cursor_line=False)

    def on_mount(self) -> None:
        area = self.query_one(TextArea)
        area.cursor_blink = False
        area.move_cursor(area.document.end)
        if self._told:
            self.tell(self.keyed(self._told))

    def action_save(self) -> None:
        self.dismiss(self.query_one(TextArea).text.strip())

    def action_editor(self) -> None:
        """Go on in the person's own editor, on the same terminal; the app waits."""
        from tuiflow.tui.editor import edit

        area = self.query_one(TextArea)
        said = ""
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
        self.tell(said)

    def action_cancel(self) -> None:
        if self._asked or self.query_one(TextArea).text.strip() == self._note.strip():
            self.dismiss(None)
            return
        self._asked = True
        self.tell(self.keyed(ASK))
