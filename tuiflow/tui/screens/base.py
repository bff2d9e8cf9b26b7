"""What all full screens share: the frame around a body, and how it follows the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from tuiflow.tui.actions import bindings
from tuiflow.tui.acts import Acts
from tuiflow.tui.reader import Asks, StoreChanged
from tuiflow.tui.undo import Undo
from tuiflow.tui.widgets.chrome import Crumbs, Header, Hints

LOOK_SECONDS = 5.0
"""How often runs that go on are read again although nothing was written: a process that was
killed writes nothing."""

WIDTHS = [(0, "-narrow"), (100, "-wide")]
"""Style classes by the width of the screen."""


class StoreScreen(Acts, Screen[object], Asks):
    """A full screen over the store: header, breadcrumb, the body, hints.

    A subclass yields its body from `compose_body`, reacts to `StoreChanged`, has the bindings of
    its contexts (`BINDINGS = [*bindings("runs")]`) and a method `action_NAME` for each of them.
    """

    PLACE: ClassVar[str] = "runs"
    """Which place of the header is lit: `runs` or `servers`."""

    HINTS: ClassVar[tuple[str, ...]] = ()
    """Action ids for the foot of the screen, the most useful first."""

    HORIZONTAL_BREAKPOINTS = WIDTHS

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("everywhere")]

    _seen_version = -1
    _changes = 0

    def compose(self) -> ComposeResult:
        # Known before there is anything to lay out: told later, everything is laid out twice.
        self.add_class(
            next(name for least, name in reversed(WIDTHS) if self.app.size.width >= least)
        )
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

    def hints(self) -> Sequence[str | tuple[str, str]]:
        """Action ids to hint at; a screen whose panes differ chooses by what has the focus.

        A pair is a key and what it does in a text field, where the table's keys are letters.
        """
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

    # changing the store

    def change(self, write: Callable[[], object], undo: Undo) -> None:
        """Run `write` in a worker, say what was done and remember how to undo it."""
        self.ask(self._change_topic(), write, lambda _: self._changed(undo))

    def _change_topic(self) -> str:
        # A write must not be dropped for a newer one: each is a topic of its own.
        self._changes += 1
        return f"change-{self._changes}"

    def _changed(self, undo: Undo) -> None:
        self.app.undo.push(undo)
        self.app.say(f"{undo.title} · z undoes it")
        self.app.store_changed()

    def action_undo(self) -> None:
        """Take back the last change made in this app."""
        last = self.app.undo.pop()
        if last is None:
            self.app.say("Nothing to undo")
        else:
            self.ask(self._change_topic(), last.revert, lambda _: self._undone(last))

    def _undone(self, undo: Undo) -> None:
        self.app.say(undo.done)
        self.app.store_changed()

    # following the store

    def on_mount(self) -> None:
        self._seen_version = self.app.version
        self.set_interval(LOOK_SECONDS, self._look)

    def goes_on(self) -> bool:
        """Whether a run is shown that goes on, and so may have been killed without a word."""
        return False

    def _look(self) -> None:
        if self.is_active and self.goes_on():
            self.post_message(StoreChanged())

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        self.query_one(Header).update_if_changed()
        if self._seen_version not in (-1, self.app.version):
            self.post_message(StoreChanged())

    def on_store_changed(self, message: StoreChanged) -> None:
        self._seen_version = self.app.version
