"""Ask for the file that runs are written to, and whether their artifacts are to be copied, too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from tuiflow.store.run_files import RunFormat
from tuiflow.text import clean
from tuiflow.tui.actions import bindings
from tuiflow.tui.modals.export import ExportModal

_WHAT = {
    RunFormat.CSV: "CSV: a row a run, the last value of each metric",
    RunFormat.JSON: "JSON: all of each run, with every point of its metrics",
    RunFormat.MD: "Markdown: a report of each run",
}


class ExportRunsModal(ExportModal):
    """Answers the path, whose ending is one of `RunFormat`; `artifacts` is the folder for them.

    `taken` says of such a folder how many of the runs it holds already. They are replaced, or kept
    as they are, only by a key of their own; `kept` and `replaces` tell which it was."""

    keys = (
        "{export.format} format · {export.artifacts} artifacts · {field.submit} write"
        " · {dialog.cancel} cancel"
    )

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("export")]

    def __init__(self, heading: str, name: str, taken: Callable[[Path], int]) -> None:
        super().__init__(heading, name)
        self._copies = False
        self._taken = taken
        self._asked: Path | None = None
        self.replaces = False
        self.kept = 0
        """How many runs' folders stay as they are."""

    def compose_body(self) -> ComposeResult:
        yield from super().compose_body()
        yield Static(id="export-what")

    def on_mount(self) -> None:
        self._tell()

    @property
    def _path(self) -> Path:
        return Path(self.query_one(Input).value.strip()).expanduser()

    @property
    def artifacts(self) -> Path | None:
        """The folder that artifacts are to be copied to, beside the file; None for no copies."""
        return self._path.with_name(f"{self._path.stem}-artifacts") if self._copies else None

    def form(self) -> RunFormat | None:
        """The format that the file's ending says."""
        ending = self._path.suffix.lower().removeprefix(".")
        return RunFormat(ending) if ending in list(RunFormat) else None

    def _tell(self) -> None:
        form = self.form()
        what = "the ending says the format: .csv, .json or .md" if form is None else _WHAT[form]
        folder = f"copied to {self._path.stem}-artifacts/RUN_ID" if self._copies else "not copied"
        text = Content(f"{what}\nartifacts: {clean(folder, 56)}")
        self.query_one("#export-what", Static).update(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        if self.artifacts != self._asked:
            self.kept = 0
        self._tell()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if self.form() is None:
            event.prevent_default()  # the base takes any ending
            self.tell("Write a name that ends with .csv, .json or .md")
            return
        folder = self.artifacts
        count = 0 if folder is None else self._taken(folder)
        self.replaces = count > 0 and folder == self._asked and not self.kept
        if count and not self.replaces and not self.kept:
            event.prevent_default()
            self._asked = folder
            folders = "a folder is" if count == 1 else f"{count:,} folders are"
            keys = self.keyed("{field.submit} replaces, {export.keep} keeps as it was")
            self.tell(f"{folders} there: {keys}")

    async def action_keep(self) -> None:
        """Keep the folders that are there, and write the others."""
        folder = self.artifacts
        if folder is not None and folder == self._asked:
            self.kept = self._taken(folder)
            await self.query_one(Input).action_submit()

    def action_format(self) -> None:
        forms, form = list(RunFormat), self.form()
        following = forms[(forms.index(form) + 1) % len(forms)] if form else forms[0]
        field = self.query_one(Input)
        stem = field.value[: -len(self._path.suffix)] if self._path.suffix else field.value
        field.value = f"{stem}.{following}"
        field.action_end()

    def action_artifacts(self) -> None:
        self._copies = not self._copies
        self._tell()
