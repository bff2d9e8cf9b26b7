"""A dialog with a list that is moved through while the focus stays in a text field."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from tuiflow.tui.actions import bindings
from tuiflow.tui.modals.base import Answer, Modal
from tuiflow.tui.widgets.rows import RowsView


class ListedModal(Modal[Answer]):
    """A subclass says which list is moved by the keys of text fields."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("field.next", "field.previous", "field.next_page", "field.previous_page")
    ]

    @property
    def rows(self) -> RowsView:
        """The list that is moved."""
        return self.query_one(RowsView)

    def action_next(self) -> None:
        self.rows.action_down()

    def action_previous(self) -> None:
        self.rows.action_up()

    def action_next_page(self) -> None:
        self.rows.action_page_down()

    def action_previous_page(self) -> None:
        self.rows.action_page_up()
