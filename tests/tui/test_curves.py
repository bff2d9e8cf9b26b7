"""Where curves come from: the tab of a run's metrics, and the Compare screen."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from driving import messages, screen_text, until
from textual.pilot import Pilot

from tuiflow.entities import Metric, Run
from tuiflow.protocols import RunQuery
from tuiflow.store import Store
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.panes.metrics import MOST_CURVES
from tuiflow.tui.screens.compare import CompareScreen
from tuiflow.tui.screens.run import RunScreen
from tuiflow.tui.widgets.chart import Chart
from tuiflow.tui.widgets.compare_table import CompareTable


def log(store: Store, run: Run, key: str, *steps: int) -> None:
    points = [Metric(key, math.cos(step / 9), 1000 * step, step) for step in steps]
    store.log_batch(run.info.run_id, metrics=points)


async def metrics_of(pilot: Pilot[object], app: TuiflowApp, run: Run) -> Chart:
    await app.push_screen(RunScreen(run.info.run_id))
    await pilot.press("]")
    await until(pilot, lambda: len(app.screen.query(Chart)) and app.screen.query_one(Chart).curves)
    return app.screen.query_one(Chart)


async def test_a_live_run_is_followed_by_its_new_points(
    store: Store, app_of: Callable[[Store], TuiflowApp]
) -> None:
    run = store.create_run("0", "live")
    log(store, run, "loss", *range(60))
    app = app_of(store)
    async with app.run_test(size=(100, 30)) as pilot:
        chart = await metrics_of(pilot, app, run)
        assert len(chart.curves[0]) == 60
        assert "⏵ live" in screen_text(app)
        await pilot.press("right", "+")
        window, first = chart.window, chart.curves[0]
        for step in range(60, 63):
            log(store, run, "loss", step)
            app.store_changed()
            await until(pilot, lambda step=step: len(chart.curves[0]) == step + 1)
        assert chart.curves[0].stem is first.stem, "it has grown, and was not read again"
        assert chart.window == window and chart.cross is not None
        log(store, run, "loss", 5)
        app.store_changed()
        await until(pilot, lambda: len(chart.curves[0]) == 64)
        assert list(chart.curves[0].steps)[5:7] == [5, 5]
        assert chart.curves[0].stem is not first.stem


class Watched(Store):
    """Counts how often a whole history is read."""

    histories = 0

    def metric_history(self, run_id: str, key: str):  # type: ignore[no-untyped-def]
        self.histories += 1
        return super().metric_history(run_id, key)


async def test_sparklines_follow_by_the_new_points(
    tmp_path: Path, app_of: Callable[[Store], TuiflowApp]
) -> None:
    store = Watched(tmp_path / "store" / "tuiflow.db")
    run = store.create_run("0", "live")

    def log_points(*values: float) -> None:
        start = sum(item.count for item in store.metric_summaries(run.info.run_id))
        points = [Metric("loss", v, 0, start + step) for step, v in enumerate(values)]
        store.log_batch(run.info.run_id, metrics=points)

    log_points(*[0.0, 1.0] * 4)
    app = app_of(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "█" in screen_text(app).split("live", 1)[1])
        assert store.histories == 1
        log_points(*[3.0] * 8)
        app.store_changed()
        await until(pilot, lambda: "▁▁▁▁████" in screen_text(app) or "▂▂▂▂████" in screen_text(app))
        assert store.histories == 1, "the preview has read the new points only"
        await pilot.press("enter")
        await until(pilot, lambda: "Overview" in screen_text(app) and "█" in screen_text(app))
        assert store.histories == 2
        before = screen_text(app)
        log_points(*[9.0] * 16)
        app.store_changed()
        await until(pilot, lambda: "█" in screen_text(app) and screen_text(app) != before)
        await until(pilot, lambda: "▃▃▃▃████████" in screen_text(app))
        assert store.histories == 2, "the overview has read the new points only"
    store.close()


async def test_up_to_twelve_metrics_are_drawn_together(
    store: Store, app_of: Callable[[Store], TuiflowApp]
) -> None:
    run = store.create_run("0", "many")
    for number in range(MOST_CURVES + 1):
        log(store, run, f"metric-{number:02}", *range(5))
    app = app_of(store)
    async with app.run_test(size=(120, 40)) as pilot:
        chart = await metrics_of(pilot, app, run)
        for _ in range(MOST_CURVES):
            await pilot.press("space", "j")
        await until(pilot, lambda: len(chart.curves) == MOST_CURVES)
        assert "metric-11" in "\n".join(chart.render_line(y).text for y in range(4))
        await pilot.press("space")
        await until(pilot, lambda: "at most 12 metrics" in messages(app))
        await pilot.press("u")
        await until(pilot, lambda: len(chart.curves) == 1)


async def test_compare_draws_marked_metrics_of_every_run_together(app: TuiflowApp) -> None:
    digits = [
        run.info.run_id
        for run in app.store.search_runs(_all())
        if run.info.run_name.startswith("deep-panda")
    ]
    async with app.run_test(size=(120, 40)) as pilot:
        screen = CompareScreen(digits)
        await app.push_screen(screen)
        await until(pilot, lambda: screen.comparison is not None and screen.chart.curves)
        table = screen.query_one(CompareTable)

        async def go_to(name: str) -> None:
            await pilot.press("g")
            for _ in range(30):
                if table.row_name == f"metrics/{name}":
                    return
                await pilot.press("j")
            raise AssertionError(f"there is no row {name}")

        await go_to("val/acc")
        await pilot.press("space")
        await go_to("train/loss")
        await pilot.press("space")
        await until(pilot, lambda: len(screen.chart.curves) == 4)
        names = [curve.name for curve in screen.chart.curves]
        assert names[:2] == ["deep-panda-1 val/acc", "deep-panda-1 train/loss"] or (
            names[:2] == ["deep-panda-2 val/acc", "deep-panda-2 train/loss"]
        )
        assert "── val/acc + train/loss ─" in screen_text(app)
        await pilot.press("space")
        await until(pilot, lambda: len(screen.chart.curves) == 2)
        await pilot.press("u")
        await until(pilot, lambda: screen.chart.title == "train/loss")
        await pilot.press("g", "space")
        await pilot.pause()


def _all() -> RunQuery:
    return RunQuery()
