"""Which params go with a metric over the runs of a filter, and how each of them does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from tuiflow.charts.runs import Scatter, read_scatter
from tuiflow.diff import Associations, associations, why_note, why_texts
from tuiflow.filters import Key, Kind
from tuiflow.protocols import RunQuery
from tuiflow.text import clean
from tuiflow.tui.actions import bindings
from tuiflow.tui.reader import SPINNER_SECONDS, StoreChanged
from tuiflow.tui.run_axes import Axes, usual_metric
from tuiflow.tui.screens.base import StoreScreen
from tuiflow.tui.screens.runs_chart import RunsChartScreen
from tuiflow.tui.widgets.rows import Cell, Column, Row, RowsView
from tuiflow.tui.widgets.runs_plot import RunsPlot

MOST_RUNS = 20_000
"""Of more runs so many are drawn by chance."""
REST_SECONDS = 0.12
"""How long the cursor must rest before the plot of its param is read."""
_REST = 10
"""How many times what reading the runs of a live store took passes before they are read again."""
_BAR = 10
WIDE = 100
"""From so many columns on, the values of a text are all named."""


class WhyScreen(StoreScreen):
    """`query` says which runs, `place` what they are called; the metric is chosen by `columns`,
    those of a table, the one under its cursor first."""

    HELP = (
        "The params that go with a metric, the strongest first. ρ is the rank correlation of a "
        "number, η² the share of the spread that lies between the values of a text; how much of "
        "the spread a param explains is less what chance gives. That it goes with the metric does "
        "not say that it is the cause."
    )
    HINTS: ClassVar[tuple[str, ...]] = ("lists.open", "why.metric", "app.back")
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("why")]
    AUTO_FOCUS = "#why"

    def __init__(self, query: RunQuery, place: str, columns: Sequence[Key]) -> None:
        super().__init__()
        self._query = query
        self._place = place
        self._columns = columns
        self._metrics: tuple[str, ...] = ()
        self._metric: str | None = None
        self._found: Associations | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(id="why-says")
        yield RowsView(
            [
                Column("param", flexible=True),
                Column("n", right=True),
                Column("explains", right=True),
                Column("", optional=True),
                Column("", right=True),
                Column("", flexible=True, fills=True, most=200),
            ],
            id="why",
        )
        yield Static(id="why-plot-title")
        yield RunsPlot()

    @property
    def _list(self) -> RowsView:
        return self.query_one("#why", RowsView)

    @property
    def _plot(self) -> RunsPlot:
        return self.query_one(RunsPlot)

    def on_mount(self) -> None:
        # Its points are read off in the charts of runs, which enter opens.
        self._plot.can_focus = False
        self._plot.display = False
        self.crumbs.show(self._place, "why")
        self.set_timer(SPINNER_SECONDS, self._say)
        store, query, columns = self.store, self._query, self._columns

        def question() -> tuple[tuple[str, ...], str | None]:
            names = store.key_names(query.experiment_ids)
            key = usual_metric(query, names, columns)
            return names.metrics, None if key is None else key.name

        self.ask("metrics", question, self._know)

    def _know(self, found: tuple[tuple[str, ...], str | None]) -> None:
        self._metrics, self._metric = found
        self._read()

    # reading

    def on_store_changed(self, message: StoreChanged) -> None:
        super().on_store_changed(message)
        if self._found is not None:
            self.keep_up("why", self._read, _REST)

    def _read(self) -> None:
        store, query, metric = self.store, self._query, self._metric
        if metric is None:
            self._show(Associations("", 0, ()))
            return

        def question() -> Associations:
            return associations(store, query, metric, limit=None, most=MOST_RUNS)

        self.ask("why", question, self._show)

    def _show(self, found: Associations) -> None:
        self._found = found
        if self._metric is not None:
            self.crumbs.show(self._place, "why", clean(self._metric, 60))
        narrow = self.size.width < WIDE
        rows = [
            Row(
                item.param,
                (
                    Cell(said.param, "name"),
                    f"{item.n:,}",
                    f"{item.share * 100:.0f} %",
                    Cell(_bar(item.share), "series0"),
                    said.measure,
                    said.short if narrow else said.says,
                ),
            )
            for item, said in zip(found.items, why_texts(found), strict=True)
        ]
        self._list.show(rows)
        self._give_room()
        self._say()
        self._load_plot()
        self.refresh_hints()

    def _say(self) -> None:
        self.query_one("#why-says", Static).update(Content(self._words()), layout=False)

    def _words(self) -> str:
        found = self._found
        if found is None:
            return "Reading the runs…"
        if self._metric is None:
            return "No run here has a metric."
        if not found.items:
            return why_note(found)
        better = {True: ", better when lower", False: ", better when higher", None: ""}
        runs = f"{found.n:,} runs"
        if found.drawn_from is not None:
            runs += f" of {MOST_RUNS:,} drawn by chance from {found.drawn_from:,}"
        return f"{clean(found.metric, 40)}{better[found.lower_is_better]} · {runs}"

    # the plot of the param under the cursor

    def on_resize(self, event: events.Resize) -> None:
        if self._found is not None:
            self._show(self._found)

    def _give_room(self) -> None:
        """Half of the screen for the list at most."""
        rows = self._list.row_count
        self._list.styles.height = min(rows + 1, max(self.size.height // 2 - 3, 3))
        self._plot.display = self.query_one("#why-plot-title").display = bool(rows)

    @on(RowsView.Moved)
    def _load_plot(self) -> None:
        param, metric = self._list.key, self._metric
        if param is None or metric is None:
            self.query_one("#why-plot-title", Static).update("")
            return
        store, query = self.store, self._query
        x, y = Key(Kind.PARAM, param), Key(Kind.METRIC, metric)
        rest = REST_SECONDS if self._plot.shown is not None else 0.0
        self.ask(
            "plot",
            lambda: read_scatter(store, query, x, y, log_x=None, log_y=None),
            self._draw,
            delay=rest,
        )

    def _draw(self, chart: Scatter) -> None:
        self._plot.show(chart)
        scales = [name for name, on in (("x", chart.log_x), ("y", chart.log_y)) if on]
        logs = f" · log {' '.join(scales)}" if scales else ""
        what = f"{clean(chart.y.name, 40)} against {clean(chart.x.name, 40)}"
        title = Content.styled(f"{what}{logs}", "$dim")
        self.query_one("#why-plot-title", Static).update(title, layout=False)

    # actions

    def why_not(self, action_id: str) -> str | None:
        if action_id == "why.metric" and not self._metrics:
            return "There is no metric to choose"
        if action_id == "lists.open" and self._list.key is None:
            return "There is no param that could be drawn"
        return super().why_not(action_id)

    def action_metric(self) -> None:
        """Choose the metric that the params are held against."""
        from tuiflow.tui.modals.choose_key import ChooseKeyModal

        def chosen(name: str | None) -> None:
            if name is not None:
                self._metric = name
                self._read()

        self.app.push_screen(ChooseKeyModal("Why", self._metrics, self._metric), chosen)

    @on(RowsView.Opened)
    @on(RunsPlot.Opened)
    def _open(self) -> None:
        """Draw the param under the cursor in the charts of runs."""
        param, metric = self._list.key, self._metric
        if param is not None and metric is not None:
            x, y = Key(Kind.PARAM, param), Key(Kind.METRIC, metric)
            screen = RunsChartScreen(self._query, self._place, [x], Axes(x, y))
            self.app.push_screen(screen)


def _bar(share: float) -> str:
    """How much of a whole, as a bar of `_BAR` cells."""
    eighths = max(round(share * 8 * _BAR), 1)
    part = " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    return ("█" * (eighths // 8) + part).ljust(_BAR)
