"""How long charts take: `python benchmarks/charts.py`. Prints medians in milliseconds.

A redraw is all that happens between a key and the 40 rows of the chart, for series that are loaded:
where lines lie in the view, the picture, and the strips that the terminal is sent.
"""

from __future__ import annotations

import asyncio
import math
import random
from array import array
from collections.abc import Callable
from statistics import median
from time import perf_counter

from textual.app import App, ComposeResult

from tuiflow.plot import Curve, prepare
from tuiflow.tui.themes import DARK
from tuiflow.tui.widgets.chart import Chart

SERIES, POINTS, SIZE, REPEATS = 10, 100_000, (120, 40), 20


class ChartApp(App[None]):
    """A chart and nothing else."""

    CSS = "Chart { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name

    def compose(self) -> ComposeResult:
        yield Chart()


def curve(number: int, points: int) -> Curve:
    """A loss that falls, with noise as wide as a minibatch gives it."""
    dice = random.Random(number)
    values = [
        math.exp(-3 * i / points) + 0.1 * dice.gauss(0, 1) + number / 5 for i in range(points)
    ]
    return Curve(
        f"run-{number}",
        array("q", range(points)),
        array("q", range(0, 300 * points, 300)),
        array("d", values),
    )


def timed(action: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median milliseconds of a call."""
    spent = []
    for _ in range(repeats):
        start = perf_counter()
        action()
        spent.append((perf_counter() - start) * 1000)
    return median(spent)


def paint(chart: Chart) -> None:
    for y in range(SIZE[1]):
        chart.render_line(y)


async def main() -> None:
    print(f"{SERIES} series of {POINTS:,} points at {SIZE[0]}×{SIZE[1]}")
    curves = [curve(number, POINTS) for number in range(SERIES)]
    print(f"{timed(lambda: prepare(curves[0]), 5):8.1f}  prepare a series, once")
    app = ChartApp()
    async with app.run_test(size=SIZE) as pilot:
        chart = app.query_one(Chart)
        chart.show(curves)
        await pilot.pause(5)
        paint(chart)

        def redraw() -> None:
            chart._redraw()
            paint(chart)

        def pan() -> None:
            chart.pan(0.01)
            paint(chart)

        print(f"{timed(redraw):8.1f}  redraw, all points in view")
        chart.zoom(0.5)
        chart.pan(-1)
        print(f"{timed(pan):8.1f}  pan, half of them in view")
        chart.reset()

        def read() -> None:
            chart.step_cross(1)
            paint(chart)

        print(f"{timed(read):8.1f}  step of the crosshair, all rows painted")


if __name__ == "__main__":
    asyncio.run(main())
