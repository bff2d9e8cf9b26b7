"""Ask for the folder that an artifact is saved in."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from tuiflow.text import clean
from tuiflow.tui.modals.base import Modal


class DownloadModal(Modal[tuple[Path, bool]]):
    """Answers where the copy goes and whether it replaces what is there; asks before it does."""

    keys = "enter save · esc cancel"

    def __init__(self, heading: str, name: str) -> None:
        super().__init__()
        self.heading = heading
        self._file_name = name
        self._replace: Path | None = None

    def compose_body(self) -> ComposeResult:
        yield Static("into the folder", classes="modal--label")
        yield Input(".", compact=True, select_on_focus=True)

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False

    def on_input_submitted(self, event: Input.Submitted) -> None:
        typed = event.value.strip()
        folder = Path(typed).expanduser()
        try:
            target = folder / self._file_name
            if not typed or (folder.exists() and not folder.is_dir()):
                self._say("Write the name of a folder")
            elif (target.exists() or target.is_symlink()) and target != self._replace:
                self._replace = target
                self._say(f"{self._file_name} is there already: enter again replaces it")
            else:
                self.dismiss((target, target == self._replace))
        except (OSError, ValueError, RuntimeError) as error:
            self._say(f"That can't be: {error}")

    def _say(self, text: str) -> None:
        self.query_one(".modal--keys", Static).update(Content(clean(text)))
