"""Log: what the run's command printed, followed while it prints."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tuiflow.config import RUN_LOG
from tuiflow.text import clean, size
from tuiflow.tui.bulk import plural
from tuiflow.tui.file_lines import FileLines
from tuiflow.tui.panes.base import RunPane
from tuiflow.tui.widgets.file_view import FileView, Reader

SCAN_SECONDS = 0.5

_NONE = f"This run has no log. `tuiflow run` records what a project prints, as {RUN_LOG}."


class LogPane(RunPane):
    """The lines of the artifact `RUN_LOG`; stays at the end while that is in view."""

    HELP = "What the run has printed. It follows while the last line is in view."

    def compose(self) -> ComposeResult:
        yield Reader(follow=True, view="log")
        yield Static(id="log-facts")

    def on_mount(self) -> None:
        self.set_interval(SCAN_SECONDS, self._tick)

    @property
    def _view(self) -> FileView:
        return self.query_one("#log", FileView)

    def front(self) -> Widget:
        return self._view

    def clear_something(self) -> bool:
        return self.query_one(Reader).clear_something()

    def action_search(self) -> None:
        self.query_one(Reader).action_search()

    def _tick(self) -> None:
        if self.live and self.display and self.screen.is_active:
            self.load()

    def load(self) -> None:
        run_id, lines = self.run.info.run_id, self._view.lines
        if lines is None:
            empty = "No log so far." if self.live else _NONE
        else:
            empty = "The log is empty so far." if self.live else "The log is empty."
        self._view.open(lambda: FileLines(self.store.artifact_path(run_id, RUN_LOG)), empty)

    @on(FileView.Changed)
    def _say(self) -> None:
        view = self._view
        lines = view.lines
        if lines is None:
            return
        if lines.gap:
            first, last = lines.gap
            count = f"{size(last - first)} of {size(lines.end)} not read"
        else:
            count = plural(lines.line_count, "line")
        following = self.live and view.following
        ending = "⏵ following" if following else "G follows" if self.live else "end of the log"
        facts = Content.assemble(
            (count, "$dim"),
            ("  " + ending, "$success" if following else "$dim"),
            ("  " + clean(view.remark, 80), "$warning") if view.remark else "",
        )
        self.query_one("#log-facts", Static).update(facts, layout=False)
