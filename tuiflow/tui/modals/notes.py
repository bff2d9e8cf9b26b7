"""One note for several runs: added to what they have, or in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import TextArea

from tuiflow.tui.actions import bindings
from tuiflow.tui.modals.base import Modal

_ASK = "Not saved: {note.save} or {note.replace}, or {dialog.cancel} again throws it away"


@dataclass(frozen=True, slots=True)
class NoteForAll:
    """`append` puts it below the note of a run, else it takes its place, which may be with none."""

    text: str
    append: bool


class NotesModal(Modal[NoteForAll]):
    """Answers the text and what to do with it."""

    keys = (
        "{note.save} add to each note · {note.replace} replace each note · {dialog.cancel} cancel"
    )

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("note.save", "note.replace")]

    def __init__(self, title: str) -> None:
        super().__init__()
        self.heading = f"Notes of {title}"
        self._asked = False

    def compose_body(self) -> ComposeResult:
        yield TextArea(compact=True, highlight_cursor_line=False)

    def on_mount(self) -> None:
        self.query_one(TextArea).cursor_blink = False

    @property
    def _text(self) -> str:
        return self.query_one(TextArea).text.strip()

    def action_save(self) -> None:
        if self._text:
            self.dismiss(NoteForAll(self._text, append=True))

    def action_replace(self) -> None:
        self.dismiss(NoteForAll(self._text, append=False))

    def action_cancel(self) -> None:
        if self._asked or not self._text:
            self.dismiss(None)
            return
        self._asked = True
        self.tell(self.keyed(_ASK))
