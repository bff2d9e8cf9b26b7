"""The chart widget under Pilot: what its keys do to the view and what it reads off."""

from __future__ import annotations

import math
from array import array
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.screen import Screen

from tuiflow.plot import Axis, Curve
from tuiflow.store import Store
from tuiflow.tui.acts import Acts
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.widgets.chart import SMOOTHING, Chart


class ChartScreen(Acts, Screen[None]):
    def compose(self) -> ComposeResult:
        yield Chart()


def curve(name: str, values: list[float]) -> Curve:
    count = len(values)
    return Curve(
        name,
        array("q", range(count)),
        array("q", [1000 * i for i in range(count)]),
        array("d", values),
    )


LOSS = curve("loss", [math.exp(-i / 50) for i in range(201)])
OTHER = curve("other", [0.5, math.nan, 0.25] * 67)


def rows(chart: Chart) -> list[str]:
    return [chart.render_line(y).text for y in range(chart.size.height)]


@pytest.fixture
def draw(store: Store, app_of: Callable[[Store], TuiflowApp]) -> Callable[..., Awaitable[None]]:
    """Show curves on a screen of their own and check what the chart does."""

    async def run(
        check: Callable[[Chart, Pilot[object]], Awaitable[None]],
        *curves: Curve,
        size: tuple[int, int] = (80, 20),
    ) -> None:
        app = app_of(store)
        async with app.run_test(size=size) as pilot:
            await app.push_screen(ChartScreen())
            chart = app.screen.query_one(Chart)
            chart.show(curves)
            chart.focus()
            await pilot.pause()
            await check(chart, pilot)

    return run


async def test_the_legend_names_the_curves_and_the_scale(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        top = rows(chart)[0]
        assert "── loss" in top and "╌╌ other" in top and "by step" in top
        await pilot.press("L", "T")
        assert "by time · log" in rows(chart)[0]
        assert chart.mode.axis is Axis.TIME and chart.mode.log
        await pilot.press("L", "T")
        assert "by clock" in rows(chart)[0] and chart.mode.axis is Axis.CLOCK
        assert any(":01" in row for row in rows(chart)[-1:])
        await pilot.press("T")
        assert not chart.mode.log and chart.mode.axis is Axis.STEP

    await draw(check, LOSS, OTHER)


async def test_zoom_pan_and_reset(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        assert chart.window is None
        await pilot.press("+", "+")
        assert chart.window == (75, 125)
        await pilot.press("l")
        assert chart.window == (87.5, 137.5)
        await pilot.press(*"hhhhhhhhhhhhh")
        assert chart.window == (0, 50)
        await pilot.press("-")
        assert chart.window == (0, 100)
        await pilot.press("0")
        assert chart.window is None
        await pilot.press(*"+" * 30)
        low, high = chart.window or (0, 0)
        assert 0 < high - low <= 4

    await draw(check, LOSS)


async def test_the_crosshair_reads_every_curve_and_steps_over_points(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        await pilot.press("right")
        assert chart.cross == 100
        top = rows(chart)[0]
        assert "step 100" in top and "loss 0.1353" in top and "other NaN" in top
        assert any("│" in row[8:] for row in rows(chart)[1:-2])
        await pilot.press("right")
        assert 100 < (chart.cross or 0) <= 104
        await pilot.press("left", "left")
        assert (chart.cross or 0) < 100
        assert chart.clear() and chart.cross is None and not chart.clear()

    await draw(check, LOSS, OTHER)


async def test_what_is_read_off_has_room_before_names(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        chart.styles.width = 46
        await pilot.pause()
        await pilot.press("right")
        top = rows(chart)[0]
        assert "step 100" in top and "0.1353" in top and "0.2500" in top and "…" in top

    long = curve("validation/mean_absolute_error", [0.25] * 201)
    await draw(check, curve("train/mean_absolute_error", list(LOSS.values)), long)


async def test_the_crosshair_takes_a_zoomed_view_along(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        await pilot.press("right", "+", "+", "+", *["right"] * 60)
        low, high = chart.window or (0, 0)
        assert (chart.cross or 0) > 100 and low <= (chart.cross or 0) <= high
        assert low > 90

    await draw(check, LOSS)


async def test_smoothing_goes_through_its_weights_and_keeps_the_raw_value(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        plain = rows(chart)
        for weight in (*SMOOTHING[1:], SMOOTHING[0]):
            await pilot.press("S")
            assert chart.mode.smooth == weight
            assert (f"smooth {weight:g}" in rows(chart)[0]) == (weight > 0)
        assert rows(chart) == plain
        await pilot.press("S", "right")
        assert "loss 0.1353" in rows(chart)[0]

    await draw(check, LOSS)


async def test_a_click_puts_the_crosshair_there(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        await pilot.click(chart, offset=(40, 8))
        assert chart.cross is not None and 70 < chart.cross < 130

    await draw(check, LOSS)


async def test_more_points_keep_the_view_and_another_curve_drops_it(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        await pilot.press("right", "+")
        window, cross = chart.window, chart.cross
        chart.show([curve("loss", [1.0] * 400)], live=True)
        assert (chart.window, chart.cross) == (window, cross)
        assert "⏵ live" in rows(chart)[0]
        chart.show([curve("acc", [1.0] * 400)])
        assert chart.window is None and chart.cross is None

    await draw(check, LOSS)


async def test_without_curves_it_says_why(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        chart.show([], note="Nothing \x1b[31mhere")
        assert any("Nothing ␛[31mhere" in row for row in rows(chart))
        await pilot.press("+", "right", "L", "S", "T", "0")
        chart.show([curve("m", [math.nan, math.inf])])
        assert any("×" in row for row in rows(chart)) and any("▲" in row for row in rows(chart))

    await draw(check)


async def test_a_step_of_the_crosshair_repaints_what_it_crosses_and_the_legend(draw, monkeypatch):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        await pilot.press("right")
        areas: list[int] = []
        plain = Chart.refresh

        def counting(self: Chart, *regions: Any, **options: Any) -> Chart:
            areas.append(sum(region.area for region in regions) if regions else 10**6)
            return plain(self, *regions, **options)

        monkeypatch.setattr(Chart, "refresh", counting)
        await pilot.press("right")
        assert areas and sum(areas) <= 80 + 3 * 20

    await draw(check, LOSS)


async def test_a_row_is_sent_in_few_pieces(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        for y in range(1, chart.size.height):
            assert len(list(chart.render_line(y))) <= 4

    await draw(check, LOSS)
