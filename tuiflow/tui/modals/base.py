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
from tuiflow.tui.actions import bindings
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
    keys: str = "{dialog.cancel} close"

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("dialog.cancel", "app.help", "app.next_pane"),
        Binding("ctrl+c", "app.quit", show=False),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="modal"):
            yield Static(Content(clean(self.heading)), classes="modal--heading")
            yield from self.compose_body()
            yield Static(Content(self._told_keys), classes="modal--keys")

    @property
    def _told_keys(self) -> str:
        return self.keyed(self.keys)

    def compose_body(self) -> ComposeResult:
        """Yield what stands between the heading and the line of keys."""
        yield from ()

    def action_cancel(self) -> None:
        self.dismiss(None)

    def tell(self, text: str = "", style: str = "") -> None:
        """Say something in the line of keys; nothing says what the keys do again."""
        told = Content(clean(text, 200) if text else self._told_keys)
        self.query_one(".modal--keys", Static).update(told.stylize(style) if style else told)

    def keyed(self, text: str) -> str:
        """A text with the user's keys in the places of `{action.id}`."""
        return cast("TuiflowApp", self.app).keyed(text)

    def action_next_pane(self) -> None:
        self.focus_next()

    def action_help(self) -> None:
        """Say what the keys do here, and in the field that is being typed in."""
        from tuiflow.tui.modals.help import ModalHelp

        self.app.push_screen(ModalHelp(self.heading, self.usable_actions(), self.focused))
