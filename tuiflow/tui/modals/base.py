"""What all modals share: a box in the middle, esc to close it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tuiflow.text import clean
from tuiflow.tui.acts import Acts

if TYPE_CHECKING:
    from tuiflow.tui.app import TuiflowApp

Answer = TypeVar("Answer")


class Modal(Acts, ModalScreen[Answer | None]):
    """A modal over a dimmed screen; esc answers None.

    A subclass yields its body from `compose_body`. `heading` and `keys` (a line that says what
    the keys do) frame it.
    """

    heading: str = ""
    keys: str = "esc close"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "close", show=False),
        Binding("question_mark,f1", "help", show=False),  # the first is text in a text field
        Binding("ctrl+c", "app.quit", show=False),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="modal"):
            yield Static(Content(clean(self.heading)), classes="modal--heading")
            yield from self.compose_body()
            yield Static(Content(self._told_keys), classes="modal--keys")

    @property
    def _told_keys(self) -> str:
        return cast("TuiflowApp", self.app).keyed(self.keys)

    def compose_body(self) -> ComposeResult:
        """Yield what stands between the heading and the line of keys."""
        yield from ()

    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_help(self) -> None:
        """Say what the keys do here, and in the field that is being typed in."""
        from tuiflow.tui.modals.help import ModalHelp

        self.app.push_screen(ModalHelp(self.heading, self._told_keys, self.focused))
