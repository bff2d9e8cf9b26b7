"""Work on many runs while it goes on: how far it is, and a way to stop it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from tuiflow.tui.bulk import Progress
from tuiflow.tui.modals.base import Modal

LOOK_SECONDS = 0.1
_WIDTH = 34


class ProgressModal(Modal[None]):
    """Shows `progress` until it has ended; nothing else can be done meanwhile."""

    keys = "{dialog.cancel} stop: what is done stays"

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "cancel", show=False)]

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.heading = progress.doing
        self._progress = progress

    def compose_body(self) -> ComposeResult:
        yield Static(self._bar(), id="progress")

    def on_mount(self) -> None:
        self.set_interval(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        if self._progress.ended and self.is_current:
            self.dismiss(None)
        else:
            self.query_one("#progress", Static).update(self._bar(), layout=False)

    def _bar(self) -> Content:
        done, total = self._progress.done, max(self._progress.total, 1)
        full = min(done * _WIDTH // total, _WIDTH)
        return Content.assemble(
            ("━" * full, "$primary"),
            ("─" * (_WIDTH - full), "$dim"),
            f"  {done:,} of {total:,}",
        )

    def action_cancel(self) -> None:
        self._progress.cancelled = True
