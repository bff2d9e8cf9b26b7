"""Where one can jump to on a screen: what takes the focus, its tabs, the places of the header."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""The nearest to the fingers first."""
LABEL_WIDTH = 3


@dataclass(frozen=True, slots=True)
class Jump:
    """`place` is the cell that the letter stands at, `go` goes there."""

    letter: str
    place: Offset
    go: Callable[[], object]


@runtime_checkable
class HasJumps(Protocol):
    """A widget that has other places to jump to than itself."""

    def jumps(self) -> Sequence[tuple[int, Callable[[], object]]]:
        """The cells of its first line that letters stand at, and how to go to each."""


def jumps(screen: Screen[object]) -> list[Jump]:
    """A letter for everything on the screen that one can go to, from the top left on."""
    width = screen.size.width
    found: dict[Offset, Callable[[], object]] = {}
    for place, go in sorted(_places(screen), key=lambda item: (item[0].y, item[0].x)):
        place = Offset(min(place.x, width - LABEL_WIDTH), place.y)
        while place in found:  # what lies in another's corner
            place += Offset(LABEL_WIDTH + 1, 0)
        found[place] = go
    return [
        Jump(letter, place, go) for letter, (place, go) in zip(LETTERS, found.items(), strict=False)
    ]


def _places(screen: Screen[object]) -> Iterator[tuple[Offset, Callable[[], object]]]:
    shown = screen._compositor.visible_widgets
    for widget in screen.walk_children(Widget):
        if widget not in shown:
            continue
        region, clip = shown[widget]
        corner = region.intersection(clip).offset
        if isinstance(widget, HasJumps):
            for x, go in widget.jumps():
                yield corner + Offset(x, 0), go
        elif widget.focusable:
            yield corner, widget.focus
