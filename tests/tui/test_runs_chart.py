"""The matching runs as points and bars: by key, by mouse, and how it looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from driving import messages, screen_text, until
from textual.pilot import Pilot
from textual.widgets import Input

from tuiflow.charts.runs import Histogram, Scatter
from tuiflow.entities import Metric, Param
from tuiflow.filters import Key, Kind, OrderKey
from tuiflow.protocols import RunQuery
from tuiflow.store import Store
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.choose_key import ChooseKeyModal
from tuiflow.tui.modals.export import ExportModal
from tuiflow.tui.run_axes import Axes, load_axes, usual_axes
from tuiflow.tui.screens.run import RunScreen
from tuiflow.tui.screens.runs import RunsScreen
from tuiflow.tui.screens.runs_chart import RunsChartScreen
from tuiflow.tui.views import View, save_last_experiment, save_view
from tuiflow.tui.widgets.runs_plot import RunsPlot

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])


async def charts(pilot: Pilot[object], app: TuiflowApp, *keys: str) -> RunsChartScreen:
    """Open the charts of the runs, with the keys pressed in the table before."""
    runs = app.screen
    assert isinstance(runs, RunsScreen)
    await until(pilot, lambda: len(runs.table.columns) > 3 and not runs.waiting("runs"))
    await pilot.press(*keys, "C")
    await until(pilot, lambda: isinstance(app.screen, RunsChartScreen))
    screen = app.screen
    assert isinstance(screen, RunsChartScreen)
    await until(pilot, lambda: screen.query(RunsPlot) and screen.plot.shown is not None)
    return screen


@pytest.fixture
def wine(app: TuiflowApp) -> TuiflowApp:
    save_last_experiment(app.store, "1")
    return app


def says(screen: RunsChartScreen) -> str:
    return screen_text(screen.app).splitlines()[2].strip()


async def choose(pilot: Pilot[object], key: str, name: str) -> None:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, ChooseKeyModal))
    pilot.app.screen.query_one(Input).value = name
    await pilot.pause()
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, RunsChartScreen))


async def test_the_axes_come_from_the_table_and_are_chosen_by_name(wine: TuiflowApp) -> None:
    async with wine.run_test(size=(100, 30)) as pilot:
        screen = await charts(pilot, wine)
        await until(pilot, lambda: "against alpha · 6 runs · 1 without a point" in says(screen))
        await choose(pilot, "X", "params.l1")
        await until(pilot, lambda: "against l1_ratio" in says(screen))
        await choose(pilot, "Y", "metrics.r2")
        await until(pilot, lambda: "r2 against l1_ratio · 6 runs" in says(screen))
        chart = screen.plot.shown
        assert isinstance(chart, Scatter) and max(chart.ys) == 0.27264
        await choose(pilot, "X", "status")
        await until(pilot, lambda: "r2 against status" in says(screen))
        assert "FINISHED" in screen_text(wine)
        await pilot.press("X", "escape")
        await until(pilot, lambda: wine.screen is screen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(wine.screen, RunsScreen))


async def test_the_axes_begin_with_the_sorted_metric_and_the_param_that_goes_with_it(
    app: TuiflowApp,
) -> None:
    sweep = app.store.create_experiment("sweep")
    for place in range(8):
        run = app.store.create_run(sweep, f"run-{place}").info.run_id
        params = {
            "a_seed": str(place * 3 % 8),
            "kind": "ab"[place % 2],
            "lr": str(10 ** (place - 6)),
        }
        app.store.log_batch(
            run,
            [Metric("acc", (place - 3.5) ** 2, 0), Metric("loss", place + 1.0, 0)],
            [Param(name, value) for name, value in params.items()],
        )
    save_last_experiment(app.store, sweep)
    save_view(app.store, sweep, View(order=(OrderKey(Key(Kind.METRIC, "loss")),)))
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await charts(pilot, app)
        await until(pilot, lambda: "loss against lr · 8 runs" in says(screen))
        assert "log x" in screen_text(app).splitlines()[1], "its values are powers of ten"
        await pilot.press("K")
        await until(pilot, lambda: "log" not in screen_text(app).splitlines()[1])
        await choose(pilot, "Y", "metrics.acc")
        await until(pilot, lambda: "acc against lr" in says(screen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        screen = await charts(pilot, app)
        await until(pilot, lambda: "acc against lr" in says(screen))
        assert "log" not in screen_text(app).splitlines()[1]
        await choose(pilot, "X", "a_seed")
        await until(pilot, lambda: "acc against a_seed" in says(screen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
    names = app.store.key_names((sweep,))
    assert load_axes(app.store, sweep, names.keys()) == Axes(
        Key(Kind.PARAM, "a_seed"), Key(Kind.METRIC, "acc")
    )
    assert load_axes(app.store, sweep, ()) is None, "a key that is gone"
    assert load_axes(app.store, "1", names.keys()) is None, "another experiment"


@pytest.mark.parametrize(
    ("count", "columns", "order", "expected"),
    [
        (8, (), None, ("params.lr", "metrics.acc")),
        (8, ("metrics.loss",), None, ("params.lr", "metrics.loss")),
        (8, ("params.kind",), None, ("params.kind", "metrics.acc")),
        (8, (), "params.kind", ("params.kind", "metrics.acc")),
        (3, (), None, ("params.lr", "metrics.acc")),  # nothing is claimed of three
        (1, (), None, ("params.fixed", "metrics.acc")),
    ],
)
def test_axes(
    store: Store,
    count: int,
    columns: tuple[str, ...],
    order: str | None,
    expected: tuple[str, str],
) -> None:
    for place in range(count):
        run = store.create_run("0", f"run-{place}").info.run_id
        params = {"fixed": "1", "kind": "abc"[place % 3], "lr": str(place)}
        metrics = [Metric("acc", place + 1.0, 0), Metric("loss", 1.0 - place, 0)]
        store.log_batch(run, metrics, [Param(name, value) for name, value in params.items()])
    names = store.key_names(None)
    keys = names.keys()
    known = {str(key): key for key in keys}
    by = () if order is None else (OrderKey(known[order]),)
    axes = usual_axes(store, RunQuery(None, None, by), names, [known[name] for name in columns])
    assert (str(axes.x), str(axes.y), axes.log_x) == (*expected, None)


async def test_points_are_read_off_and_opened(wine: TuiflowApp) -> None:
    async with wine.run_test(size=(100, 30)) as pilot:
        screen = await charts(pilot, wine)
        await choose(pilot, "Y", "metrics.rmse")
        await until(pilot, lambda: "rmse against alpha" in says(screen))
        await pilot.press("enter")
        await until(pilot, lambda: "enter then opens it" in messages(wine))
        await pilot.press("right", *["left"] * 6)
        await until(pilot, lambda: "◆ able-crane-41  alpha 0.001" in says(screen))
        assert "rmse 0.7504" in says(screen) and "◆" in screen_text(wine).split("\n", 3)[3]
        await pilot.press(*["right"] * 5)
        await until(pilot, lambda: "◆ kind-finch-12  alpha 1  rmse 0.8587" in says(screen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(wine.screen, RunScreen))
        await pilot.press("escape")
        await until(pilot, lambda: wine.screen is screen)
        await pilot.press("escape")
        await until(pilot, lambda: "6 runs" in says(screen))


async def test_the_mouse_reads_off_the_nearest_point_and_zooms(wine: TuiflowApp) -> None:
    async with wine.run_test(size=(100, 30)) as pilot:
        screen = await charts(pilot, wine)
        await choose(pilot, "Y", "metrics.rmse")
        await until(pilot, lambda: "rmse against alpha" in says(screen))
        width, height = screen.plot.size
        await pilot.click(screen.plot, offset=(width - 3, 3))
        await until(pilot, lambda: "kind-finch-12" in says(screen))
        await pilot.press("+", "+")
        await until(pilot, lambda: screen.plot.zoomed)
        await pilot.press("h", "l", "-", "0")
        await until(pilot, lambda: not screen.plot.zoomed)
        await pilot.click(screen.plot, offset=(8, height - 4), times=2)
        await until(pilot, lambda: isinstance(wine.screen, RunScreen))


async def test_logarithmic_axes(wine: TuiflowApp) -> None:
    async with wine.run_test(size=(100, 30)) as pilot:
        screen = await charts(pilot, wine)
        await pilot.press("K")
        await until(pilot, lambda: "log x" in screen_text(wine).splitlines()[1])
        assert "0.001" in screen_text(wine).splitlines()[-2]
        await pilot.press("L")
        await until(pilot, lambda: "log x y" in screen_text(wine).splitlines()[1])
        chart = screen.plot.shown
        assert isinstance(chart, Scatter) and min(chart.xs) == -3


async def test_a_histogram_of_any_column(wine: TuiflowApp) -> None:
    async with wine.run_test(size=(100, 30)) as pilot:
        screen = await charts(pilot, wine)
        await pilot.press("H")
        await until(pilot, lambda: isinstance(screen.plot.shown, Histogram))
        assert "6 runs · 1 without it" in says(screen)
        for key, words in (("Y", "A histogram has one column"), ("L", "In a histogram K makes")):
            await pilot.press(key)
            await until(pilot, lambda words=words: words in messages(wine))
        await choose(pilot, "X", "l1_ratio")
        await until(pilot, lambda: "l1_ratio · 7 runs" in says(screen))
        await pilot.press("right")
        await until(pilot, lambda: "l1_ratio 0.1" in says(screen) and "run" in says(screen))

        def bins() -> int:
            chart = screen.plot.shown
            assert isinstance(chart, Histogram)
            return len(chart.bins)

        before = bins()
        await pilot.press("+")
        await until(pilot, lambda: bins() > before)
        await pilot.press("0")
        await until(pilot, lambda: bins() == before)
        await choose(pilot, "X", "status")
        await until(pilot, lambda: "status · 7 runs · 2 different" in says(screen))
        await pilot.press("right")
        await until(pilot, lambda: "status = FINISHED: 6 runs" in says(screen))
        await pilot.click(screen.plot, offset=(5, 1))
        await until(pilot, lambda: "status = FAILED: 1 run" in says(screen))
        await pilot.press("H")
        await until(pilot, lambda: isinstance(screen.plot.shown, Scatter))


async def test_it_is_live_and_filtered(wine: TuiflowApp) -> None:
    async with wine.run_test(size=(100, 30)) as pilot:
        screen = await charts(pilot, wine)
        await until(pilot, lambda: "6 runs" in says(screen))
        run = wine.store.create_run("1", "new")
        wine.store.log_batch(run.info.run_id, metrics=[Metric("mae", 9.5, 0, 0)])
        wine.store.log_batch(run.info.run_id, metrics=[Metric("rmse", 9.5, 0, 0)])
        await choose(pilot, "X", "metrics.mae")
        await choose(pilot, "Y", "metrics.rmse")
        wine.store_changed()
        await until(pilot, lambda: "rmse against mae · 7 runs" in says(screen))


async def test_it_is_saved(wine: TuiflowApp, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    async with wine.run_test(size=(100, 30)) as pilot:
        screen = await charts(pilot, wine)
        await choose(pilot, "Y", "metrics.rmse")
        await until(pilot, lambda: "rmse against alpha" in says(screen))
        await pilot.press("W")
        await until(pilot, lambda: isinstance(wine.screen, ExportModal))
        field = wine.screen.query_one(Input)
        assert field.value == "rmse-against-alpha.svg"
        field.value = "points.csv"
        await pilot.press("enter")
        await until(pilot, lambda: "Saved points.csv" in messages(wine))
        lines = (tmp_path / "points.csv").read_text().splitlines()
        assert lines[0] == "params.alpha,metrics.rmse" and len(lines) == 7


async def test_runs_without_metrics_are_a_histogram(app: TuiflowApp) -> None:
    empty = app.store.create_experiment("bare")
    app.store.create_run(empty, "only")
    save_last_experiment(app.store, empty)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await charts(pilot, app)
        assert isinstance(screen.plot.shown, Histogram)
        await pilot.press("H")
        await until(pilot, lambda: "no metric that a scatter plot could show" in messages(app))


STATES = {
    "points": ["K", "right", "right"],
    "bars": ["H", "right"],
}


@SIZES
@pytest.mark.parametrize("state", STATES)
def test_look(snap_compare: Any, wine: TuiflowApp, state: str, size: tuple[int, int]) -> None:
    async def run_before(pilot: Pilot[object]) -> None:
        screen = await charts(pilot, wine)
        key, *rest = STATES[state]
        before = screen.plot.shown
        await pilot.press(key)
        await until(pilot, lambda: screen.plot.shown is not before)
        await pilot.press(*rest)
        await until(pilot, lambda: screen.plot.chosen is not None)
        await until(pilot, lambda: "◆  " not in says(screen))
        await pilot.pause(0.2)

    assert snap_compare(wine, terminal_size=size, run_before=run_before)
