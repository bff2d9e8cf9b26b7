"""What all full screens share: the frame around a body, and how it follows the store."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from tuiflow.tui.actions import bindings
from tuiflow.tui.acts import Acts
from tuiflow.tui.reader import Asks, StoreChanged
from tuiflow.tui.widgets.chrome import Crumbs, Header, Hints


class StoreScreen(Acts, Screen[object], Asks):
    """A full screen over the store: header, breadcrumb, the body, hints.

    A subclass yields its body from `compose_body`, reacts to `StoreChanged`, has the bindings of
    its contexts (`BINDINGS = [*bindings("runs")]`) and a method `action_NAME` for each of them.
    """

    PLACE: ClassVar[str] = "runs"
    """Which place of the header is lit: `runs` or `servers`."""

    HINTS: ClassVar[tuple[str, ...]] = ()
    """Action ids for the foot of the screen, the most useful first."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("everywhere")]

    _seen_version = -1

    def compose(self) -> ComposeResult:
        yield Header(self.PLACE)
        yield Crumbs()
        yield from self.compose_body()
        yield Hints()

    def compose_body(self) -> ComposeResult:
        """Yield what stands between breadcrumb and hints."""
        yield from ()

    @property
    def crumbs(self) -> Crumbs:
        return self.query_one(Crumbs)

    def hints(self) -> tuple[str, ...]:
        """Action ids to hint at; a screen whose panes differ chooses by what has the focus."""
        return self.HINTS

    def refresh_hints(self) -> None:
        """To be called when what can be done has changed; repaints only if that shows."""
        for hints in self.query(Hints):
            hints.update_if_changed()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.refresh_hints()

    async def action_back(self) -> None:
        """Close what is open, then clear (see `clear_something`), then go back."""
        if self.app.dismiss_messages() or self.clear_something():
            return
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def clear_something(self) -> bool:
        """Close or clear the innermost thing that is open; False where there is nothing."""
        return False

    def action_next_pane(self) -> None:
        self.focus_next()

    def action_refresh(self) -> None:
        self.app.store_changed()

    def on_mount(self) -> None:
        self._seen_version = self.app.version

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        self.query_one(Header).update_if_changed()
        if self._seen_version not in (-1, self.app.version):
            self.post_message(StoreChanged())

    def on_store_changed(self, message: StoreChanged) -> None:
        self._seen_version = self.app.version
