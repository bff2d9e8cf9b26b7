"""The registered models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from tuiflow.entities import ModelVersion, RegisteredModel
from tuiflow.text import MISSING, ago
from tuiflow.tui.actions import bindings
from tuiflow.tui.bulk import plural
from tuiflow.tui.model_actions import ModelActions
from tuiflow.tui.reader import StoreChanged
from tuiflow.tui.registered import ModelRow, list_models
from tuiflow.tui.screens.versions import VersionsScreen
from tuiflow.tui.widgets.field import Field
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView


class ModelsScreen(ModelActions):
    """Every registered model with its newest version and its aliases."""

    HELP = "Registered models, each with its newest version and its aliases."
    HINTS: ClassVar[tuple[str, ...]] = (
        *("lists.open", "models.serve", "models.promote", "lists.filter", "models.tags"),
        *("models.describe", "models.delete", "app.runs"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("models", "lists.filter")]
    AUTO_FOCUS = "#registered"

    def __init__(self) -> None:
        super().__init__()
        self._models: list[ModelRow] = []

    def compose_body(self) -> ComposeResult:
        yield RowsView(
            [
                Column("name", flexible=True),
                Column("versions", right=True),
                Column("newest", right=True),
                Column("aliases", flexible=True),
                Column("changed", right=True),
                Column("description", flexible=True, optional=True, fills=True, most=200),
            ],
            id="registered",
        )
        yield Static(_empty(self.app.keyed("{runs.register}")), id="registered-empty")
        yield Field(placeholder="/ search names", id="registered-search")

    def hints(self) -> Sequence[str | tuple[str, str]]:
        if isinstance(self.focused, Input):
            return (("{field.submit}", "to the list"), ("{app.back}", "clear the search"))
        return self.HINTS if self._models else ("app.runs", "app.servers", "app.palette")

    def on_mount(self) -> None:
        self.crumbs.show("models")
        self._look_again()

    @property
    def _rows(self) -> RowsView:
        return self.query_one("#registered", RowsView)

    @property
    def current_model(self) -> RegisteredModel | None:
        key = self._rows.key
        return next((row.model for row in self._models if row.model.name == key), None)

    @property
    def current_version(self) -> ModelVersion | None:
        return None

    def why_not(self, action_id: str) -> str | None:
        reason = super().why_not(action_id)
        if reason is None and action_id == "models.diff":
            return "enter shows the versions: mark two or more with space, then d"
        return reason

    # looking

    def on_store_changed(self, message: StoreChanged) -> None:
        self._look_again()

    def _look_again(self) -> None:
        store = self.store
        self.ask("models", lambda: list_models(store), self._looked)

    def _looked(self, models: list[ModelRow]) -> None:
        self._models = models
        self._rows.display = bool(models)
        self.query_one("#registered-empty").display = not models
        self.query_one("#registered-search").display = bool(models)
        self._show()
        if models and self.focused is None:
            self._rows.focus()

    def _show(self) -> None:
        needle = self.query_one(Input).value.strip().casefold()
        found = [row for row in self._models if needle in row.model.name.casefold()]
        rows = [_model_row(row, self.app.clock()) for row in found]
        self._rows.show(
            rows,
            note=self.app.keyed("No registered model has that in its name. {app.back} clears it."),
        )
        total = plural(len(self._models), "registered model")
        counted = f"{len(found):,} of {total}" if needle else total
        self.crumbs.show("models", *([counted] if self._models else []))
        self.refresh_hints()

    # acting

    @on(RowsView.Moved)
    def _moved(self) -> None:
        self.refresh_hints()

    @on(RowsView.Opened, "#registered")
    def _opened(self) -> None:
        model = self.current_model
        if model is not None:
            self.app.push_screen(VersionsScreen(model.name))

    def action_diff(self) -> None:
        """What is compared are versions; `why_not` says so."""

    def action_filter(self) -> None:
        if self._models:
            self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._show()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._rows.focus()

    def clear_something(self) -> bool:
        search = self.query_one(Input)
        if search.value or search.has_focus:
            search.value = ""
            self._rows.focus()
            return True
        return False


def _model_row(row: ModelRow, now: int) -> Row:
    model = row.model
    newest = model.newest_version
    aliases = "  ".join(f"@{alias} {number}" for alias, number in sorted(model.aliases.items()))
    return Row(
        model.name,
        (
            Cell(model.name, "name"),
            f"{row.count:,}",
            MISSING if newest is None else str(newest),
            Cell(aliases, "good"),
            Cell(ago(model.last_change, now), "dim"),
            Cell(model.description or "", "dim"),
        ),
    )


def _empty(key: str) -> Content:
    command = "tuiflow models register runs:/latest/model NAME"
    return Content.assemble(
        "No model is registered yet.\n\n",
        (f"  {key}", "bold $primary"),
        (" in Runs registers the model of the run under the cursor. From a shell:\n\n", "$dim"),
        (f"  {command}", "bold $primary"),
    )
