"""One note for several runs: added to what they have, or in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static, TextArea

from tuiflow.tui.modals.base import Modal

_ASK = "Not saved: ctrl+s or ctrl+r, or esc again throws it away"


@dataclass(frozen=True, slots=True)
class NoteForAll:
    """`append` puts it below the note of a run, else it takes its place, which may be with none."""

    text: str
    append: bool


class NotesModal(Modal[NoteForAll]):
    """Answers the text and what to do with it."""

    keys = "ctrl+s add to each note · ctrl+r replace each note · esc cancel"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save(True)", priority=True, show=False),
        Binding("ctrl+r", "save(False)", priority=True, show=False),
        Binding("escape", "cancel", priority=True, show=False),
    ]

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

    def action_save(self, append: bool) -> None:
        if self._text or not append:
            self.dismiss(NoteForAll(self._text, append))

    def action_cancel(self) -> None:
        if self._asked or not self._text:
            self.dismiss(None)
            return
        self._asked = True
        self.query_one(".modal--keys", Static).update(Content(_ASK))
