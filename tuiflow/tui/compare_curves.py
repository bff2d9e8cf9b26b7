"""The curves under a comparison: of the metric under the cursor, and of those that are marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from textual import on
from textual.content import Content
from textual.widgets import Static

from tuiflow import diff, text
from tuiflow.charts.curves import Curves
from tuiflow.diff import Comparison, RunFacts
from tuiflow.entities import RunStatus
from tuiflow.plot import Curve
from tuiflow.tui.cells import cut
from tuiflow.tui.screens.base import StoreScreen
from tuiflow.tui.widgets.chart import Chart
from tuiflow.tui.widgets.compare_table import CompareTable

CURVES_SECONDS = 0.15
"""How long the cursor rests on a metric before its curves are drawn."""
MOST_CURVES = 24

_METRIC = "metrics/"
_CURVES_ALWAYS_FROM = 32


class CompareCurves(StoreScreen):
    """Part of the Compare screen: its table chooses the metric, its chart shows the curves."""

    def __init__(self) -> None:
        super().__init__()
        self._charted: tuple[str, ...] = ()
        self._charted_facts: Sequence[RunFacts] = ()
        self._marked: list[str] = []
        self._reader: Curves | None = None

    @property
    def comparison(self) -> Comparison | None:
        raise NotImplementedError

    @property
    def _facts(self) -> tuple[RunFacts, ...]:
        raise NotImplementedError

    @property
    def table(self) -> CompareTable:
        return self.query_one(CompareTable)

    @property
    def chart(self) -> Chart:
        return self.query_one("#compare-chart", Chart)

    @on(CompareTable.Moved)
    def _moved(self) -> None:
        self.refresh_hints()
        comparison = self.comparison
        if comparison is None:
            return
        here = self._curve_here()
        # Where lines are few, the chart is there only while its metric is looked at.
        room = self.size.height >= _CURVES_ALWAYS_FROM or here is not None
        self.set_class(bool(comparison.curves) and room, "-curves")
        keys = self._keys(comparison, here)
        if not keys or (keys == self._charted and self._facts is self._charted_facts):
            return
        delay = 0.0 if self._charted and self._charted[1:] != keys[1:] else CURVES_SECONDS
        self._charted, self._charted_facts = keys, self._facts
        names = diff.column_names(comparison.runs)
        question = partial(self._read_curves, keys, names, self._facts)
        self.ask("curves", question, self._draw, delay=delay)

    def _curve_here(self) -> str | None:
        """The metric under the cursor, if it has curves."""
        name = self.table.row_name or ""
        key = name.removeprefix(_METRIC)
        known = () if self.comparison is None else self.comparison.curves
        return key if name.startswith(_METRIC) and key in known else None

    def _keys(self, comparison: Comparison, here: str | None) -> tuple[str, ...]:
        """The metrics to draw: the marked ones, else one."""
        curves = comparison.curves
        self._marked = [key for key in self._marked if key in curves]
        if self._marked or not curves:
            return tuple(self._marked)
        if here is not None:
            return (here,)
        if self._charted and self._charted[0] in curves:
            return self._charted[:1]
        headline = comparison.headline
        return (headline if headline in curves else curves[0],)

    def _read_curves(
        self, keys: Sequence[str], names: Sequence[str], facts: Sequence[RunFacts]
    ) -> tuple[Sequence[str], list[Curve], bool]:
        if self._reader is None:
            self._reader = Curves(self.store)
        curves: list[Curve] = []
        live = False
        for name, fact in zip(names, facts, strict=True):
            counts = {key: summary.count for key, summary in fact.metrics.items()}
            there = [key for key in keys if key in counts]
            if not there:
                continue
            info = fact.run.info
            live = live or info.shown_status == RunStatus.RUNNING
            for curve in self._reader.read(info, there, counts):
                title = name if len(keys) == 1 else f"{name} {curve.name}"
                curves.append(replace(curve, name=title))
        return keys, curves[:MOST_CURVES], live

    def _draw(self, answer: tuple[Sequence[str], list[Curve], bool]) -> None:
        keys, curves, live = answer
        title = " + ".join(text.clean(key, 60) for key in keys)
        direction = _direction(self.comparison, keys[0]) if len(keys) == 1 else ""
        heading = f"── {cut(title, 100)}{direction} "
        self.query_one("#compare-curves", Static).update(
            Content(heading.ljust(400, "─")), layout=False
        )
        self.chart.show(curves, live=live, title=title)

    def action_mark(self) -> None:
        """Draw the metric under the cursor along with the other marked ones, or no more."""
        key = self._curve_here()
        if key is None:
            self.app.say("Go to a metric that has curves: space draws it along with others")
            return
        if key in self._marked:
            self._marked.remove(key)
        elif (len(self._marked) + 1) * len(self._facts) > MOST_CURVES:
            self.app.say(f"A chart shows at most {MOST_CURVES} curves; u takes the marks away")
            return
        else:
            self._marked.append(key)
        self._moved()

    def action_unmark(self) -> None:
        self._marked.clear()
        self._moved()


def _direction(comparison: Comparison | None, key: str) -> str:
    rows = () if comparison is None else comparison.section("metrics").rows
    lower = next((row.lower_is_better for row in rows if row.key == key), None)
    if lower is None:
        return ""
    return " · lower is better" if lower else " · higher is better"
