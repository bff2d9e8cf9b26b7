"""Choose a theme and see it while choosing."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from tuiflow.tui.modals.base import Modal
from tuiflow.tui.widgets.rows import Column, Row, RowsView


class ThemesModal(Modal[str]):
    """Has the app wear the theme under the cursor; answers the name of the one that was chosen.

    With esc the app is as it was, and the answer None.
    """

    heading = "Theme"
    keys = "{lists.down} {lists.up} move · {lists.open} choose · {dialog.cancel} cancel"

    def __init__(self, names: Sequence[str], worn: str) -> None:
        super().__init__()
        self._names = names
        self._worn = worn

    def compose_body(self) -> ComposeResult:
        yield RowsView([Column("", flexible=True)], heading=False, id="themes")

    def on_mount(self) -> None:
        rows = self.query_one(RowsView)
        rows.show([Row(name, (name,)) for name in self._names])
        rows.go_to(self._worn)
        rows.focus()

    def on_rows_view_moved(self, event: RowsView.Moved) -> None:
        if event.key is not None and self.is_current:
            self.app.theme = event.key

    def on_rows_view_opened(self, event: RowsView.Opened) -> None:
        self.dismiss(event.key)

    def action_cancel(self) -> None:
        self.app.theme = self._worn
        self.dismiss(None)
