"""Ask for the file that runs are written to."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.widgets import Input

from tuiflow.tui.modals.base import Modal
from tuiflow.tui.widgets.field import Field

KEYS = "{field.submit} write · {dialog.cancel} cancel"


class ExportModal(Modal[Path]):
    """Answers the path; asks again before a file is overwritten."""

    keys = KEYS

    def __init__(self, heading: str, name: str) -> None:
        super().__init__()
        self.heading = heading
        self._name = name
        self._overwrite: Path | None = None

    def compose_body(self) -> ComposeResult:
        yield Field(self._name, select=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        path = Path(text).expanduser()
        if not text or path.is_dir():
            self.tell("Write the name of a file")
        elif not path.parent.is_dir():
            self.tell(f"There is no folder {path.parent}")
        elif path.exists() and path != self._overwrite:
            self._overwrite = path
            self.tell(self.keyed("That file is there: {field.submit} again overwrites it"))
        else:
            self.dismiss(path)
