"""The runs of a filter as a picture: a scatter plot of two columns, or a histogram of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from tuiflow.charts.runs import Histogram, Scatter, read_histogram, read_scatter, title
from tuiflow.entities import Run
from tuiflow.filters import Key, Kind
from tuiflow.protocols import KeyNames, RunQuery
from tuiflow.text import clean, number
from tuiflow.tui.actions import bindings
from tuiflow.tui.reader import SPINNER_SECONDS, StoreChanged
from tuiflow.tui.run_axes import Axes, load_axes, save_axes, usual_axes
from tuiflow.tui.screens.base import StoreScreen
from tuiflow.tui.widgets.chart_save import ask_and_save
from tuiflow.tui.widgets.runs_plot import RunsPlot

_ATTRIBUTES = ("duration", "start_time", "status", "user_id", "experiment", "run_name")
_NUMBERS = ("duration", "start_time")
_NAME = Key(Kind.ATTRIBUTE, "run_name")


class RunsChartScreen(StoreScreen):
    """`query` says which runs, `place` what they are called. `columns` are those of the table, the
    one under its cursor first: the axes are chosen by them unless they are given, until the user
    chooses others, which are remembered for the experiment."""

    HINTS: ClassVar[tuple[str, ...]] = (
        *("plots.choose_x", "plots.choose_y", "plots.histogram", "chart.cross_right"),
        *("lists.open", "chart.log", "plots.log_x", "chart.zoom_in", "chart.save", "app.back"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(
            "plots", "lists.open", "chart.zoom_in", "chart.zoom_out", "chart.zoom_reset",
            "chart.pan_left", "chart.pan_right", "chart.cross_left", "chart.cross_right",
            "chart.log", "chart.save",
        )
    ]  # fmt: skip
    AUTO_FOCUS = "RunsPlot"

    def __init__(
        self, query: RunQuery, place: str, columns: Sequence[Key], axes: Axes | None = None
    ) -> None:
        super().__init__()
        self._query = query
        self._place = place
        self._columns = columns
        self._keys: tuple[Key, ...] = ()
        self._axes = axes
        self._column: Key | None = None
        self._histogram = False
        self._log: bool | None = None
        """Of a histogram's axis; None is as suits the values."""
        self._run: Run | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(id="runs-chart-says")
        yield RunsPlot()

    @property
    def plot(self) -> RunsPlot:
        return self.query_one(RunsPlot)

    def on_mount(self) -> None:
        self.crumbs.show(self._place, "charts")
        self.set_timer(SPINNER_SECONDS, self._say)
        store, query, columns, axes = self.store, self._query, self._columns, self._axes

        def question() -> tuple[tuple[Key, ...], Axes]:
            names = store.key_names(query.experiment_ids)
            keys = _keys(names)
            known = axes or load_axes(store, self._experiment_id, keys)
            return keys, known or usual_axes(store, query, names, columns)

        self.ask("keys", question, self._know)

    @property
    def _experiment_id(self) -> str | None:
        ids = self._query.experiment_ids
        return ids[0] if ids is not None and len(ids) == 1 else None

    def _know(self, found: tuple[tuple[Key, ...], Axes]) -> None:
        self._keys, axes = found
        self._axes = axes
        here = self._columns[0] if self._columns else None
        # A name says nothing of how runs spread: the table's cursor starts there.
        chosen = here is not None and here != _NAME and here in self._keys
        self._column = here if chosen else axes.y or axes.x
        # Nothing to put on a second axis: one column can be drawn.
        self._histogram = axes.y is None
        self._read()

    def on_store_changed(self, message: StoreChanged) -> None:
        super().on_store_changed(message)
        if self._keys:
            self.keep_up("chart", self._read)

    def _read(self) -> None:
        store, query, axes = self.store, self._query, self._axes
        column, log, one = self._column, self._log, self._histogram

        def question() -> Scatter | Histogram | None:
            if one or axes is None or axes.y is None:
                return read_histogram(store, query, column, log=log) if column else None
            return read_scatter(store, query, axes.x, axes.y, log_x=axes.log_x, log_y=axes.log_y)

        self.ask("chart", question, self._draw)

    def _draw(self, chart: Scatter | Histogram | None) -> None:
        if chart is None:
            return
        self.plot.show(chart)
        what = title(chart.key) if isinstance(chart, Histogram) else _against(chart)
        self.crumbs.show(self._place, "charts", clean(what, 80), right=_modes(chart))
        self.refresh_hints()

    # what is said above the plot

    @on(RunsPlot.Chosen)
    def _chosen(self) -> None:
        self._run = None
        self._say()
        chart, place = self.plot.shown, self.plot.chosen
        if isinstance(chart, Scatter) and place is not None:
            store, key = self.store, chart.keys[place]
            self.ask("run", lambda: store.load_runs([key]), self._know_run)
        self.refresh_hints()

    def _know_run(self, runs: list[Run]) -> None:
        self._run = runs[0] if runs else None
        self._say()
        self.refresh_hints()

    def _say(self) -> None:
        self.query_one("#runs-chart-says", Static).update(Content(self._words()), layout=False)

    def _words(self) -> str:
        chart, place = self.plot.shown, self.plot.chosen
        if chart is None:
            return "Reading the runs…"
        if isinstance(chart, Histogram):
            return self._histogram_words(chart, place)
        if not chart.keys:
            what = f"both {clean(title(chart.x), 40)} and {clean(title(chart.y), 40)}"
            return f"No run has {what} as numbers. X and Y choose other columns."
        if place is None:
            left = f" · {chart.left_out:,} without a point" if chart.left_out else ""
            return f"{_against(chart)} · {_runs(len(chart.keys))}{left}"
        name = "" if self._run is None else clean(self._run.info.run_name, 40)
        x, y = clean(title(chart.x), 30), clean(title(chart.y), 30)
        return f"◆ {name}  {x} {clean(chart.x_text(place), 30)}  {y} {chart.y_text(place)}"

    def _histogram_words(self, chart: Histogram, place: int | None) -> str:
        name = clean(title(chart.key), 40)
        if not chart.total:
            return f"No run has {name} as a number or a text. X chooses another column."
        if place is not None:
            low, high, count = chart.rows()[place]
            if isinstance(low, str) or isinstance(high, str):
                return f"{name} = {clean(str(low), 60)}: {_runs(count)}"
            return f"{name} {number(low)} … {number(high)}: {_runs(count)}"
        parts = [f"{name} · {_runs(chart.total)}"]
        if chart.by_name:
            parts.append(f"{len(chart.texts):,} different")
        if chart.missing:
            parts.append(f"{chart.missing:,} without it")
        if chart.odd:
            parts.append(f"{chart.odd:,} with no place on the axis")
        return " · ".join(parts)

    # actions

    def why_not(self, action_id: str) -> str | None:
        chart = self.plot.shown
        if chart is None and action_id.startswith(("plots.", "chart.", "lists.")):
            return "The runs are still being read"
        if action_id == "plots.choose_y" and self._histogram:
            return self.app.keyed(
                "A histogram has one column: {plots.choose_x} chooses it,"
                " {plots.histogram} goes to the scatter plot"
            )
        if action_id == "chart.log" and self._histogram:
            return "In a histogram K makes the axis logarithmic"
        if action_id == "lists.open" and self._run is None:
            return "Go to a run with → or the mouse; enter then opens it"
        if action_id == "plots.histogram" and self._histogram and self._scatter is None:
            return "There is no metric that a scatter plot could show"
        return super().why_not(action_id)

    @property
    def _scatter(self) -> Axes | None:
        """The axes, where there is something on both."""
        return None if self._axes is None or self._axes.y is None else self._axes

    def _change(self, **changes: Key | bool | None) -> None:
        """Draw other axes, and remember them."""
        if self._scatter is not None:
            axes = self._axes = replace(self._scatter, **changes)  # type: ignore[arg-type]
            save = partial(save_axes, self.store, self._experiment_id, axes)
            self.ask("remember", save, lambda _: None)
            self._read()

    def action_choose_x(self) -> None:
        if self._histogram:
            self._ask_key("Histogram of", list(self._keys), self._column, self._got_column)
        elif self._scatter is not None:
            self._ask_key("x axis", list(self._keys), self._scatter.x, self._got_x)

    def action_choose_y(self) -> None:
        if self._scatter is not None:
            numbers = [key for key in self._keys if key.kind is not Kind.TAG and _is_number(key)]
            self._ask_key("y axis", numbers, self._scatter.y, self._got_y)

    def _ask_key(
        self, heading: str, keys: list[Key], here: Key | None, then: Callable[[Key], None]
    ) -> None:
        from tuiflow.tui.modals.choose_key import ChooseKeyModal

        named = {str(key): key for key in keys}

        def chosen(name: str | None) -> None:
            if name is not None:
                then(named[name])

        self.app.push_screen(
            ChooseKeyModal(heading, list(named), None if here is None else str(here)), chosen
        )

    def _got_x(self, key: Key) -> None:
        self._change(x=key, log_x=None)

    def _got_y(self, key: Key) -> None:
        self._change(y=key, log_y=None)

    def _got_column(self, key: Key) -> None:
        self._column, self._log = key, None
        self._read()

    def action_histogram(self) -> None:
        """Draw one column, or two again."""
        self._histogram = not self._histogram
        self._read()

    def action_log(self) -> None:
        chart = self.plot.shown
        if isinstance(chart, Scatter):
            self._change(log_y=not chart.log_y)

    def action_log_x(self) -> None:
        chart = self.plot.shown
        if isinstance(chart, Scatter):
            self._change(log_x=not chart.log_x)
        elif chart is not None:
            self._log = not chart.log
            self._read()

    def action_zoom_in(self) -> None:
        self.plot.zoom(0.5)

    def action_zoom_out(self) -> None:
        self.plot.zoom(2.0)

    def action_zoom_reset(self) -> None:
        self.plot.reset()

    def action_pan_left(self) -> None:
        self.plot.pan(-0.25)

    def action_pan_right(self) -> None:
        self.plot.pan(0.25)

    def action_cross_left(self) -> None:
        self.plot.step(-1)

    def action_cross_right(self) -> None:
        self.plot.step(1)

    def action_save(self) -> None:
        chart = self.plot.shown
        if chart is not None:
            name = _against(chart) if isinstance(chart, Scatter) else title(chart.key)
            ask_and_save(self, name, lambda: chart)

    @on(RunsPlot.Opened)
    def action_open(self) -> None:
        """Show the run that is read off."""
        from tuiflow.tui.screens.run import RunScreen

        if self._run is not None:
            self.app.push_screen(RunScreen(self._run.info.run_id))

    def clear_something(self) -> bool:
        return self.plot.clear()


def _keys(names: KeyNames) -> tuple[Key, ...]:
    """All columns that there are: metrics first, tags last."""
    keys = names.keys()
    attributes = [Key(Kind.ATTRIBUTE, name) for name in _ATTRIBUTES]
    numbers = [key for key in keys if key.kind is not Kind.TAG]
    return (*numbers, *attributes, *(key for key in keys if key.kind is Kind.TAG))


def _is_number(key: Key) -> bool:
    return key.kind is not Kind.ATTRIBUTE or key.name in _NUMBERS


def _modes(chart: Scatter | Histogram) -> str:
    if isinstance(chart, Histogram):
        return "log x" if chart.log else ""
    logs = [name for name, on in (("x", chart.log_x), ("y", chart.log_y)) if on]
    return f"log {' '.join(logs)}" if logs else ""


def _against(chart: Scatter) -> str:
    return f"{clean(title(chart.y), 40)} against {clean(title(chart.x), 40)}"


def _runs(count: int) -> str:
    return f"{count:,} run" if count == 1 else f"{count:,} runs"
