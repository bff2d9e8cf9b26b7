"""Metrics: all of a run's metrics, and the curves of those that are chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tuiflow import text
from tuiflow.charts.curves import Curves
from tuiflow.entities import MetricSummary, Run
from tuiflow.plot import Curve
from tuiflow.tui.actions import bindings
from tuiflow.tui.panes.base import RunPane, interest
from tuiflow.tui.widgets.chart import Chart
from tuiflow.tui.widgets.chart_keys import ChartKeys
from tuiflow.tui.widgets.chart_words import COLOURS
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView, Tone

MOST_CURVES = 12


@dataclass(frozen=True, slots=True)
class _Read:
    """A history as read, the summary it belongs to, and the steps of its least and greatest."""

    summary: MetricSummary
    curve: Curve
    min_step: int | None
    max_step: int | None


class MetricsPane(RunPane, ChartKeys):
    """The list left, the chart right. Marked metrics are drawn together; without marks, the one
    under the cursor."""

    HELP = (
        "Every metric with its last and its best value. The one under the cursor is drawn; "
        "{lists.mark} draws several together."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("chart", "lists.mark", "lists.unmark"),
    ]

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._summaries: dict[str, MetricSummary] = {}
        self._marked: list[str] = []
        self._read: dict[str, _Read] = {}
        self._reader: Curves | None = None
        self._again = False

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield RowsView(
                [
                    Column("metric", flexible=True, fills=True),
                    Column("last", right=True),
                    Column("min", right=True, optional=True),
                    Column("max", right=True, optional=True),
                ],
                id="metrics",
            )
            with Vertical(id="metrics-chart"):
                yield Chart()
                yield Static(id="metrics-facts")

    def on_mount(self) -> None:
        # Its keys work from the list, so there is nothing to go to it for.
        self.chart.can_focus = False

    @property
    def chart(self) -> Chart:
        return self.query_one(Chart)

    @property
    def _list(self) -> RowsView:
        return self.query_one("#metrics", RowsView)

    def front(self) -> Widget:
        return self._list

    def clear_something(self) -> bool:
        if self.chart.clear():
            return True
        if self._marked:
            self.action_unmark()
            return True
        return False

    # the list

    def load(self) -> None:
        run_id = self.run.info.run_id
        self.ask("metrics", lambda: self.store.metric_summaries(run_id), self._listed)

    def _listed(self, summaries: list[MetricSummary]) -> None:
        self._summaries = {item.key: item for item in sorted(summaries, key=interest)}
        self._marked = [key for key in self._marked if key in self._summaries]
        self._show_list()
        if self.waiting("curves"):
            self._again = True
        else:
            self._load_curves()

    def _show_list(self) -> None:
        items = list(self._summaries.values())
        rows = []
        for item in items:
            tone: Tone = ""
            if item.key in self._marked:
                tone = _TONES[self._marked.index(item.key) % COLOURS]
            mark = "■ " if item.key in self._marked else "  " if self._marked else ""
            single = item.count == 1
            rows.append(
                Row(
                    item.key,
                    (
                        Cell(mark + item.key, tone or "name"),
                        text.number(item.value),
                        Cell("" if single else text.number(item.min), "dim"),
                        Cell("" if single else text.number(item.max), "dim"),
                    ),
                )
            )
        self._list.show(rows)
        self._list.display = bool(rows)

    # the curves

    def _shown(self) -> list[str]:
        if self._marked:
            return self._marked
        key = self._list.key
        return [key] if key is not None else []

    @on(RowsView.Moved)
    def _load_curves(self) -> None:
        keys = self._shown()
        self._show_facts()
        due = [
            self._summaries[key]
            for key in keys
            if key in self._summaries
            and (key not in self._read or self._read[key].summary != self._summaries[key])
        ]
        if not due:
            self._draw()
            return
        run = self.run.info
        counts = {key: item.count for key, item in self._summaries.items()}

        def question() -> list[_Read]:
            if self._reader is None:
                self._reader = Curves(self.store)
            curves = self._reader.read(run, [item.key for item in due], counts)
            return [_read(item, curve) for item, curve in zip(due, curves, strict=True)]

        self.ask("curves", question, self._got_curves)

    def _got_curves(self, found: list[_Read]) -> None:
        for item in found:
            self._read[item.summary.key] = item
        kept = {*self._shown(), *list(self._read)[-MOST_CURVES:]}
        self._read = {key: item for key, item in self._read.items() if key in kept}
        self._draw()
        if self._again:
            self._again = False
            self._load_curves()

    def _draw(self) -> None:
        curves = [self._read[key].curve for key in self._shown() if key in self._read]
        note = ""
        if not self._summaries:
            note = "No metrics were logged yet." if self.live else _NONE
        if curves and all(len(curve) == 1 for curve in curves):
            key = curves[0].name
            note = f"{key} was logged once: {text.number(curves[0].values[0], 6)}"
            if len(curves) > 1:
                note = "These metrics were logged once each: there is no curve to draw."
            curves = []
        name = text.clean(self.run.info.run_name)
        title = f"{name} {curves[0].name}" if len(curves) == 1 else name
        self.chart.show(curves, live=self.live and bool(curves), note=note, title=title)
        self._show_facts()

    def _show_facts(self) -> None:
        key = self._list.key
        facts = self.query_one("#metrics-facts", Static)
        if key is None or key not in self._summaries:
            facts.update("", layout=False)
            return
        item = self._summaries[key]
        parts = [f"last @ {item.step}"]
        read = self._read.get(key)
        if item.count > 1 and read is not None and read.summary == item:
            for name, value, step in (
                ("min", item.min, read.min_step),
                ("max", item.max, read.max_step),
            ):
                where = "" if step is None else f" @ {step}"
                parts.append(f"{name} {text.number(value)}{where}")
        parts.append(f"n {item.count:,}" if item.count > 1 else "1 point")
        facts.update(Content.styled(" · ".join(parts), "$dim"), layout=False)

    # actions

    def action_mark(self) -> None:
        key = self._list.key
        if key is None:
            return
        if key in self._marked:
            self._marked.remove(key)
        elif len(self._marked) == MOST_CURVES:
            self.app.say(f"A chart shows at most {MOST_CURVES} metrics; u takes the marks away.")
            return
        else:
            self._marked.append(key)
        self._show_list()
        self._load_curves()

    def action_unmark(self) -> None:
        self._marked.clear()
        self._show_list()
        self._load_curves()


_NONE = 'No metrics were logged. tuiflow.log_metric("loss", 0.5, step=1) logs one.'
_TONES: tuple[Tone, ...] = ("series0", "series1", "series2", "series3", "series4", "series5")


def _read(item: MetricSummary, curve: Curve) -> _Read:
    single = item.count == 1
    steps = [None if single else _step_of(curve, value) for value in (item.min, item.max)]
    return _Read(item, curve, *steps)


def _step_of(curve: Curve, value: float) -> int | None:
    """The first step at which a curve has this value."""
    if math.isnan(value):
        return None
    try:
        return curve.steps[curve.values.index(value)]
    except ValueError:
        return None
