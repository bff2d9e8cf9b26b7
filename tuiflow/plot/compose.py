"""Lines and axes put together into one picture of characters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tuiflow.plot import ticks
from tuiflow.plot.canvas import Canvas
from tuiflow.plot.draw import Layer, Window, bounds, draw, scale
from tuiflow.plot.line import Axis, Line

BLANK = 0
AXIS = 1
LINE = 16
"""Tone of the first line; the n-th has `LINE + n`, or `FAINT + n` to stay in the background."""


@dataclass(frozen=True, slots=True)
class Picture:
    """`rows` are (characters, tone of each). The plot's upper left cell is (`left`, 0)."""

    rows: list[tuple[str, bytes]]
    left: int
    columns: int
    plot_rows: int
    window: Window

    def x_at(self, column: int) -> float:
        """The x in the middle of a plot column."""
        low, high = self.window
        return low + (high - low) * min(max(column / max(self.columns - 1, 1), 0.0), 1.0)

    def column_of(self, x: float) -> int | None:
        """The plot column of an x, None outside of the window."""
        low, high = self.window
        if not low <= x <= high:
            return None
        return (scale(x, low, high, 2 * self.columns) if high > low else 0) >> 1


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
    window = _widened(*window)
    plot_rows = max(height - 2, 1)
    low, high = bounds(layers, window)
    marks = (ticks.logarithmic if log else ticks.linear)(low, high, max(plot_rows // 4, 2))
    names = ticks.labels(marks)
    left = max(map(len, names), default=0) + 1
    columns = max(width - left, 1)
    canvas = Canvas(columns, plot_rows)
    for layer in layers:
        draw(canvas, layer, window, low, high)
    gutter: dict[int, str] = {}
    for mark, name in zip(marks, names, strict=True):
        place = math.log10(mark) if log else mark
        gutter.setdefault((4 * plot_rows - 1 - scale(place, low, high, 4 * plot_rows)) >> 2, name)
    rows = []
    for row, (chars, tones) in enumerate(canvas.rows()):
        edge = gutter[row].rjust(left - 1) + "┤" if row in gutter else " " * (left - 1) + "│"
        rows.append((edge + chars, bytes([AXIS]) * left + tones))
    if height >= 3:
        rows += [(text, bytes([AXIS]) * len(text)) for text in _x_axis(window, left, columns, axis)]
    return Picture(rows[:height], left, columns, plot_rows, window)


def _x_axis(window: Window, left: int, columns: int, axis: Axis) -> tuple[str, str]:
    count = max(columns // 14, 1)
    if axis is Axis.TIME:
        marks = ticks.times(*window, count)
        names = [ticks.clock(mark) for mark in marks]
    elif axis is Axis.CLOCK:
        marks = ticks.moments(*window, count)
        names = ticks.dates(marks)
    else:
        marks = ticks.linear(*window, count)
        if window[1] - window[0] >= 1:
            marks = [mark for mark in marks if mark == int(mark)]
        names = ticks.counts(marks)
    ruler = ["─"] * columns
    label = [" "] * (left + columns)
    free = 0
    for mark, name in zip(marks, names, strict=True):
        if not window[0] <= mark <= window[1]:
            continue
        column = scale(mark, *window, 2 * columns) >> 1
        start = min(max(left + column - len(name) // 2, 0), left + columns - len(name))
        if start < free:
            continue
        ruler[column] = "┬"
        label[start : start + len(name)] = name
        free = start + len(name) + 2
    return " " * (left - 1) + "└" + "".join(ruler), "".join(label)[: left + columns]


def _widened(low: float, high: float) -> Window:
    if low < high:
        return low, high
    pad = max(0.5, abs(low) * 1e-9)
    return low - pad, low + pad
