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
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import thread_time

from textual.app import ComposeResult
from textual.screen import Screen

from tuiflow.plot import Curve, prepare
from tuiflow.store import open_store
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.widgets.chart import Chart

SERIES, POINTS, SIZE, REPEATS = 10, 100_000, (120, 40), 20


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
    """Median milliseconds of CPU time of a call: other work on the machine is not counted."""
    spent = []
    for _ in range(repeats):
        start = thread_time()
        action()
        spent.append((thread_time() - start) * 1000)
    return median(spent)


def paint(chart: Chart) -> None:
    for y in range(SIZE[1]):
        chart.render_line(y)


class ChartScreen(Screen[None]):
    """A chart and nothing else."""

    def compose(self) -> ComposeResult:
        yield Chart()


async def main(folder: str) -> None:
    print(f"{SERIES} series of {POINTS:,} points at {SIZE[0]}×{SIZE[1]}")
    curves = [curve(number, POINTS) for number in range(SERIES)]
    print(f"{timed(lambda: prepare(curves[0]), 5):8.1f}  prepare a series, once")
    app = TuiflowApp(open_store(Path(folder) / "store"))
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(ChartScreen())
        chart = app.screen.query_one(Chart)
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
    with TemporaryDirectory() as folder:
        asyncio.run(main(folder))
