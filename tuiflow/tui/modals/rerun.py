"""Do a project's run again with changed params."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tuiflow.tui.modals.tags import TagsModal
from tuiflow.tui.reruns import STAYS


class RerunModal(TagsModal):
    """Answers the params that change."""

    keys = (
        "{field.submit} set, or start when empty · {tags.edit} edit · {tags.remove} as it was"
        " · {dialog.cancel} cancel"
    )
    own_prefixes = ()

    def __init__(self, name: str, params: Mapping[str, str]) -> None:
        super().__init__(f"Run {name} again", [params])

    def compose_body(self) -> ComposeResult:
        yield from super().compose_body()
        yield Static(Content(STAYS), classes="modal--label")

    def action_remove(self) -> None:
        self.forget_edit()
