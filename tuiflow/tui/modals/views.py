"""The saved views: choose one, rename or delete it; and the name for a new one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input

from tuiflow.errors import InvalidInput
from tuiflow.store.views import View, checked_name
from tuiflow.tui.actions import bindings
from tuiflow.tui.modals.base import Modal
from tuiflow.tui.widgets.columns import sort_title
from tuiflow.tui.widgets.field import Field
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView

Deed = Literal["show", "rename", "delete", "save"]


class ViewsModal(Modal[tuple[Deed, str]]):
    """Answers what is to be done, and with which view; `save` with none."""

    heading = "Saved views"
    keys = (
        "{lists.open} show · {views.save} save · {views.rename} rename · {views.delete} delete"
        " · {dialog.cancel} close"
    )

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("views")]

    def __init__(self, views: Mapping[str, View]) -> None:
        super().__init__()
        self._views = views

    def compose_body(self) -> ComposeResult:
        columns = [Column("", flexible=True), Column("", flexible=True, fills=True, most=200)]
        yield RowsView(columns, heading=False, id="views")

    def on_mount(self) -> None:
        rows = self.query_one(RowsView)
        rows.styles.height = max(min(len(self._views), 14), 1)
        rows.show(
            [
                Row(name, (Cell(name, "name"), Cell(described(view), "dim")))
                for name, view in self._views.items()
            ],
            note=self.keyed("None yet: {views.save} keeps the present filter, order and columns"),
        )
        rows.focus()

    def on_rows_view_opened(self, event: RowsView.Opened) -> None:
        self.dismiss(("show", event.key))

    def action_save(self) -> None:
        self.dismiss(("save", ""))

    def action_rename(self) -> None:
        self._answer("rename")

    def action_delete(self) -> None:
        self._answer("delete")

    def _answer(self, deed: Deed) -> None:
        name = self.query_one(RowsView).key
        if name is not None:
            self.dismiss((deed, name))


def described(view: View) -> str:
    """A view in a few words: `metrics.rmse < 0.8 · rmse ↑ · 4 columns`."""
    parts = [view.filter, *(sort_title(order) for order in view.order[:2])]
    if view.columns is not None:
        parts.append(f"{len(view.columns)} columns")
    return " · ".join(part for part in parts if part) or "everything, newest first"


class ViewNameModal(Modal[str]):
    """Answers a name; one that is `taken` only when it was entered twice, where it may be."""

    keys = "{field.submit} save · {dialog.cancel} cancel"

    def __init__(
        self, heading: str, name: str, taken: Collection[str], *, overwrite: bool = True
    ) -> None:
        super().__init__()
        self.heading = heading
        self._name = name
        self._taken = taken
        self._overwrite = overwrite
        self._asked: str | None = None

    def compose_body(self) -> ComposeResult:
        yield Field(self._name, placeholder="name", select=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        try:
            name = checked_name(event.value)
        except InvalidInput as error:
            self.tell(error.message)
            return
        if name not in self._taken or name == self._asked:
            self.dismiss(name)
        elif self._overwrite:
            self._asked = name
            self.tell(self.keyed("That view is there: {field.submit} again overwrites it"))
        else:
            self.tell("Another view has that name")
