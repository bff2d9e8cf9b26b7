"""The keys that work where one was, from the action table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from tuiflow.text import clean, clean_block
from tuiflow.tui.actions import CONTEXTS, Action
from tuiflow.tui.modals.base import Modal


class HelpModal(Modal[None]):
    """List `actions` by context under what is told `about` the place; scrolls."""

    heading = "Keys"
    keys = "j k scroll · esc close"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1,q,enter", "cancel", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, actions: Sequence[Action], about: str = "") -> None:
        super().__init__()
        self._actions = actions
        self._about = about

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            if self._about:
                yield Static(Content(self._about), classes="help--about")
            for context in reversed(CONTEXTS):
                items = [item for item in self._actions if item.where == context and item.keys]
                if items:
                    yield Static(Content(CONTEXTS[context]), classes="help--context")
                    yield Static(Content("\n".join(map(_line, items))), classes="help--keys")

    def action_scroll(self, lines: int) -> None:
        self.query_one("#help").scroll_relative(y=lines, animate=False)


class ModalHelp(HelpModal):
    """What the keys of a modal do, as its foot has them, and those of its focused text field."""

    def __init__(self, heading: str, keys: str, focused: Widget | None) -> None:
        super().__init__(())
        self._title = heading
        self._keys = keys.split(" · ")
        field = isinstance(focused, (Input, TextArea))
        bound = type(focused).BINDINGS if field and focused is not None else []
        self._field = [*filter(None, map(_field_line, bound))]

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Static(Content(clean(self._title, 60)), classes="help--context")
            keys = "\n".join(f"  {text}" for text in self._keys)
            yield Static(Content(clean_block(keys)), classes="help--keys")
            if self._field:
                yield Static(Content("Text"), classes="help--context")
                yield Static(Content("\n".join(self._field)), classes="help--keys")


def _field_line(binding: BindingType) -> str | None:
    """A line for what a text field does with ctrl and a key, None for other keys."""
    if not isinstance(binding, Binding) or not binding.description:
        return None
    keys = [key for key in binding.key.split(",") if key.startswith("ctrl+") and "shift" not in key]
    return f"  {' '.join(keys):<24} {binding.description}" if keys else None


def _line(item: Action) -> str:
    return f"  {' '.join(item.shown_keys):<14} {item.help}"
