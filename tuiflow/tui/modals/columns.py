"""Choose the columns of the runs table: check marks, and typing searches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from tuiflow.protocols import KeyNames
from tuiflow.tui.modals.base import Modal
from tuiflow.tui.widgets.columns import all_columns
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

FIXED = "name"
"""The column that is always there."""

_GROUPS = ("metrics.", "params.", "model", "tags.")


class _Search(Input):
    """Leaves space to the check marks: no key of a run needs it to be found."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return key != "space" and super().check_consume_key(key, character)


class ColumnsModal(Modal[list[str]]):
    """Answers the ids of the columns chosen, in the order to show them; none for the default."""

    heading = "Columns"
    keys = "type to search · space check · enter apply · esc cancel"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "check", priority=True, show=False),
        Binding("down,ctrl+n", "rows('down')", priority=True, show=False),
        Binding("up", "rows('up')", priority=True, show=False),
        Binding("pagedown", "rows('page_down')", priority=True, show=False),
        Binding("pageup", "rows('page_up')", priority=True, show=False),
    ]

    def __init__(self, chosen: Sequence[str], names: KeyNames) -> None:
        super().__init__()
        self._old = list(chosen)
        self._checked = set(chosen) | {FIXED}
        self._all = all_columns(names)
        self._shown = self._all

    def compose_body(self) -> ComposeResult:
        yield _Search(placeholder="search", compact=True)
        yield RowsView([Column("", flexible=True)], heading=False, id="columns")

    def on_mount(self) -> None:
        self.query_one(RowsView).can_focus = False
        self.query_one(Input).cursor_blink = False
        self._show()

    def _show(self) -> None:
        wanted = self.query_one(Input).value.casefold().split()
        self._shown = [
            item for item in self._all if all(word in item.casefold() for word in wanted)
        ]
        rows = [Row(item, (self._cell(item),)) for item in self._shown]
        self.query_one(RowsView).show(rows, note="There is no such column")

    def _cell(self, item: str) -> Cell:
        checked = item in self._checked
        text = f"{'✓' if checked else ' '} {item}"
        return Cell(text, "dim" if item == FIXED else "name" if checked else "")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show()
        self.query_one(RowsView).action_top()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        place = {item: index for index, item in enumerate(self._all)}
        old = {item: index for index, item in enumerate(self._old)}
        chosen = sorted(
            self._checked,
            key=lambda item: (_group(item), old.get(item, len(old)), place.get(item, -1)),
        )
        self.dismiss(chosen if len(chosen) > 1 else [])

    def on_rows_view_opened(self, event: RowsView.Opened) -> None:
        self.action_check()

    def action_check(self) -> None:
        item = self.query_one(RowsView).key
        if item is not None and item != FIXED:
            self._checked ^= {item}
            self._show()

    def action_rows(self, name: str) -> None:
        """Move the list while the focus is in the field."""
        getattr(self.query_one(RowsView), f"action_{name}")()


def _group(item: str) -> int:
    for number, prefix in enumerate(_GROUPS, 1):
        if item.startswith(prefix):
            return number
    return 0
