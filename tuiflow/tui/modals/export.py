"""Ask for the file that runs are written to."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from tuiflow.tui.modals.base import Modal

KEYS = "enter write · esc cancel"


class ExportModal(Modal[Path]):
    """Answers the path; asks again before a file is overwritten."""

    keys = KEYS

    def __init__(self, heading: str, name: str) -> None:
        super().__init__()
        self.heading = heading
        self._name = name
        self._overwrite: Path | None = None

    def compose_body(self) -> ComposeResult:
        yield Input(self._name, compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False

    def on_input_submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        path = Path(text).expanduser()
        if not text or path.is_dir():
            self._say("Write the name of a file")
        elif not path.parent.is_dir():
            self._say(f"There is no folder {path.parent}")
        elif path.exists() and path != self._overwrite:
            self._overwrite = path
            self._say("That file is there: enter again overwrites it")
        else:
            self.dismiss(path)

    def _say(self, text: str) -> None:
        self.query_one(".modal--keys", Static).update(Content(text))
