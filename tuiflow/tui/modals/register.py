"""Register the models of runs: under which name, and with which alias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from tuiflow.entities import RegisteredModel
from tuiflow.errors import InvalidInput
from tuiflow.tui.bulk import Chosen, plural
from tuiflow.tui.modals.names import NamesModal
from tuiflow.tui.widgets.field import Field
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView


@dataclass(frozen=True, slots=True)
class Registration:
    """The name of the registered model, an alias of the version or none, and which of the run's
    models, None for the first."""

    name: str
    alias: str
    path: str | None


class RegisterModal(NamesModal[Registration]):
    """Asks for the name and, for a single run, for the alias and which model."""

    keys = (
        "{field.previous} {field.next} choose · {app.next_pane} next field"
        " · {field.submit} register · {dialog.cancel} cancel"
    )
    new_remark = "a new registered model"
    new_first = True

    def __init__(self, chosen: Chosen, models: Sequence[RegisteredModel]) -> None:
        super().__init__([model.name for model in models])
        self.heading = f"Register {chosen.title}"
        self._one = len(chosen) == 1
        self._paths = chosen.first[0].model_paths if self._one else ()
        self._remark = "The version points to the run's model; nothing is copied."
        if not self._one:
            without = sum(not run.model_paths for run in chosen.first)
            self._remark = "Each becomes a version, in the order in which they were marked."
            if len(chosen) > len(chosen.first):
                self._remark += " Runs without a model are left out."
            elif without:
                self._remark += f" {plural(without, 'run')} without a model: left out."

    def compose_body(self) -> ComposeResult:
        if len(self._paths) > 1:
            yield Static(Content("model"), classes="modal--label")
            paths = RowsView([Column("", flexible=True)], heading=False, id="paths")
            paths.styles.height = min(len(self._paths), 4)
            yield paths
        yield Static(Content("registered model"), classes="modal--label")
        yield from self.compose_names()
        if self._one:
            yield Static(Content("alias, such as champion; or none"), classes="modal--label")
            yield Field(id="alias")
        yield Static(Content(self._remark), id="register-remark")

    def on_mount(self) -> None:
        super().on_mount()
        if len(self._paths) > 1:
            paths = self.query_one("#paths", RowsView)
            paths.show([Row(path, (Cell(path, "name"),)) for path in self._paths])

    @on(Input.Submitted, "#alias")
    @on(RowsView.Opened, "#paths")
    def _submitted(self) -> None:
        self._entered()

    def chosen(self, name: str) -> None:
        from tuiflow.store.model_names import check_model_name, check_new_alias

        alias = self.query_one("#alias", Input).value.strip() if self._one else ""
        try:
            check_model_name(name)
            if alias:
                check_new_alias(alias)
        except InvalidInput as error:
            self.tell(error.message, "$error")
            return
        path = self.query_one("#paths", RowsView).key if len(self._paths) > 1 else None
        self.dismiss(Registration(name, alias, path))

    @property
    def rows(self) -> RowsView:
        """The list that has the focus, else the names."""
        return self.focused if isinstance(self.focused, RowsView) else super().rows
