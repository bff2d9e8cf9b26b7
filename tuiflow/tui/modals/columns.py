"""Choose the columns of the runs table and their order: check marks, and typing searches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from tuiflow.protocols import KeyNames
from tuiflow.tui.actions import bindings
from tuiflow.tui.modals.listed import ListedModal
from tuiflow.tui.widgets.columns import all_columns
from tuiflow.tui.widgets.field import Field
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

FIXED = "name"
"""The column that is always there, and first."""
MOST = 300
"""Columns listed at once; typing finds the others."""

_GROUPS = ("metrics.", "params.", "model", "tags.")
_MORE = "…"


class _Search(Field):
    """Leaves space to the check marks: no key of a run needs it to be found."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return key != "space" and super().check_consume_key(key, character)


class ColumnsModal(ListedModal[list[str]]):
    """Answers the ids of the columns chosen, in the order to show them; none for the default.

    The chosen ones are listed first, in their order.
    """

    heading = "Columns"
    keys = (
        "type to search · {columns.check} check · {columns.earlier} {columns.later} move"
        " · {columns.default} default · {field.submit} apply"
    )

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("columns")]

    def __init__(self, chosen: Sequence[str], names: KeyNames) -> None:
        super().__init__()
        self._chosen = [FIXED, *(item for item in chosen if item != FIXED)]
        # A column that is shown although no run has its key is still there to be unchecked.
        self._all = list(dict.fromkeys([*all_columns(names), *chosen]))
        self._folded = {item: item.casefold() for item in self._all}

    def compose_body(self) -> ComposeResult:
        yield _Search(placeholder="search")
        yield RowsView([Column("", flexible=True)], heading=False, id="columns")

    def on_mount(self) -> None:
        self.query_one(RowsView).can_focus = False
        self._show()

    def _show(self) -> None:
        wanted = self.query_one(Input).value.casefold().split()
        chosen = set(self._chosen)
        found = [
            item
            for item in (*self._chosen, *(item for item in self._all if item not in chosen))
            if all(word in self._folded[item] for word in wanted)
        ]
        rows = [Row(item, (self._cell(item),)) for item in found[:MOST]]
        if len(found) > MOST:
            left = len(found) - MOST
            rows.append(Row(_MORE, (Cell(f"  … {left:,} more: type to find them", "dim"),)))
        self.query_one(RowsView).show(rows, note="There is no such column")

    def _cell(self, item: str) -> Cell:
        checked = item in self._chosen
        text = f"{'✓' if checked else ' '} {item}"
        return Cell(text, "dim" if item == FIXED else "name" if checked else "")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._show()
        self.query_one(RowsView).action_top()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(self._chosen if len(self._chosen) > 1 else [])

    def on_rows_view_opened(self, event: RowsView.Opened) -> None:
        self.action_check()

    def action_check(self) -> None:
        """Show or hide the column under the cursor; a new one comes behind its like."""
        item = self.query_one(RowsView).key
        if item in (None, FIXED, _MORE):
            return
        assert item is not None
        if item in self._chosen:
            self._chosen.remove(item)
        else:
            place = max(i for i, other in enumerate(self._chosen) if _group(other) <= _group(item))
            self._chosen.insert(place + 1, item)
        self._show()

    def action_earlier(self) -> None:
        self._shift(-1)

    def action_later(self) -> None:
        self._shift(1)

    def _shift(self, step: int) -> None:
        """Move the column under the cursor among the chosen ones."""
        item = self.query_one(RowsView).key
        if item not in self._chosen or item == FIXED:
            return
        assert item is not None
        old = self._chosen.index(item)
        new = min(max(old + step, 1), len(self._chosen) - 1)
        self._chosen.insert(new, self._chosen.pop(old))
        self._show()

    def action_default(self) -> None:
        self.dismiss([])


def _group(item: str) -> int:
    for number, prefix in enumerate(_GROUPS, 1):
        if item.startswith(prefix):
            return number
    return 0
