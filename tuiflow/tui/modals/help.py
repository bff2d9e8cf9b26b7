"""The keys that work where one was, from the action table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tuiflow.tui.actions import CONTEXTS, Action
from tuiflow.tui.modals.base import Modal


class HelpModal(Modal[None]):
    """List `actions` by context; scrolls."""

    heading = "Keys"
    keys = "j k scroll · esc close"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q,enter", "cancel", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__()
        self._actions = actions

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            for context in reversed(CONTEXTS):
                items = [item for item in self._actions if item.where == context and item.keys]
                if items:
                    yield Static(Content(CONTEXTS[context]), classes="help--context")
                    yield Static(Content("\n".join(map(_line, items))), classes="help--keys")

    def action_scroll(self, lines: int) -> None:
        self.query_one("#help").scroll_relative(y=lines, animate=False)


def _line(item: Action) -> str:
    return f"  {' '.join(item.shown_keys):<14} {item.help}"
