"""The names of the tabs in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


class TabLine(Widget):
    """Shows which of some tabs is open; a click chooses another."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, names: Sequence[str], active: str) -> None:
        super().__init__()
        self._names = tuple(names)
        self._active = active

    @property
    def active(self) -> str:
        return self._active

    def activate(self, name: str) -> None:
        """Light another tab."""
        if name != self._active:
            self._active = name
            self.refresh()

    def render(self) -> Content:
        return Content("").join(
            Content.styled(f" {name} ", "bold $background on $primary")
            if name == self._active
            else Content.styled(f" {name} ", "$dim")
            for name in self._names
        )

    def jumps(self) -> Sequence[tuple[int, Callable[[], object]]]:
        """The tabs: their letters stand between the names, on as little of them as can be."""
        found: list[tuple[int, Callable[[], object]]] = []
        x = -1
        for name in self._names:
            found.append((x, partial(self.post_message, self.Chosen(name))))
            x += len(name) + 2
        return found

    def on_click(self, event: events.Click) -> None:
        x = 0
        for name in self._names:
            x += len(name) + 2
            if event.x < x:
                self.post_message(self.Chosen(name))
                return
