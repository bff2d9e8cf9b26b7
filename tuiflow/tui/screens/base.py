"""What all full screens share: the frame around a body, and how it follows the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from tuiflow.errors import NotFound
from tuiflow.text import clean
from tuiflow.tui.actions import bindings
from tuiflow.tui.acts import Acts
from tuiflow.tui.bulk import Progress
from tuiflow.tui.reader import SPINNER_SECONDS, Asks, StoreChanged
from tuiflow.tui.undo import Undo
from tuiflow.tui.widgets.chrome import Crumbs, Header, Hints
from tuiflow.tui.widgets.welcome import WELCOMED, Welcome

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
    """Which place of the header is lit: `runs`, `models` or `servers`."""

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
        if self.app.new_here:
            yield Welcome()
        yield Hints()

    def compose_body(self) -> ComposeResult:
        """Yield what stands between breadcrumb and hints."""
        yield from ()

    async def action_act(self, action_id: str) -> None:
        """Carry out an action of the table; the first one ends the welcome."""
        if self.app.new_here:
            self.app.new_here = False
            self.query(Welcome).remove()
            store = self.store
            self.ask("welcome", lambda: store.put_state(WELCOMED, True), lambda _: None)
        await super().action_act(action_id)

    @property
    def crumbs(self) -> Crumbs:
        return self.query_one(Crumbs)

    def hints(self) -> Sequence[str | tuple[str, str]]:
        """Action ids to hint at; a screen whose panes differ chooses by what has the focus.

        A pair is a key, or the `{id}` of the action that has it, and what it does in a text field,
        where the table's keys are letters.
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

    def on_key(self, event: events.Key) -> None:
        """Say so where a character does nothing: whoever has it acts before it comes here."""
        if event.is_printable and event.character:
            pressed = "space" if event.character == " " else clean(event.character)
            self.app.say(
                f"{pressed} does nothing here · {self.app.keyed('{app.help}')} lists the keys"
            )

    def action_next_pane(self) -> None:
        self.focus_next()

    def action_refresh(self) -> None:
        self.app.store_changed()

    # changing the store

    def change(self, write: Callable[[], object], undo: Undo) -> None:
        """Run `write` in a worker, say what was done and remember how to undo it."""
        self.carry_out(Progress(), write, lambda progress: self._changed(progress, undo))

    def carry_out(
        self, progress: Progress, work: Callable[[], object], then: Callable[[Progress], None]
    ) -> None:
        """Do `work` in a worker, which may give an iterator to be gone through, and `then` say
        what has come of it. Where it takes a while, it is shown how far it is."""
        self.ask(
            self._change_topic(),
            lambda: progress.carry_out(work),
            lambda _: self._carried_out(progress, then),
        )
        if progress.total > progress.piece:
            self.app.bulk_work = progress
            self.set_timer(SPINNER_SECONDS, lambda: self._show_progress(progress))

    def _show_progress(self, progress: Progress) -> None:
        from tuiflow.tui.modals.progress import ProgressModal

        if not progress.ended:
            self.app.push_screen(ProgressModal(progress))
            # The next key may be the one that stops it: it must not wait for the end.
            self.app.typeahead.let_go()
            self.app.typeahead.answered()

    def _carried_out(self, progress: Progress, then: Callable[[Progress], None]) -> None:
        then(progress)
        if progress.error is not None:
            self.app.fail(progress.error)
        self.app.store_changed()

    def _change_topic(self) -> str:
        # A write must not be dropped for a newer one: each is a topic of its own.
        self._changes += 1
        return f"change-{self._changes}"

    def _changed(self, progress: Progress, undo: Undo) -> None:
        if progress.error is None:
            self.remember(undo)

    def remember(self, undo: Undo) -> None:
        """Say what was done, and that it can be taken back."""
        self.app.undo.push(undo)
        self.app.say(f"{undo.title} · {self.app.keyed('{app.undo}')} undoes it")

    def action_undo(self) -> None:
        """Take back the last change made in this app."""
        last = self.app.undo.pop()
        if last is None:
            self.app.say("Nothing to undo")
            return
        progress = Progress(f"Undo: {last.title}", last.count)
        self.carry_out(progress, last.revert, lambda progress: self._undone(progress, last))

    def _undone(self, progress: Progress, undo: Undo) -> None:
        ended = progress.error is None and not progress.cancelled
        left = undo.left() if ended else max(undo.left(), undo.count - progress.done)
        # What is not there any more will not be there for the next try either.
        if left > 0 and not isinstance(progress.error, NotFound):
            self.app.undo.push(replace(undo, count=left))
        if ended:
            self.app.say(undo.done if isinstance(undo.done, str) else undo.done())
        if progress.cancelled:
            goes_on = self.app.keyed("{app.undo} goes on")
            self.app.say(f"Stopped: {left:,} of {undo.count:,} are left · {goes_on}")

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
