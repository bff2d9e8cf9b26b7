"""A line to type in."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import BindingType
from textual.widgets import Input

from tuiflow.tui.actions import bindings


class Field(Input):
    """Textual's field, with the key of the action table that takes what is written, in one line and
    without a cursor that blinks: it would be sent over the wire twice a second. With `select`, what
    is there is replaced by what is typed when the field is come to; `more` goes to Textual's."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("field.submit")]

    def __init__(self, value: str | None = None, *, select: bool = True, **more: Any) -> None:
        super().__init__(value, compact=True, select_on_focus=select, **more)
        self.cursor_blink = False
