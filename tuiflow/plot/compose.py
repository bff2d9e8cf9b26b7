"""Lines and axes put together into one picture of characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tuiflow.plot import ticks
from tuiflow.plot.canvas import Canvas
from tuiflow.plot.draw import Layer, Window, bounds, draw
from tuiflow.plot.frame import BETWEEN, Picture, framed, gutter, ruler, widened
from tuiflow.plot.line import Axis, Line

BLANK = 0
LINE = 16
"""Tone of the first line; the n-th has `LINE + n`, or `FAINT + n` to stay in the background."""


def extent(lines: Iterable[Line]) -> Window | None:
    """The least and greatest x of all points, None where there is none."""
    ends = [(line.all_xs[0], line.all_xs[-1]) for line in lines if line.all_xs]
    if not ends:
        return None
    return min(low for low, _ in ends), max(high for _, high in ends)


def compose(
    layers: Sequence[Layer],
    window: Window,
    width: int,
    height: int,
    *,
    log: bool = False,
    axis: Axis = Axis.STEP,
) -> Picture:
    """Draw `layers` over `window` (least and greatest x) into `width` × `height` characters.

    The y axis spans the finite values within the window. However many points fall on one column of
    dots, its least and its greatest are drawn. NaN is marked on the lower edge, values beyond every
    bound on the edge they lie behind.
    """
    window = widened(*window)
    plot_rows = max(height - 2, 1)
    low, high = bounds(layers, window)
    y_axis = gutter((low, high), plot_rows, log=log)
    columns = max(width - y_axis.left, 1)
    canvas = Canvas(columns, plot_rows)
    for layer in layers:
        draw(canvas, layer, window, low, high)
    foot = ruler(*_marks(window, columns, axis), window, y_axis.left, columns)
    rows = framed(canvas.rows(), y_axis, foot, height)
    return Picture(rows, y_axis.left, columns, plot_rows, window, (low, high))


def _marks(window: Window, columns: int, axis: Axis) -> tuple[list[float], list[str]]:
    count = max(columns // BETWEEN, 1)
    if axis is Axis.TIME:
        marks = ticks.times(*window, count)
        return marks, [ticks.clock(mark) for mark in marks]
    if axis is Axis.CLOCK:
        marks = ticks.moments(*window, count)
        return marks, ticks.dates(marks)
    marks = ticks.linear(*window, count)
    if window[1] - window[0] >= 1:
        marks = [mark for mark in marks if mark == int(mark)]
    return marks, ticks.counts(marks)
