"""Choose one of a few things."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from tuiflow.tui.modals.base import Modal
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView


class ChooseModal(Modal[str]):
    """Shows (name, text) pairs and answers the name that was chosen."""

    keys = "{lists.down} {lists.up} move · {lists.open} choose · {dialog.cancel} cancel"

    def __init__(self, heading: str, options: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.heading = heading
        self._options = options

    def compose_body(self) -> ComposeResult:
        yield RowsView(
            [Column("", most=20), Column("", flexible=True, most=200)], heading=False, id="choices"
        )

    def on_mount(self) -> None:
        rows = self.query_one(RowsView)
        rows.styles.height = len(self._options)
        rows.show([Row(name, (Cell(name, "name"), text)) for name, text in self._options])
        rows.focus()

    def on_rows_view_opened(self, event: RowsView.Opened) -> None:
        self.dismiss(event.key)
