"""One run in tabs: overview, metrics, params, artifacts, model, code, log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Input, Static

from tuiflow.entities import TAG_GIT_COMMIT, Run, RunStatus
from tuiflow.errors import NotFound, TuiflowError
from tuiflow.text import clean
from tuiflow.tui.actions import bindings
from tuiflow.tui.panes.artifacts import ArtifactsPane
from tuiflow.tui.panes.base import RunPane
from tuiflow.tui.panes.code import CodePane
from tuiflow.tui.panes.log import LogPane
from tuiflow.tui.panes.metrics import MetricsPane
from tuiflow.tui.panes.model import ModelPane
from tuiflow.tui.panes.overview import OverviewPane
from tuiflow.tui.panes.params import ParamsPane
from tuiflow.tui.reader import StoreChanged
from tuiflow.tui.run_actions import RunActions
from tuiflow.tui.widgets.tabs import TabLine

TABS: dict[str, type[RunPane]] = {
    "Overview": OverviewPane,
    "Metrics": MetricsPane,
    "Params": ParamsPane,
    "Artifacts": ArtifactsPane,
    "Model": ModelPane,
    "Code": CodePane,
    "Log": LogPane,
}

_HINTS = {
    "Metrics": (
        *("lists.mark", "chart.zoom_in", "chart.cross_right", "chart.log", "chart.time"),
        *("chart.smooth", "chart.zoom_reset", "chart.save"),
    ),
    "Params": ("lists.filter",),
    "Artifacts": ("lists.open", "run.download", "run.search"),
    "Model": ("run.copy",),
    "Code": ("run.search", "run.copy"),
    "Log": ("run.search", "run.next_match"),
}


class RunScreen(RunActions):
    """The run of that id. A tab is built when it is first come to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            "run.next_tab", "run.previous_tab", "run.copy", "runs.serve", "runs.diff",
            "runs.tags", "runs.note", "runs.delete", "runs.restore", "runs.register",
            "runs.move", "runs.rerun",
        )
    ]  # fmt: skip

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id
        self._run: Run | None = None
        self._panes: dict[str, RunPane] = {}

    def compose_body(self) -> ComposeResult:
        yield TabLine(list(TABS), "Overview")
        yield Container(id="run-body")
        yield Static(id="run-gone")

    def on_mount(self) -> None:
        # One run by its id: quick enough to have on the first frame.
        try:
            self._run = self.store.get_run(self._run_id)
        except TuiflowError as error:
            self._gone(error)
            return
        self._say_where()
        self._open("Overview")

    # the run

    def current_run(self) -> Run | None:
        return self._run

    def goes_on(self) -> bool:
        return self._run is not None and self._run.info.shown_status == RunStatus.RUNNING

    def on_store_changed(self, message: StoreChanged) -> None:
        self.ask("run", lambda: self.store.get_run(self._run_id), self._got, failed=self._gone)

    def _got(self, run: Run) -> None:
        self._run = run
        self._say_where()
        self.refresh_hints()
        if not self._panes:
            self._open(self.tab)
        # A hidden tab is told when it is come to.
        self._panes[self.tab].show_run(run)

    def _gone(self, error: TuiflowError) -> None:
        self._run = None
        known = isinstance(error, NotFound)
        reason = "This run is not in the store any more." if known else error.message
        gone = self.query_one("#run-gone", Static)
        gone.update(Content(f"{reason} {self.app.keyed('{app.back}')} goes back."))
        gone.display = True
        self.query_one("#run-body").display = False
        self.refresh_hints()

    def _say_where(self) -> None:
        run = self._run
        if run is not None:
            self.query_one("#run-gone").display = False
            self.query_one("#run-body").display = True
            deleted = "deleted" if run.info.lifecycle_stage == "deleted" else ""
            self.crumbs.show(clean(run.info.experiment_name, 40), run.info.run_name, right=deleted)

    # tabs

    @property
    def tab(self) -> str:
        return self.query_one(TabLine).active

    def _open(self, name: str) -> None:
        if self._run is None:
            return
        self.query_one(TabLine).activate(name)
        for other, pane in self._panes.items():
            pane.display = other == name
        if name in self._panes:
            self._panes[name].come_to(self._run)
        else:
            self._panes[name] = TABS[name](self._run)
            self.query_one("#run-body").mount(self._panes[name])
        self.refresh_hints()

    @on(TabLine.Chosen)
    def _chosen(self, event: TabLine.Chosen) -> None:
        self._open(event.name)

    def _turn(self, by: int) -> None:
        names = list(TABS)
        self._open(names[(names.index(self.tab) + by) % len(names)])

    def action_next_tab(self) -> None:
        self._turn(1)

    def action_previous_tab(self) -> None:
        self._turn(-1)

    # actions

    def hints(self) -> Sequence[str | tuple[str, str]]:
        if isinstance(self.focused, Input):
            return (("{field.submit}", "to the list"), ("{app.back}", "clear the search"))
        first = _HINTS.get(self.tab, ())
        return (*first, "run.next_tab", "runs.serve", "runs.tags", "runs.note", "app.back")

    def action_copy(self) -> None:
        from tuiflow.tui.modals.choose import ChooseModal

        run = self._run
        if run is None:
            return
        commit = run.data.tags.get(TAG_GIT_COMMIT, "")
        options = [
            ("run id", run.info.run_id),
            ("name", run.info.run_name),
            *([("commit", commit)] if commit else []),
            ("artifacts", run.info.artifact_uri),
            *self._panes[self.tab].copies(),
        ]
        chosen = dict(options)
        self.app.push_screen(
            ChooseModal("Copy", options),
            lambda name: None if name is None else self.app.copy(chosen[name], name.capitalize()),
        )

    def action_diff(self) -> None:
        self.app.say("To compare runs, mark two or more of them in the list with space, then d.")

    def clear_something(self) -> bool:
        pane = self._panes.get(self.tab)
        return pane is not None and pane.is_mounted and pane.clear_something()
