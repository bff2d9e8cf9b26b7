"""Runs side by side: what differs first, curves of what they share below."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from tuiflow import diff, text
from tuiflow.diff import (
    Cell,
    Comparison,
    Detail,
    Gathered,
    Measure,
    Row,
    RunFacts,
    Verdict,
)
from tuiflow.entities import RunStatus
from tuiflow.errors import TuiflowError
from tuiflow.tui.actions import bindings
from tuiflow.tui.cells import cut
from tuiflow.tui.compare_curves import CompareCurves
from tuiflow.tui.compare_words import Worded
from tuiflow.tui.reader import SPINNER_SECONDS, StoreChanged
from tuiflow.tui.undo import Undo
from tuiflow.tui.widgets.chart import Chart
from tuiflow.tui.widgets.compare_table import CompareTable

if TYPE_CHECKING:
    from PIL.Image import Image

_METRIC = "metrics/"
_CURVES_FROM = 20
"""Lines of a screen from which on there is room for curves."""
_CHART_HINTS = (
    *("chart.zoom_in", "chart.zoom_out", "chart.cross_right", "chart.log", "chart.time"),
    *("chart.smooth", "chart.zoom_reset", "chart.save", "app.next_pane"),
)


class CompareScreen(CompareCurves):
    """2 to 20 runs of the store; the first of `run_ids` is the baseline until another is chosen.

    `metric` is the one to say by which run is best (the one the runs were sorted by); by default
    it is chosen from those they share.
    """

    HINTS: ClassVar[tuple[str, ...]] = (
        *("compare.baseline", "compare.fold", "compare.next_difference", "compare.transpose"),
        *("lists.open", "compare.measure", "compare.direction", "compare.export", "app.back"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("compare", "chart.save", "lists.mark", "lists.unmark")
    ]

    def __init__(self, run_ids: Sequence[str], metric: str | None = None) -> None:
        super().__init__()
        self._run_ids = list(dict.fromkeys(run_ids))
        self._metric = metric
        self._measure = Measure.LAST
        self._gathered: Gathered | None = None
        self._outdated = False

    def compose_body(self) -> ComposeResult:
        yield Static(id="compare-summary")
        yield CompareTable()
        yield Static(id="compare-curves")
        yield Chart(id="compare-chart")

    @property
    def _facts(self) -> tuple[RunFacts, ...]:
        return () if self._gathered is None else self._gathered.facts

    @property
    def comparison(self) -> Comparison | None:
        """What is shown, None until it was read."""
        return self.table.comparison

    def on_mount(self) -> None:
        self.query_one("#compare-summary").display = False
        self.set_timer(SPINNER_SECONDS, self._say_waiting)
        self.table.focus()
        self._read()

    def on_resize(self, event: events.Resize) -> None:
        low = event.size.height < _CURVES_FROM
        self.set_class(low, "-low")
        self.set_class(not low, "-high")
        if self.comparison is not None:
            self._show_frame(self.comparison)

    def _say_waiting(self) -> None:
        if self.comparison is None and self.waiting("compare"):
            self._say("Comparing…")

    # reading

    def on_store_changed(self, message: StoreChanged) -> None:
        super().on_store_changed(message)
        self._read()

    def goes_on(self) -> bool:
        comparison = self.comparison
        return comparison is not None and any(
            run.status == RunStatus.RUNNING for run in comparison.runs
        )

    def _read(self) -> None:
        """Show at once what the store's tables say; the rest follows, or stays as it was."""
        run_ids, known = list(self._run_ids), self._gathered

        def question() -> tuple[Gathered, Worded]:
            read = diff.read_facts(self.store, diff.chosen_runs(run_ids), known)
            return read, Worded(read.compare(self._metric, self._measure))

        self.ask("compare", question, self._shown_at_once, failed=self._failed)

    def _read_rest(self, gathered: Gathered) -> None:
        def question() -> tuple[Gathered, Worded]:
            read = diff.read_rest(self.store, gathered)
            return read, Worded(read.compare(self._metric, self._measure))

        self.ask("rest", question, self._rest_read, failed=self._failed)

    def _failed(self, error: TuiflowError) -> None:
        self.app.fail(error)
        if self.comparison is None:
            self._say(f"These runs can't be compared. {error.message}")

    def _say(self, words: str) -> None:
        summary = self.query_one("#compare-summary", Static)
        summary.update(Content(text.clean_block(words)))
        summary.display = True

    def _shown_at_once(self, answer: tuple[Gathered, Worded]) -> None:
        self._shown(answer)
        # Never given up for a newer question: a run that logs all the time would starve it.
        if self.waiting("rest"):
            self._outdated = True
        else:
            self._outdated = False
            self._read_rest(answer[0])

    def _rest_read(self, answer: tuple[Gathered, Worded]) -> None:
        if self._outdated:
            self._gathered = answer[0]
            self._read()
        else:
            self._shown(answer)

    def _shown(self, answer: tuple[Gathered, Worded]) -> None:
        self._gathered, worded = answer
        if worded.comparison == self.comparison:
            return
        self.table.show(worded)
        self._show_frame(worded.comparison)

    def _show_frame(self, comparison: Comparison) -> None:
        experiments = {run.experiment_name for run in comparison.runs}
        one = len(experiments) == 1
        place = text.clean(experiments.pop(), 60) if one else f"{len(experiments)} experiments"
        count = len(comparison.runs)
        baseline = cut(text.clean(comparison.baseline.run_name, 24), 24)
        right = "▲ better ▼ worse"
        if self.size.width >= 100:
            right = f"baseline {baseline} · {right}"
        self.crumbs.show(place, f"compare {count} runs", right=right)
        self._say("\n".join([comparison.summary, *comparison.notes]))

    # actions

    def hints(self) -> tuple[str, ...]:
        return _CHART_HINTS if isinstance(self.focused, Chart) else self.HINTS

    def why_not(self, action_id: str) -> str | None:
        if action_id.startswith("compare.") and self.comparison is None:
            return "The runs are still being read"
        if action_id == "compare.direction" and self._metric_here() is None:
            return "Go to a metric to say which way it is better"
        if action_id == "compare.baseline" and self._run_here() == self._run_ids[0]:
            return "This run is the baseline already; go to another column"
        if action_id == "chart.save" and not self.chart.curves:
            return "There is no chart to save"
        return super().why_not(action_id)

    def action_save(self) -> None:
        self.chart.save()

    def _run_here(self) -> str | None:
        return self.table.run_id

    def action_baseline(self) -> None:
        run_id = self._run_here()
        if run_id is not None:
            self._run_ids.remove(run_id)
            self._run_ids.insert(0, run_id)
            self._read()

    def _metric_here(self) -> Row | None:
        name = self.table.row_name or ""
        if self.comparison is None or not name.startswith(_METRIC):
            return None
        rows = self.comparison.section("metrics").rows
        return next((row for row in rows if row.key == name.removeprefix(_METRIC)), None)

    def action_direction(self) -> None:
        """Turn the direction of the metric under the cursor round, for good."""
        row = self._metric_here()
        if row is None or self._gathered is None:
            return
        before = self._gathered.said.get(row.key)
        lower = not row.lower_is_better if row.lower_is_better is not None else True
        metric = text.clean(row.key, 40)
        self.change(
            partial(self.store.set_metric_direction, row.key, lower),
            Undo(
                f"{metric}: {'lower' if lower else 'higher'} is better, from now on",
                partial(self.store.set_metric_direction, row.key, before),
                f"{metric} is better as it was before",
            ),
        )

    def action_measure(self) -> None:
        """Compare metrics by their last, least, greatest or best value, in turn."""
        measures = list(Measure)
        self._measure = measures[(measures.index(self._measure) + 1) % len(measures)]
        self._read()

    def action_fold(self) -> None:
        self.table.toggle_fold()

    def action_next_difference(self) -> None:
        self._go(forward=True)

    def action_previous_difference(self) -> None:
        self._go(forward=False)

    def _go(self, forward: bool) -> None:
        if not self.table.next_difference(forward):
            self.app.say("These runs differ in nothing")

    def action_transpose(self) -> None:
        self.table.transpose()

    def action_export(self) -> None:
        """Ask for a file and write the comparison to it."""
        from tuiflow.tui.modals.export import ExportModal

        heading = "Write the comparison as .md, .csv or .json"
        self.app.push_screen(ExportModal(heading, "compare.md"), self._export)

    def _export(self, path: Path | None) -> None:
        gathered, metric, measure = self._gathered, self._metric, self._measure
        if path is None or gathered is None:
            return

        def write() -> None:
            from tuiflow.store.export import new_file

            # A file says all of it, also where the screen still waits for the rest.
            whole = gathered if gathered.complete else diff.read_rest(self.store, gathered)
            content = diff.render_as(whole.compare(metric, measure), path.suffix)
            with new_file(path) as stream:
                stream.write(content)

        self.ask("export", write, lambda _: self.app.say(f"Wrote {path}"))

    def action_copy_id(self) -> None:
        run_id = self._run_here()
        runs = () if self.comparison is None else self.comparison.runs
        for run in runs:
            if run.run_id == run_id:
                self.app.copy(run_id, f"Id of {text.clean(run.run_name, 40)}")

    @on(CompareTable.Opened)
    def action_open(self) -> None:
        """Show what the row under the cursor has more to say, else the run."""
        from tuiflow.tui.screens.run import RunScreen

        run_id = self._run_here()
        if run_id is None or self.comparison is None:
            return
        section, _, key = (self.table.row_name or "").partition("/")
        rows = self.comparison.section(section).rows
        row = next((row for row in rows if row.key == key), None)
        if row is None or not row.opens:
            self.app.push_screen(RunScreen(run_id))
            return
        comparison = self.comparison
        if run_id == comparison.baseline.run_id:  # against the first that differs, then
            place = next((i for i, cell in enumerate(row.cells) if i and _other(cell)), 1)
            run_id = comparison.runs[place].run_id
        question = partial(diff.read_detail, self.store, comparison, section, key, run_id)
        self.ask("detail", question, self._show_detail)

    def _show_detail(self, detail: Detail) -> None:
        from tuiflow.tui.modals.detail import DetailModal
        from tuiflow.tui.modals.images import ImagesModal, read_pictures

        def side_by_side(pictures: list[Image | str]) -> None:
            if self.is_active:
                self.app.push_screen(ImagesModal(detail, pictures))

        if detail.is_image:
            self.ask("detail", lambda: read_pictures(detail), side_by_side)
        elif self.is_active:
            self.app.push_screen(DetailModal(detail))

    def clear_something(self) -> bool:
        return self.chart.clear()


def _other(cell: Cell) -> bool:
    return cell.verdict not in (Verdict.EQUAL, None)
