"""The five tasks of docs/tasks.md, done with the keys that stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import current, messages, names, screen_text, until
from textual.pilot import Pilot
from textual.widgets import Input

from tuiflow.entities import Metric
from tuiflow.protocols import RunQuery
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.export import ExportModal
from tuiflow.tui.modals.tags import TagsModal
from tuiflow.tui.screens.compare import CompareScreen
from tuiflow.tui.screens.run import RunScreen
from tuiflow.tui.screens.runs import RunsScreen
from tuiflow.tui.views import save_last_experiment
from tuiflow.tui.widgets.chart import Chart

PAGE = Path(__file__).parent.parent.parent / "docs" / "tasks.md"


def told() -> dict[str, tuple[list[str], str]]:
    """The keys of each task, single characters for a text that is typed, and how many are told."""
    rows = re.findall(r"^\| ([a-z][^|]*) \| ([^|]*) \| (\d[^|]*) \|$", PAGE.read_text(), re.M)
    return {task: (list(_keys(keys)), count) for task, keys, count in rows}


def _keys(written: str) -> Iterator[str]:
    for key, text in re.findall(r"`([^`]+)`|\*([^*]+)\*", written):
        yield from [key] if key else text


async def do(pilot: Pilot[object], task: str) -> None:
    await pilot.press(*told()[task][0])


async def opened(pilot: Pilot[object], count: int) -> None:
    app = pilot.app
    assert isinstance(app, TuiflowApp)
    runs = app.screen
    assert isinstance(runs, RunsScreen)
    await until(pilot, lambda: len(names(app)) == count and len(runs.table.columns) > 2)


def test_the_keys_are_counted() -> None:
    tasks = told()
    assert len(tasks) == 5
    for keys, count in tasks.values():
        typed = len("team=cellar") if "tag" in count else 0
        assert len(keys) - typed == int(count.split()[0])


async def test_the_best_run_is_found_and_what_makes_it_better(app: TuiflowApp) -> None:
    save_last_experiment(app.store, "1")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, 7)
        await do(pilot, "find the best run")
        await until(pilot, lambda: "rmse ↑" in screen_text(app) and current(app) == "able-crane-41")
        assert names(app)[:2] == ["able-crane-41", "wry-lemur-6"]
        await do(pilot, "say why it beats the next one")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        await until(pilot, lambda: "2 of 2 params differ: alpha, l1_ratio" in screen_text(app))


async def test_the_best_of_a_metric_that_is_better_when_higher_comes_first(app: TuiflowApp) -> None:
    save_last_experiment(app.store, "1")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, 7)
        await pilot.press(*"llll", "o")
        await until(pilot, lambda: "r2 ↓" in screen_text(app))
        await until(pilot, lambda: names(app)[0] == "able-crane-41")
        await pilot.press("o")
        await until(pilot, lambda: names(app)[0] == "kind-finch-12")


async def test_a_live_run_is_followed_and_its_chart_saved(
    app: TuiflowApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_last_experiment(app.store, "2")
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, 3)
        await do(pilot, "follow the run that is live")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await until(pilot, lambda: app.screen.query(Chart) and "⏵ live" in screen_text(app))
        chart = app.screen.query_one(Chart)
        await until(pilot, lambda: chart.curves)
        curve = chart.curves[0]
        run_id = app.store.resolve_run("deep-panda-2")
        app.store.log_batch(run_id, [Metric(curve.name, 0.5, 0, 1000)])
        app.store_changed()
        await until(pilot, lambda: len(chart.curves[0]) == len(curve) + 1)
        keys, _ = told()["save its chart"]
        await pilot.press(keys[0])
        await until(pilot, lambda: isinstance(app.screen, ExportModal))
        field = app.screen.query_one(Input)
        field.value = str(Path(field.value).with_suffix(".csv"))  # Matplotlib is an extra
        await pilot.press(*keys[1:])
        await until(pilot, lambda: "Saved " in messages(app))
        assert len(list(tmp_path.glob("*.csv"))) == 1


async def test_ten_runs_are_tagged(app: TuiflowApp) -> None:
    experiment_id = app.store.create_experiment("many")
    for number in range(12):
        app.store.create_run(experiment_id, f"run-{number}")
    save_last_experiment(app.store, experiment_id)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, 12)
        keys, _ = told()["tag ten runs"]
        await pilot.press(*keys[:11])
        await until(pilot, lambda: isinstance(app.screen, TagsModal))
        assert "Tags of 10 runs" in screen_text(app)
        await pilot.press(*keys[11:])
        await until(pilot, lambda: "undoes it" in messages(app))
        tags = [run.data.tags for run in app.store.search_runs(RunQuery((experiment_id,)))]
        assert sum(item.get("team") == "cellar" for item in tags) == 10
