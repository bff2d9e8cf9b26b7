"""The command palette over the action table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.app import App
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.widgets import Input

from tuiflow.tui.actions import CONTEXTS, Action
from tuiflow.tui.screens.base import StoreScreen

_LEFT_OUT = {"app.palette", "app.back", "app.next_pane"}


class TableProvider(Provider):
    """Offers what can be done where the palette was opened, the nearest first."""

    def _commands(self) -> Iterator[tuple[Action, Callable[[], object]]]:
        screen = self.screen
        if not isinstance(screen, StoreScreen):
            return
        nearest = list(reversed(CONTEXTS))
        for item in sorted(screen.usable_actions(), key=lambda item: nearest.index(item.where)):
            if item.id not in _LEFT_OUT and not item.is_motion:
                yield item, partial(screen.call_later, screen.action_act, item.id)

    async def discover(self) -> Hits:
        for item, run in self._commands():
            yield DiscoveryHit(_display(item), run, text=item.title, help=item.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for item, run in self._commands():
            score = max(matcher.match(item.title), matcher.match(item.help) * 0.9)
            if score > 0:
                yield Hit(score, _display(item), run, text=item.title, help=item.help)


class Palette(CommandPalette):
    """Textual's, at rest: a cursor that blinks would be sent over the wire twice a second."""

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False


def open_palette(app: App[object]) -> None:
    """Open the palette over the current screen, unless it is open."""
    if not CommandPalette.is_open(app):
        app.push_screen(Palette(providers=[TableProvider], placeholder="What to do"))


def _display(item: Action) -> Content:
    title = item.title[:1].upper() + item.title[1:]
    return Content(f"{title:<16}{' '.join(item.shown_keys)}")
