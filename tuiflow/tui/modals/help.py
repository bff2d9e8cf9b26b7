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

from tuiflow.text import clean
from tuiflow.tui.actions import CONTEXTS, Action, bindings
from tuiflow.tui.modals.base import Modal


class HelpModal(Modal[None]):
    """List `actions` by context under what is told `about` the place; scrolls."""

    heading = "Keys"
    keys = "{lists.down} {lists.up} scroll · {dialog.cancel} close"

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            "lists.down", "lists.up", "lists.half_down", "lists.half_up",
            "lists.page_down", "lists.page_up", "lists.open", "app.quit",
        )
    ]  # fmt: skip

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
            yield from self.compose_more()

    def compose_more(self) -> ComposeResult:
        """Yield what stands below the actions."""
        yield from ()

    def _scroll(self, pages: float = 0, lines: int = 0) -> None:
        page = self.query_one("#help")
        page.scroll_relative(y=lines + round(pages * page.size.height), animate=False)

    def action_down(self) -> None:
        self._scroll(lines=1)

    def action_up(self) -> None:
        self._scroll(lines=-1)

    def action_half_down(self) -> None:
        self._scroll(0.5)

    def action_half_up(self) -> None:
        self._scroll(-0.5)

    def action_page_down(self) -> None:
        self._scroll(1)

    def action_page_up(self) -> None:
        self._scroll(-1)

    def action_help(self) -> None:
        self.dismiss(None)

    action_open = action_quit = action_help


class ModalHelp(HelpModal):
    """What the keys of a modal do, and those that its focused text field has by itself."""

    def __init__(self, heading: str, actions: Sequence[Action], focused: Widget | None) -> None:
        super().__init__(actions, clean(heading, 60))
        kind = next((kind for kind in (Input, TextArea) if isinstance(focused, kind)), None)
        self._field = [*filter(None, map(_field_line, kind.BINDINGS if kind else ()))]

    def compose_more(self) -> ComposeResult:
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
