"""What a text field offers to go on with: a few lines over it, one of which may be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tuiflow.filters.complete import Offer
from tuiflow.text import clean
from tuiflow.tui.cells import cut_middle, pad

ROWS = 8
_MEANING = 14
_WIDEST = 60


class Offers(Widget):
    """A list that opens upwards from its place; nothing in it is chosen until somebody moves."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"offers--chosen", "offers--meaning", "offers--foot"}

    class Taken(Message):
        """An offer was clicked."""

        def __init__(self, offer: Offer) -> None:
            super().__init__()
            self.offer = offer

    def __init__(self) -> None:
        super().__init__()
        self._offers: tuple[Offer, ...] = ()
        self._place: int | None = None
        self._first = 0

    @property
    def is_open(self) -> bool:
        return bool(self._offers)

    @property
    def chosen(self) -> Offer | None:
        """The offer somebody has moved to."""
        return None if self._place is None else self._offers[self._place]

    @property
    def first(self) -> Offer:
        """The first offer there is."""
        return self._offers[0]

    def show(self, offers: Sequence[Offer], x: int) -> None:
        """Offer these, from cell `x` on; none closes the list."""
        offers = tuple(offers)
        if offers == self._offers and self._place is None:
            return
        self._offers, self._place, self._first = offers, None, 0
        if offers:
            high = min(len(offers), ROWS)
            self.styles.height = high
            self.styles.width = self._text_width + _MEANING + 3
            self.styles.offset = (x, -high)
        self.display = bool(offers)
        self.refresh()

    def close(self) -> None:
        self.show((), 0)

    def move(self, step: int) -> None:
        """Choose another one; over the ends, none and then from the other side."""
        count = len(self._offers)
        place = (count if step < 0 else -1) if self._place is None else self._place
        place += step
        self._place = place if 0 <= place < count else None
        if self._place is not None:
            top = min(self._first, self._place)
            self._first = max(top, self._place - ROWS + 1)
        self.refresh()

    @property
    def _text_width(self) -> int:
        return min(max(cell_len(clean(item.text)) for item in self._offers), _WIDEST)

    def render_line(self, y: int) -> Strip:
        place = self._first + y
        if place >= len(self._offers):
            return Strip.blank(self.size.width, self.rich_style)
        offer, base, edge = self._offers[place], self.rich_style, " "
        if place == self._place:
            edge = "▌"
            base += self.get_component_rich_style("offers--chosen", partial=True)
        dim = base + self.get_component_rich_style("offers--meaning", partial=True)
        left = len(self._offers) - place - 1
        more = y == ROWS - 1 and left
        meaning = f"{left} more" if more else clean(offer.meaning, _MEANING)
        width = max(self.size.width - _MEANING - 3, 1)
        return Strip(
            [
                Segment(edge + pad(cut_middle(clean(offer.text), width), width) + " ", base),
                Segment(pad(meaning, _MEANING, right=True) + " ", dim),
            ]
        ).adjust_cell_length(self.size.width, base)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if self._first + event.y < len(self._offers):
            self.post_message(self.Taken(self._offers[self._first + event.y]))
