"""Ask for the folder that an artifact is saved in."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.widgets import Input, Static

from tuiflow.tui.modals.base import Modal
from tuiflow.tui.widgets.field import Field


class DownloadModal(Modal[tuple[Path, bool]]):
    """Answers where the copy goes and whether it replaces what is there; asks before it does."""

    keys = "{field.submit} save · {dialog.cancel} cancel"

    def __init__(self, heading: str, name: str) -> None:
        super().__init__()
        self.heading = heading
        self._file_name = name
        self._replace: Path | None = None

    def compose_body(self) -> ComposeResult:
        yield Static("into the folder", classes="modal--label")
        yield Field(".")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        typed = event.value.strip()
        folder = Path(typed).expanduser()
        try:
            target = folder / self._file_name
            if not typed or (folder.exists() and not folder.is_dir()):
                self.tell("Write the name of a folder")
            elif (target.exists() or target.is_symlink()) and target != self._replace:
                self._replace = target
                again = self.keyed("{field.submit} again replaces it")
                self.tell(f"{self._file_name} is there already: {again}")
            else:
                self.dismiss((target, target == self._replace))
        except (OSError, ValueError, RuntimeError) as error:
            self.tell(f"That can't be: {error}")
