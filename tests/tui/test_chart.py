"""The chart widget under Pilot: what its keys do to the view and what it reads off."""

from __future__ import annotations

import math
import threading
from array import array
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from driving import messages, until
from textual.app import ComposeResult
from textual.events import MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from tuiflow.plot import Axis, Curve
from tuiflow.plot.kept import Due
from tuiflow.store import Store
from tuiflow.tui.acts import Acts
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.modals.export import ExportModal
from tuiflow.tui.widgets import chart as chart_module
from tuiflow.tui.widgets.chart import SMOOTHING, Chart
from tuiflow.tui.widgets.chart_words import dash


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
        assert "validation/me…absolute_error" in rows(chart)[1]
        await pilot.press("right")
        box = [row for row in rows(chart)[2:5] if "…" in row]
        assert "step 100" in rows(chart)[2] and "0.1353" in box[0] and "0.2500" in box[1]
        chart.styles.height = 8
        await pilot.pause()
        top = rows(chart)[0]
        assert "step 100" in top and "0.1353" in top and "0.2500" in top and "…" in top

    long = curve("validation/mean_absolute_error", [0.25] * 201)
    await draw(check, curve("train/mean_absolute_error", list(LOSS.values)), long)


async def test_the_crosshair_takes_a_zoomed_view_along(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        await pilot.press("right", "+", "+", "+", *["right"] * 30)
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


TEN = [curve(f"model-{n}/loss", [math.exp(-i / 80) + n / 4 for i in range(301)]) for n in range(10)]


async def test_the_wheel_zooms_about_the_pointer_and_dragging_moves_the_view(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        x = chart.x_under(60)
        await pilot._post_mouse_events([MouseScrollUp], chart, offset=(60, 8))
        low, high = chart.window or (0, 0)
        assert 159 <= high - low <= 161
        assert x is not None and abs((chart.x_under(60) or 0) - x) < 3
        before = chart.window
        await pilot.mouse_down(chart, offset=(40, 8))
        await pilot.hover(chart, offset=(50, 8))
        await pilot.mouse_up(chart, offset=(50, 8))
        await until(pilot, lambda: chart.window != before)
        assert (chart.window or (0, 0))[0] < low and chart.cross is None
        await pilot._post_mouse_events([MouseScrollDown], chart, offset=(60, 8))
        await pilot._post_mouse_events([MouseScrollDown], chart, offset=(60, 8))
        assert chart.window is None
        await pilot.press("+")
        await pilot.click(chart, offset=(40, 8), times=2)
        await until(pilot, lambda: chart.window is None)

    await draw(check, LOSS)


async def test_ten_curves_have_a_legend_of_their_own_and_are_read_off_in_a_box(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        head = "\n".join(rows(chart)[:5])
        assert all(f"model-{n}/loss" in head for n in range(10))
        assert len({(*dash(n), n % 6) for n in range(24)}) == 24
        await pilot.press("right", "left")
        text = "\n".join(rows(chart))
        x = round(chart.cross or 0)
        assert f"step {x}" in text
        for n in range(10):
            assert f"{math.exp(-x / 80) + n / 4:.3f}" in text
        lines = [row for row in rows(chart) if "model-3/loss " in row]
        assert lines[-1].index("model-3") > 40, "the box is where the crosshair is not"
        await pilot.press(*["right"] * 6)
        assert [row for row in rows(chart) if "model-3/loss " in row][-1].index("model-3") < 40
        await pilot.press("escape")

    await draw(check, *TEN, size=(80, 24))


async def test_where_a_curve_is_not_there_is_nothing_to_read_off(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        await pilot.press("right", *["right"] * 30)
        assert (chart.cross or 0) > 110
        assert "short –" in rows(chart)[0] and "loss 0." in rows(chart)[0]

    await draw(check, LOSS, curve("short", [1.0] * 50))


async def test_a_smoothed_curve_is_read_off_with_its_raw_value(draw):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        await pilot.press("S", "right")
        assert "loss 0.1353 ~0.1" in rows(chart)[0]

    await draw(check, LOSS)


async def test_long_series_are_made_ready_beside_the_screen(draw, monkeypatch):
    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        monkeypatch.setattr(chart_module, "AT_ONCE", 100)
        threads = set()
        make = Due.make

        def watched(due: Due) -> Any:
            threads.add(threading.current_thread())
            return make(due)

        monkeypatch.setattr(Due, "make", watched)
        await pilot.press("S")
        await until(pilot, lambda: "smooth 0.6" in rows(chart)[0] and "…" not in rows(chart)[0])
        assert threads and threading.main_thread() not in threads
        grown = LOSS.grown([(201, 201_000, 5.0)])
        assert grown is not None
        threads.clear()
        chart.show([grown], live=True)
        assert threads == {threading.main_thread()}, "one more point is no work"
        assert "5┤" in "\n".join(rows(chart))

    await draw(check, LOSS)


async def test_what_is_in_view_is_saved(draw, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def check(chart: Chart, pilot: Pilot[object]) -> None:
        await pilot.press("+", "W")
        await until(pilot, lambda: isinstance(chart.app.screen, ExportModal))
        field = chart.app.screen.query_one(Input)
        assert field.value == "loss.svg"
        field.value = "loss.csv"
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "loss.csv").exists())
        data = (tmp_path / "loss.csv").read_text().splitlines()
        assert data[1].startswith("loss,50,") and data[-1].startswith("loss,150,")
        await until(pilot, lambda: "Saved loss.csv" in messages(chart.app))
        await pilot.press("W")
        await until(pilot, lambda: isinstance(chart.app.screen, ExportModal))
        chart.app.screen.query_one(Input).value = "loss.gif"
        await pilot.press("enter")
        await until(pilot, lambda: "ends in .svg" in messages(chart.app))
        chart.show([])
        await pilot.press("W")
        await until(pilot, lambda: "There is no chart to save" in messages(chart.app))

    await draw(check, LOSS)


def noisy(name: str, count: int = 400) -> Curve:
    return curve(name, [math.exp(-i / 100) + 0.1 * math.sin(i * i) for i in range(count)])


ODD = curve("odd", [1.0, 10.0, 100.0, 0.0, -5.0, 1000.0, math.nan, math.inf, 10.0, 1.0])
STATES: dict[str, tuple[list[Curve], list[str]]] = {
    "empty": ([], []),
    "one-point": ([curve("loss", [0.25])], []),
    "nan": ([curve("loss", [1.0, math.nan, 0.5, math.inf, 0.4, -math.inf, 0.2])], []),
    "log": ([ODD], ["L"]),
    "smooth": ([noisy("loss"), noisy("val", 300)], ["S", "S"]),
    "crosshair": ([LOSS, OTHER], ["right", "left"]),
    "clock": ([LOSS], ["T", "T", "+"]),
    "ten": (TEN, []),
    "ten-read": (TEN, ["right"]),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("state", STATES)
def test_look(snap_compare, store, app_of, state: str, size: tuple[int, int]) -> None:
    curves, keys = STATES[state]

    async def run_before(pilot: Pilot[object]) -> None:
        await pilot.app.push_screen(ChartScreen())
        chart = pilot.app.screen.query_one(Chart)
        chart.show(curves, note="No metrics were logged yet.")
        chart.focus()
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()

    assert snap_compare(app_of(store), terminal_size=size, run_before=run_before)
