"""Choose one of many columns by typing a part of its name."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widgets import Input

from tuiflow.tui.modals.listed import ListedModal
from tuiflow.tui.widgets.field import Field
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView


class ChooseKeyModal(ListedModal[str]):
    """Answers one of `options`; the cursor starts on `here`."""

    keys = "type to search · {field.submit} choose · {dialog.cancel} cancel"

    def __init__(self, heading: str, options: Sequence[str], here: str | None) -> None:
        super().__init__()
        self.heading = heading
        self._options = options
        self._here = here

    def compose_body(self) -> ComposeResult:
        yield Field(placeholder="search")
        yield RowsView([Column("", flexible=True)], heading=False, id="columns")

    def on_mount(self) -> None:
        self.query_one(RowsView).can_focus = False
        self._show()

    def _show(self) -> None:
        words = self.query_one(Input).value.casefold().split()
        found = [item for item in self._options if all(word in item.casefold() for word in words)]
        rows = [Row(item, (Cell(item, "name" if item == self._here else ""),)) for item in found]
        self.query_one(RowsView).show(rows, note="There is no such column")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show()
        self.query_one(RowsView).action_top()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        key = self.query_one(RowsView).key
        if key is not None:
            self.dismiss(key)

    def on_rows_view_opened(self, event: RowsView.Opened) -> None:
        self.dismiss(event.key)
