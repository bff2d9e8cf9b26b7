"""How the Runs screen and its modals look, in two sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from driving import screen_text, until
from textual.command import CommandList
from textual.pilot import Pilot
from textual.widgets import Input, LoadingIndicator

from tuiflow.filters import Key, Kind, OrderKey
from tuiflow.store import Store
from tuiflow.store.views import View
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.screens.runs import RunsScreen
from tuiflow.tui.views import save_last_experiment

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
NARROW = (80, 24)


def on_wine(app: TuiflowApp) -> TuiflowApp:
    experiment = app.store.get_experiment_by_name("wine")
    assert experiment is not None
    save_last_experiment(app.store, experiment.experiment_id)
    return app


def after(*keys: str, shows: str = "able-crane-41") -> Callable[[Pilot[object]], Any]:
    """Wait for the runs, press the keys, wait for a text and for the workers to be done."""

    async def run(pilot: Pilot[object]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        await until(pilot, lambda: screen._counts and not screen.waiting("runs"))
        await pilot.press(*keys)
        await until(pilot, lambda: shows in screen_text(pilot.app))
        await settled(pilot)

    return run


async def settled(pilot: Pilot[object]) -> None:
    """Wait for the debounced preview and every worker."""
    await pilot.pause(0.3)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause(0.1)


@SIZES
def test_runs(snap_compare: Any, app: TuiflowApp, size: tuple[int, int]) -> None:
    keys = ("j", "space", "j", "space")
    assert snap_compare(on_wine(app), terminal_size=size, run_before=after(*keys))


@SIZES
def test_all_experiments(snap_compare: Any, app: TuiflowApp, size: tuple[int, int]) -> None:
    assert snap_compare(app, terminal_size=size, run_before=after())


@SIZES
def test_filter_with_a_mistake(snap_compare: Any, app: TuiflowApp, size: tuple[int, int]) -> None:
    async def mistaken(pilot: Pilot[object]) -> None:
        await after("slash")(pilot)
        field = pilot.app.screen.query_one("#filter", Input)
        field.value = "metrics.rmse < 0.8"
        await until(pilot, lambda: "3 of 7" in screen_text(pilot.app))
        field.value = "metrics.rmse < 0.8 adn params.alpha = 1"
        await until(pilot, lambda: "^^^" in screen_text(pilot.app))
        await settled(pilot)

    assert snap_compare(on_wine(app), terminal_size=size, run_before=mistaken)


@SIZES
def test_empty_store(
    snap_compare: Any,
    store: Store,
    app_of: Callable[[Store], TuiflowApp],
    size: tuple[int, int],
) -> None:
    async def shown(pilot: Pilot[object]) -> None:
        await until(pilot, lambda: "No runs yet" in screen_text(pilot.app))
        await settled(pilot)

    assert snap_compare(app_of(store), terminal_size=size, run_before=shown)


@SIZES
def test_completion(snap_compare: Any, app: TuiflowApp, size: tuple[int, int]) -> None:
    async def typed(pilot: Pilot[object]) -> None:
        await after("slash", *"params.alpha =", shows="0.001")(pilot)
        await pilot.press("down", "down")
        await settled(pilot)

    assert snap_compare(on_wine(app), terminal_size=size, run_before=typed)


@SIZES
def test_pins_and_sort_keys(snap_compare: Any, app: TuiflowApp, size: tuple[int, int]) -> None:
    async def pinned(pilot: Pilot[object]) -> None:
        await after("G", "P", shows="▴✗ dire-moth-2")(pilot)
        await pilot.press("j", "j", "P")
        await until(pilot, lambda: "▴✓" in screen_text(pilot.app))
        await pilot.press("space", *"lllllolOh|")
        await until(pilot, lambda: "rmse ↑, alpha ↑" in screen_text(pilot.app))
        await settled(pilot)

    assert snap_compare(on_wine(app), terminal_size=size, run_before=pinned)


@SIZES
def test_summary(snap_compare: Any, app: TuiflowApp, size: tuple[int, int]) -> None:
    run = after(*"lllll", "i", shows="quartile")
    assert snap_compare(on_wine(app), terminal_size=size, run_before=run)


def test_saved_views(snap_compare: Any, app: TuiflowApp) -> None:
    order = (OrderKey(Key(Kind.METRIC, "rmse")),)
    app.store.views.save("good ones", View(("name", "metrics.rmse"), order, "metrics.rmse < 0.8"))
    app.store.views.save("everything", View())
    run = after("apostrophe", shows="2 columns")
    assert snap_compare(on_wine(app), terminal_size=NARROW, run_before=run)


@pytest.mark.parametrize(
    ("keys", "shows"),
    [
        pytest.param(["tab"], "grid-search", id="experiments"),
        pytest.param(["full_stop"], "No deleted runs", id="deleted"),
        pytest.param(["space", "space", "D"], "Delete 2 runs?", id="confirm"),
        pytest.param(["c"], "metrics.mae", id="columns"),
        pytest.param(["t"], "cellar", id="tags"),
        pytest.param(["e"], "the first one below", id="note"),
        pytest.param(["x"], "Write 7 runs", id="export"),
        pytest.param(["question_mark"], "Serve the run's model", id="help"),
    ],
)
def test_narrow(snap_compare: Any, app: TuiflowApp, keys: list[str], shows: str) -> None:
    run = after(*keys, shows=shows)
    assert snap_compare(on_wine(app), terminal_size=NARROW, run_before=run)


def test_palette(snap_compare: Any, app: TuiflowApp) -> None:
    async def filled(pilot: Pilot[object]) -> None:
        await after("ctrl+p", shows="Compare the marked")(pilot)
        commands = pilot.app.screen.query_one(CommandList)
        await until(pilot, lambda: commands.highlighted == 0)
        await until(pilot, lambda: not commands.has_class("--populating"))
        await until(pilot, lambda: not pilot.app.screen.query_one(LoadingIndicator).visible)
        await settled(pilot)

    assert snap_compare(on_wine(app), terminal_size=NARROW, run_before=filled)


def test_light_theme(snap_compare: Any, app: TuiflowApp) -> None:
    app.store.put_state("theme", "light")
    again = TuiflowApp(app.store, clock=app.clock, host=app.host, store_label=app.store_label)
    assert snap_compare(on_wine(again), terminal_size=(120, 40), run_before=after("space"))


def test_no_color(
    snap_compare: Any,
    seeded: Store,
    app_of: Callable[[Store], TuiflowApp],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = on_wine(app_of(seeded))
    assert snap_compare(app, terminal_size=NARROW, run_before=after("space"))
