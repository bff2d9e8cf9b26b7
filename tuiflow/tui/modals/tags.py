"""Edit the tags of one or more runs, or of whatever else has tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from tuiflow.tui.actions import bindings
from tuiflow.tui.modals.listed import ListedModal
from tuiflow.tui.widgets.field import Field
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

OWN_PREFIXES = ("mlflow.", "tuiflow.")
"""Tags with these are kept by the tools themselves and not listed."""


class TagsModal(ListedModal[dict[str, str | None]]):
    """Answers what changes, by key; None as a value removes the tag."""

    keys = (
        "{field.submit} set, or save when empty · {tags.edit} edit · {tags.remove} remove"
        " · {dialog.cancel} cancel"
    )
    own_prefixes: tuple[str, ...] = OWN_PREFIXES

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("tags")]

    def __init__(self, heading: str, tags: Sequence[Mapping[str, str]]) -> None:
        super().__init__()
        self.heading = heading
        self._tags = tags
        self._edits: dict[str, str | None] = {}

    def compose_body(self) -> ComposeResult:
        yield Field(placeholder="key=value")
        yield RowsView([Column("", most=28), Column("", flexible=True)], heading=False, id="tags")

    def on_mount(self) -> None:
        self.query_one(RowsView).can_focus = False
        self._show()

    def _show(self) -> None:
        present = {key for tags in self._tags for key in tags}
        listed = sorted(
            key for key in present | set(self._edits) if not key.startswith(self.own_prefixes)
        )
        rows = self.query_one(RowsView)
        rows.show([Row(key, (key, self._cell(key))) for key in listed])
        rows.display = bool(listed)

    def _value(self, key: str) -> str | None:
        """The value the tag will have; None where it goes, `…` where runs differ."""
        if key in self._edits:
            return self._edits[key]
        values = {tags.get(key) for tags in self._tags}
        return next(iter(values)) if len(values) == 1 else "…"

    def _cell(self, key: str) -> Cell:
        value = self._value(key)
        if value is None:
            return Cell("removed", "dim")
        return Cell(value, "name" if key in self._edits else "")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if not text:
            self.action_save()
            return
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            self.tell("Write it as key=value")
            return
        self._edits[key.strip()] = value.strip()
        event.input.value = ""
        self.tell()
        self._show()
        self.query_one(RowsView).go_to(key.strip())

    def action_edit(self) -> None:
        key = self.query_one(RowsView).key
        if key is not None:
            self.query_one(Input).value = f"{key}={self._value(key) or ''}"
            self.query_one(Input).action_end()

    def action_remove(self) -> None:
        key = self.query_one(RowsView).key
        if key is not None:
            if self._edits.get(key, "") is None:
                del self._edits[key]
            else:
                self._edits[key] = None
            self._show()

    def forget_edit(self) -> None:
        """Leave the tag under the cursor as it was."""
        self._edits.pop(self.query_one(RowsView).key or "", None)
        self._show()

    def action_save(self) -> None:
        self.dismiss(self._edits)
