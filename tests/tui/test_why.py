"""Which params go with a metric: by key from the runs, live, and how it looks."""

from __future__ import annotations

import math
from typing import Any

import pytest
from driving import messages, screen_text, until
from textual.pilot import Pilot
from textual.widgets import Input

from tuiflow.charts.runs import Scatter
from tuiflow.diff import associations
from tuiflow.entities import Metric, Param
from tuiflow.protocols import RunQuery
from tuiflow.store import Store
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.choose_key import ChooseKeyModal
from tuiflow.tui.screens import why
from tuiflow.tui.screens.runs import RunsScreen
from tuiflow.tui.screens.runs_chart import RunsChartScreen
from tuiflow.tui.screens.why import WhyScreen
from tuiflow.tui.views import save_last_experiment
from tuiflow.tui.widgets.rows import RowsView

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])


def log(store: Store, experiment_id: str, place: int) -> None:
    rate, depth = 10 ** (place % 4 - 4), place * 5 % 12
    optimizer = ("adam", "sgd", "[bold]\x1b[31m")[place % 3]
    params = {"lr": rate, "depth": depth, "optimizer": optimizer, "seed": place * 7 % 12, "bs": 32}
    loss = 0.1 + 0.02 * depth + (0.3 if optimizer == "sgd" else 0) + 0.01 * math.sin(place)
    run = store.create_run(experiment_id, f"run-{place}").info.run_id
    metrics = [Metric("score", 0.9 - rate, 0), Metric("loss", loss, 0)]
    store.log_batch(run, metrics, [Param(key, str(value)) for key, value in params.items()])
    store.finish_run(run, "FINISHED")


@pytest.fixture
def sweep(app: TuiflowApp) -> TuiflowApp:
    experiment_id = app.store.create_experiment("sweep")
    for place in range(24):
        log(app.store, experiment_id, place)
    save_last_experiment(app.store, experiment_id)
    return app


async def ask_why(pilot: Pilot[object], *keys: str) -> WhyScreen:
    """Open the screen from the runs, after these keys."""
    app = pilot.app
    runs = app.screen
    assert isinstance(runs, RunsScreen)
    await until(pilot, lambda: len(runs.table.columns) > 2 and not runs.waiting("runs"))
    await pilot.press(*keys, "I")
    await until(pilot, lambda: isinstance(app.screen, WhyScreen) and app.screen.query(RowsView))
    screen = app.screen
    assert isinstance(screen, WhyScreen)
    await until(pilot, lambda: screen._found is not None)
    return screen


async def test_the_params_are_listed_and_one_is_drawn(sweep: TuiflowApp) -> None:
    async with sweep.run_test(size=(120, 40)) as pilot:
        screen = await ask_why(pilot)
        await until(pilot, lambda: "loss, better when lower · 24 runs" in screen_text(sweep))
        lines = [line for line in screen_text(sweep).splitlines() if " 24  " in line]
        assert [line[1:].split()[0] for line in lines] == ["optimizer", "depth"]
        assert "η² 0." in lines[0] and ", [bold]␛[31m 0.2099 (8)" in lines[0]
        await until(pilot, lambda: isinstance(screen._plot.shown, Scatter))
        await until(pilot, lambda: "loss against optimizer" in screen_text(sweep))
        await pilot.press("j")
        await until(pilot, lambda: "loss against depth" in screen_text(sweep))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(sweep.screen, RunsChartScreen))
        await until(pilot, lambda: "loss against depth · 24 runs" in screen_text(sweep))
        await pilot.press("escape", "m")
        await until(pilot, lambda: isinstance(sweep.screen, ChooseKeyModal))
        sweep.screen.query_one(Input).value = "sc"
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: "score, better when higher · 24 runs" in screen_text(sweep))
        text = screen_text(sweep)
        assert "▌lr" in text and "ρ −1.00" in text and "higher lr, worse score" in text
        await until(pilot, lambda: "score against lr · log x" in screen_text(sweep))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(sweep.screen, RunsScreen))


async def test_it_is_asked_of_the_filtered_runs_and_follows_them(sweep: TuiflowApp) -> None:
    async with sweep.run_test(size=(100, 30)) as pilot:
        runs = sweep.screen
        assert isinstance(runs, RunsScreen)
        await pilot.press("slash", *"params.seed < 4", "enter")
        await until(pilot, lambda: len(runs.table.keys) == 8)
        screen = await ask_why(pilot)
        await until(pilot, lambda: "loss, better when lower · 8 runs" in screen_text(sweep))
        here = screen._list.key
        log(sweep.store, runs.experiment_id or "", 24)
        sweep.store_changed()
        await until(pilot, lambda: "better when lower · 9 runs" in screen_text(sweep))
        assert screen._list.key == here


async def test_nothing_is_claimed_of_a_few_runs(app: TuiflowApp) -> None:
    save_last_experiment(app.store, "2")  # digits: three runs
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await ask_why(pilot)
        await until(pilot, lambda: "nothing is told of fewer than 5." in screen_text(app))
        await pilot.press("enter")
        assert app.screen is screen, "there is nothing to draw"


async def test_without_a_metric_there_is_nothing_to_ask(app: TuiflowApp) -> None:
    bare = app.store.create_experiment("bare")
    app.store.create_run(bare, "only")
    save_last_experiment(app.store, bare)
    async with app.run_test(size=(80, 24)) as pilot:
        await ask_why(pilot)
        await until(pilot, lambda: "No run here has a metric." in screen_text(app))
        await pilot.press("m")
        await until(pilot, lambda: "There is no metric to choose" in messages(app))


async def test_of_very_many_runs_some_are_drawn_by_chance(
    sweep: TuiflowApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(why, "MOST_RUNS", 20)
    async with sweep.run_test(size=(100, 30)) as pilot:
        await ask_why(pilot)
        words = "loss, better when lower · 20 runs of 20 drawn by chance from 24"
        await until(pilot, lambda: words in screen_text(sweep))


def test_the_same_runs_are_drawn_again(sweep: TuiflowApp) -> None:
    store = sweep.store
    sweeps = store.get_experiment_by_name("sweep")
    assert sweeps is not None
    query = RunQuery((sweeps.experiment_id,))
    found = associations(store, query, "loss", most=12)
    assert found == associations(store, query, "loss", most=12)
    assert (found.n, found.drawn_from) == (12, 24)
    assert associations(store, query, "loss").drawn_from is None


@SIZES
@pytest.mark.parametrize("state", ["found", "few"])
def test_look(snap_compare: Any, sweep: TuiflowApp, state: str, size: tuple[int, int]) -> None:
    if state == "few":
        save_last_experiment(sweep.store, "2")

    async def run_before(pilot: Pilot[object]) -> None:
        screen = await ask_why(pilot)
        if state == "found":
            await until(pilot, lambda: screen._plot.shown is not None)
        await pilot.pause(0.2)

    assert snap_compare(sweep, terminal_size=size, run_before=run_before)
