"""The filter bar: live, keeps the last good filter while the text is wrong, caret under it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from tuiflow.errors import FilterError
from tuiflow.filters import Key, Node, parse_filter
from tuiflow.tui.reader import Asks

DELAY_SECONDS = 0.15
"""How long typing must pause before the filter is applied."""


class FilterBar(Asks):
    """Hidden while it is empty and without the focus.

    `text` and `node` are the last good filter; `known` are keys to suggest from.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "clear", show=False),
        Binding("down,tab", "leave", "to the runs", show=False),
    ]

    class Changed(Message):
        """There is another good filter."""

    class Left(Message):
        """The focus should go back to the runs."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.node: Node | None = None
        self.known: Iterable[Key] = ()
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("/", id="filter-sign")
            yield Input(id="filter", compact=True, select_on_focus=False)
        yield Static(id="filter-mistake")

    @property
    def _input(self) -> Input:
        return self.query_one(Input)

    @property
    def is_typing(self) -> bool:
        return self._input.has_focus

    def on_mount(self) -> None:
        self._input.cursor_blink = False

    def set_text(self, text: str) -> None:
        """Take over a remembered filter; a text that is wrong is shown with its mistake."""
        self._stop_timer()
        with self.prevent(Input.Changed):
            self._input.value = text
        self.text, self.node = "", None
        self._parse()
        self.set_class(bool(text), "-shown")

    def open(self) -> None:
        """Show the bar and put the focus into it."""
        self.add_class("-shown")
        self.screen.set_focus(self._input)
        self._input.action_end()

    def clear(self) -> bool:
        """Take the filter away; False where there was none."""
        had = bool(self._input.value)
        self.set_text("")
        if had:
            self.post_message(self.Changed())
        return had

    def action_clear(self) -> None:
        self.clear()
        self.action_leave()

    def action_leave(self) -> None:
        self._apply()
        self.set_class(bool(self._input.value), "-shown")
        self.post_message(self.Left())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_leave()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._stop_timer()
        self._timer = self.set_timer(DELAY_SECONDS, self._apply)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _apply(self) -> None:
        self._stop_timer()
        before = self.node
        if self._parse() and self.node != before:
            self.post_message(self.Changed())

    def _parse(self) -> bool:
        text = self._input.value
        try:
            node = parse_filter(text, self.app.clock(), self.known)
        except FilterError as error:
            self._show_mistake(error)
            return False
        self.text, self.node = text.strip(), node
        self.query_one("#filter-mistake").display = False
        return True

    def _show_mistake(self, error: FilterError) -> None:
        caret = error.caret()
        room = max(self.size.width - 4, 20)
        kept = " · last good result shown" if self.node is not None else ""
        message = f"{caret} {error.reason}{kept}"
        if len(message) > room:
            message = f"{caret[-room:]}\n{error.reason}{kept}"
        line = self.query_one("#filter-mistake", Static)
        line.update(Content(message))
        line.display = True
