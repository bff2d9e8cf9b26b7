"""The filter bar: live, keeps the last good filter while the text is wrong, caret under it.

It completes what is typed, and goes through the filters that were with up and down.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input, Static

from tuiflow.errors import FilterError
from tuiflow.filters import Key, Node, parse_filter
from tuiflow.filters.complete import Offer, Place, accept, offers, place_at
from tuiflow.filters.values import holds_text
from tuiflow.store import Store
from tuiflow.tui.actions import bindings
from tuiflow.tui.reader import Asks
from tuiflow.tui.views import add_to_history, load_history
from tuiflow.tui.widgets.field import Field
from tuiflow.tui.widgets.offers import Offers

DELAY_SECONDS = 0.15
"""How long typing must pause before the filter is applied."""
_SIGN = 3
"""Cells before the text."""

Scope = tuple[str, ...] | None


class FilterBar(Asks):
    """Hidden while it is empty and without the focus.

    `text` and `node` are the last good filter; `known` are keys to suggest from.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("filter", "field.next", "field.previous")]

    class Changed(Message):
        """There is another good filter."""

    class Left(Message):
        """The focus should go back to the runs."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.node: Node | None = None
        self.known: tuple[Key, ...] = ()
        self._timer: Timer | None = None
        self._scope: Scope = None
        self._values: dict[Key, list[tuple[str, int]]] = {}
        self._history: list[str] = []
        self._place_in_history = -1
        self._draft = ""
        self._place: Place | None = None

    def compose(self) -> ComposeResult:
        yield Offers()
        with Horizontal():
            yield Static("/", id="filter-sign")
            yield Field(id="filter", select=False)
        yield Static(id="filter-mistake")

    @property
    def _input(self) -> Input:
        return self.query_one(Input)

    @property
    def _offers(self) -> Offers:
        return self.query_one(Offers)

    @property
    def is_typing(self) -> bool:
        return self._input.has_focus

    def set_text(self, text: str) -> None:
        """Take over a remembered filter; a text that is wrong is shown with its mistake."""
        self._stop_timer()
        with self.prevent(Input.Changed):
            self._input.value = text
        self._offers.close()
        self.text, self.node = "", None
        self._parse()
        self.set_class(bool(text), "-shown")

    def open(self, scope: Scope) -> None:
        """Show the bar and put the focus into it; `scope` are the experiments whose keys and values
        are offered."""
        self.add_class("-shown")
        self.screen.set_focus(self._input)
        self._input.action_end()
        self._scope, self._values, self._place_in_history = scope, {}, -1
        self.ask("keys", partial(_keys, self.store, scope), self._know_keys)
        self.ask("history", partial(load_history, self.store), self._know_history)

    def _know_keys(self, keys: tuple[Key, ...]) -> None:
        self.known = keys
        if self.is_typing and self._place is not None and self._input.value.strip():
            self._offer()

    def _know_history(self, history: list[str]) -> None:
        self._history = history

    def clear(self) -> bool:
        """Take the filter away; False where there was none."""
        had = bool(self._input.value)
        self.set_text("")
        if had:
            self.post_message(self.Changed())
        return had

    def action_clear(self) -> None:
        if self._offers.is_open:
            self._offers.close()
            self._apply()
            return
        self.clear()
        self.action_leave()

    def action_leave(self) -> None:
        """Apply what is written and go back to the runs."""
        self._offers.close()
        if self._apply() and self.text:
            save = partial(add_to_history, self.store, self.text)
            self.ask("add", save, self._know_history)
        self.set_class(bool(self._input.value), "-shown")
        self.post_message(self.Left())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        chosen = self._offers.chosen
        if chosen is not None:
            self._take(chosen)
        else:
            self.action_leave()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._place_in_history = -1
        self._changed()
        if self._input.value.strip():
            self._offer()
        else:
            self._offers.close()

    def _changed(self) -> None:
        self._stop_timer()
        self._timer = self.set_timer(DELAY_SECONDS, self._apply_live)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    # completion

    def action_offer(self) -> None:
        """Open the list of what could stand here."""
        self._offer()

    def _offer(self) -> None:
        field = self._input
        self._place = place = place_at(field.value, field.cursor_position)
        if place is None:
            self._offers.close()
            return
        key = place.wanted.value_of
        if key is not None and holds_text(key) and key not in self._values:
            self._values[key] = []
            ask = partial(self.store.value_counts, key, self._scope)
            self.ask("values", ask, partial(self._know_values, key))
        values = () if key is None else self._values.get(key, ())
        x = _SIGN + cell_len(field.value[: place.start]) - round(field.scroll_x)
        self._offers.show(offers(place, self.known, values), max(x - 1, 0))

    def _know_values(self, key: Key, values: list[tuple[str, int]]) -> None:
        self._values[key] = values
        if self.is_typing and self._input.value.strip():
            self._offer()

    def action_complete(self) -> None:
        """Take what is chosen, else the first offer; without a list, leave."""
        if self._offers.is_open:
            self._take(self._offers.chosen or self._offers.first)
        else:
            self.action_leave()

    def on_offers_taken(self, event: Offers.Taken) -> None:
        self._take(event.offer)

    def _take(self, offer: Offer) -> None:
        if self._place is None:
            return
        text, cursor = accept(self._place, offer)
        with self.prevent(Input.Changed):
            self._input.value = text
        self._input.cursor_position = cursor
        self._changed()
        self._offer()

    # history

    def action_next(self) -> None:
        self._go(1)

    def action_previous(self) -> None:
        self._go(-1)

    def _go(self, step: int) -> None:
        """Choose in the list; without one, go back and forth through the filters that were."""
        if self._offers.is_open:
            self._offers.move(step)
            return
        place = self._place_in_history - step
        if not -1 <= place < len(self._history):
            return
        if self._place_in_history < 0:
            self._draft = self._input.value
        self._place_in_history = place
        with self.prevent(Input.Changed):
            self._input.value = self._draft if place < 0 else self._history[place]
        self._input.action_end()
        self._changed()

    # applying

    def _apply_live(self) -> None:
        """Apply what is written, unless its last word may yet become a key: as a word to search
        for it would find nothing."""
        place = self._place if self._offers.is_open else None
        if place is not None and place.may_become_key:
            self._stop_timer()
            self.query_one("#filter-mistake").display = False
        else:
            self._apply()

    def _apply(self) -> bool:
        """Take over what is written; False where it is wrong."""
        self._stop_timer()
        before = self.node
        if not self._parse():
            return False
        if self.node != before:
            self.post_message(self.Changed())
        return True

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
        # What is missing at the end, the list says better.
        line.display = not (self._offers.is_open and error.start >= len(self._input.value))


def _keys(store: Store, scope: Scope) -> tuple[Key, ...]:
    """All keys in use; metrics, params and tags by how often, then what the sample had not."""
    used = store.key_usage(scope).names.keys()
    return tuple(dict.fromkeys([*used, *store.key_names(scope).keys()]))
