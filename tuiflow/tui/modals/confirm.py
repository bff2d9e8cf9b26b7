"""A question before something is lost: names what it is about, Cancel first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from tuiflow.text import clean
from tuiflow.tui.actions import bindings
from tuiflow.tui.modals.base import Modal

SHOWN = 8
"""How many names are listed before `and n more`."""


class ConfirmModal(Modal[bool]):
    """Ask whether to do `verb` to the objects named; answers True, or None for Cancel.

    `count` is how many there are where not all are named. With `more`, a third button does it to
    more than them; `is_more` then tells that it was pressed.
    """

    keys = "{app.next_pane} or arrows choose · enter does it · {dialog.cancel} cancel"
    gives_way = "#confirm-names"

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("lists.left", "lists.right", "lists.up", "lists.down")
    ]

    def __init__(
        self,
        heading: str,
        names: Sequence[str],
        verb: str,
        remark: str = "",
        count: int | None = None,
        more: str = "",
    ) -> None:
        super().__init__()
        self.is_more = False
        self.heading = heading
        self._names = names
        self._count = len(names) if count is None else count
        self._verb = verb
        self._remark = remark
        self._more = more

    def compose_body(self) -> ComposeResult:
        lines = [f"  {clean(name, 60)}" for name in self._names[:SHOWN]]
        if self._count > SHOWN:
            lines.append(f"  and {self._count - SHOWN:,} more")
        if lines:
            with VerticalScroll(id="confirm-names", can_focus=False):
                yield Static(Content("\n".join(lines)))
        if self._remark:
            yield Static(Content(self._remark), classes="confirm--remark")
        with Horizontal(classes="modal--buttons"):
            yield Button("Cancel", id="cancel", compact=True)
            yield Button(self._verb, id="do", variant="error", compact=True)
            if self._more:
                yield Button(self._more, id="more", variant="error", compact=True)

    def on_mount(self, event: events.Mount) -> None:
        self.query_one("#cancel").focus()

    def action_left(self) -> None:
        self.focus_previous()

    def action_right(self) -> None:
        self.focus_next()

    def action_up(self) -> None:
        for names in self.query("#confirm-names"):
            names.scroll_up()

    def action_down(self) -> None:
        for names in self.query("#confirm-names"):
            names.scroll_down()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.is_more = event.button.id == "more"
        self.dismiss(True if self.is_more or event.button.id == "do" else None)
