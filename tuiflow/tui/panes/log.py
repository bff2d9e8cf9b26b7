"""Log: what the run's command printed, followed while it prints."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tuiflow.config import RUN_LOG
from tuiflow.entities import Run
from tuiflow.errors import NotFound, TuiflowError
from tuiflow.lines import LineIndex
from tuiflow.tui.panes.base import RunPane
from tuiflow.tui.widgets.lines import LinesView

SCAN_SECONDS = 0.5

_NONE = f"This run has no log. `tuiflow run` records what a project prints, as {RUN_LOG}."


class LogPane(RunPane):
    """The lines of the artifact `RUN_LOG`; stays at the end while that is in view."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._index: LineIndex | None = None

    def compose(self) -> ComposeResult:
        yield LinesView(follow=True, id="log")
        yield Static(id="log-facts")

    def on_mount(self) -> None:
        self.set_interval(SCAN_SECONDS, self._tick)

    def front(self) -> Widget:
        return self.query_one("#log")

    def _tick(self) -> None:
        if self.live and self.display and self.screen.is_active:
            self.load()

    def load(self) -> None:
        if self.waiting("log"):  # one scan at a time
            return
        run_id, index = self.run.info.run_id, self._index

        def question() -> tuple[LineIndex, bool]:
            found = index or LineIndex(self.store.artifact_path(run_id, RUN_LOG))
            try:
                return found, found.scan()
            except OSError as error:
                reason = error.strerror or str(error)
                raise NotFound(f"The log can't be read: {reason}.") from None

        self.ask("log", question, self._scanned, failed=self._failed)

    def _scanned(self, answer: tuple[LineIndex, bool]) -> None:
        index, more = answer
        view = self.query_one("#log", LinesView)
        if self._index is None:
            self._index = index
            view.show(index, note="The log is empty so far." if self.live else "The log is empty.")
        else:
            view.grown()
        self._facts(index)
        if more:
            self.load()

    def _facts(self, index: LineIndex) -> None:
        ending = "⏵ following" if self.live else "end of the log"
        facts = Content.assemble(
            (f"{index.total:,} lines", "$dim"), ("  " + ending, "$success" if self.live else "$dim")
        )
        self.query_one("#log-facts", Static).update(facts)

    def _failed(self, error: TuiflowError) -> None:
        if self._index is None and isinstance(error, NotFound):
            note = "No log so far." if self.live else _NONE
            self.query_one("#log", LinesView).grown(note=note)
        else:
            self.query_one("#log", LinesView).grown(note=error.message)
