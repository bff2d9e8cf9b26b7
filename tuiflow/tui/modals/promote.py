"""Let an alias mean a version: champion, or another."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from tuiflow.entities import RegisteredModel
from tuiflow.errors import InvalidInput
from tuiflow.text import clean
from tuiflow.tui.modals.names import NamesModal


class PromoteModal(NamesModal[str]):
    """Answers the alias that is to mean the version."""

    keys = (
        "type an alias · {field.previous} {field.next} choose · {field.submit} set"
        " · {dialog.cancel} cancel"
    )
    new_remark = "a new alias"
    new_first = True

    def __init__(self, model: RegisteredModel, version: int, offered: str) -> None:
        remarks = {
            alias: f"now version {number}" if number != version else "this version already"
            for alias, number in sorted(model.aliases.items())
        }
        super().__init__(list(remarks), remarks)
        self.heading = f"Promote {clean(model.name, 40)} version {version}"
        self._version = version
        self._offered = offered

    def compose_body(self) -> ComposeResult:
        yield Static(Content("alias that means this version from now on"), classes="modal--label")
        yield from self.compose_names()

    def on_mount(self) -> None:
        super().on_mount()
        field = self.query_one("#name", Input)
        field.value = self._offered
        field.action_select_all()

    def chosen(self, name: str) -> None:
        from tuiflow.store.model_names import check_new_alias

        try:
            check_new_alias(name)
        except InvalidInput as error:
            self.tell(error.message, "$error")
            return
        self.dismiss(name)
