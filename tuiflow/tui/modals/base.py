"""What all modals share: a box in the middle, esc to close it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.css.scalar import Unit
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
    gives_way: ClassVar[str] = "RowsView, LinesView, TextArea"
    """What is made lower, and scrolls, where the screen is too low for all of the modal."""

    VERTICAL_BREAKPOINTS = [  # noqa: RUF012, typed by its base
        (0, "-low"),
        (18, "-high"),
    ]

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("dialog.cancel", "app.help", "app.next_pane"),
        Binding("ctrl+c", "app.quit", show=False),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="modal"):
            yield Static(Content(clean(self.heading)), classes="modal--heading")
            yield from self.compose_body()
            yield Static(Content(self._told_keys), classes="modal--keys")

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        """Leave as much room to what gives way as the rest doesn't take."""
        box = self.query_one(".modal")
        inner = list(self.query(self.gives_way))
        taken = sum(widget.outer_size.height for widget in inner)
        share = 1 if self.has_class("-low") else 0.9
        room = int(self.size.height * share) - box.gutter.height - box.virtual_size.height + taken
        for widget in inner:
            left = room - taken + widget.outer_size.height
            most = max(left, room // len(inner), 1)
            limit = widget.styles.base.max_height  # the style sheet's
            cells = limit is not None and limit.unit is Unit.CELLS
            widget.styles.max_height = min(most, limit.value) if limit and cells else most

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
