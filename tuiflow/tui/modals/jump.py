"""A letter over everything that one can go to: the letter goes there."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tuiflow.tui.jumps import Jump


class JumpModal(ModalScreen[Jump | None]):
    """Answers one of `places`; None for any other key, and for a click beside them."""

    def __init__(self, places: Sequence[Jump]) -> None:
        super().__init__()
        self._places = {item.letter: item for item in places}

    def compose(self) -> ComposeResult:
        for letter, item in self._places.items():
            label = Static(Content(f" {letter} "), classes="jump--letter")
            label.styles.offset = item.place
            yield label
        yield Static(Content(" a letter goes there · esc stays"), id="jump-keys")

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self.dismiss(self._places.get(event.character or ""))

    def on_click(self, event: events.Click) -> None:
        at = event.screen_offset
        for item in self._places.values():
            if item.place.y == at.y and 0 <= at.x - item.place.x < 3:
                self.dismiss(item)
                return
        self.dismiss(None)
