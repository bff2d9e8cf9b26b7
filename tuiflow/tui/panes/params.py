"""Params: all of a run's parameters, searched as one types."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input, Static

from tuiflow.entities import Run
from tuiflow.tui.actions import bindings
from tuiflow.tui.panes.base import RunPane, plain
from tuiflow.tui.widgets.field import Field
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView


class ParamsPane(RunPane):
    """Names and values; the value under the cursor is written out below."""

    HELP = (
        "Every param; the value under the cursor stands below in full. {lists.filter} "
        "searches names and values."
    )
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("lists.filter")]

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._search = ""

    def compose(self) -> ComposeResult:
        yield RowsView(
            [Column("param", flexible=True, most=48), Column("value", flexible=True, most=400)],
            id="params",
        )
        yield Static(id="params-value")
        yield Field(placeholder="/ search names and values", id="params-search")

    def front(self) -> Widget:
        return self.query_one("#params")

    def load(self) -> None:
        params = self.run.data.params
        needle = self._search.casefold()
        rows = [
            Row(key, (Cell(key, "name"), params[key]))
            for key in sorted(params)
            if needle in key.casefold() or needle in params[key].casefold()
        ]
        note = f"No param contains {self._search!r}." if needle else "No params were logged."
        self.query_one("#params", RowsView).show(rows, note=note)
        self.query_one("#params-search").display = bool(params)
        self._show_value()

    def action_filter(self) -> None:
        self.query_one("#params-search").focus()

    @on(RowsView.Moved)
    def _show_value(self) -> None:
        key = self.query_one("#params", RowsView).key
        value = self.run.data.params.get(key, "") if key else ""
        self.query_one("#params-value", Static).update(plain(value), layout=False)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._search = event.value
        self.load()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.query_one("#params").focus()

    def clear_something(self) -> bool:
        search = self.query_one("#params-search", Input)
        if search.value or search.has_focus:
            search.value = ""
            self.query_one("#params").focus()
            return True
        return False
