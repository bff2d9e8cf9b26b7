"""The command palette over the action table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.app import App
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider

from tuiflow.tui.actions import Action
from tuiflow.tui.screens.base import StoreScreen


class TableProvider(Provider):
    """Offers what can be done where the palette was opened."""

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        screen = self.screen
        if isinstance(screen, StoreScreen):
            for item in screen.usable_actions():
                yield (
                    _label(item),
                    item.help,
                    partial(screen.call_later, screen.action_act, item.id),
                )

    async def discover(self) -> Hits:
        for label, text, run in self._commands():
            yield DiscoveryHit(label, run, help=text)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for label, text, run in self._commands():
            score = max(matcher.match(label), matcher.match(text) * 0.9)
            if score > 0:
                yield Hit(score, matcher.highlight(label), run, help=text)


def open_palette(app: App[object]) -> None:
    """Open the palette over the current screen, unless it is open."""
    if not CommandPalette.is_open(app):
        app.push_screen(CommandPalette(providers=[TableProvider], placeholder="What to do"))


def _label(item: Action) -> str:
    title = item.title[:1].upper() + item.title[1:]
    return f"{title}  [{item.shown_key}]" if item.keys else title
