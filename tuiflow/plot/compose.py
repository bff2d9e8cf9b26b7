"""Lines and axes put together into one picture of characters."""

from __future__ import annotations

import math
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tuiflow.plot import ticks
from tuiflow.plot.canvas import Canvas, dashed
from tuiflow.plot.line import Axis, Line

BLANK = 0
AXIS = 1
LINE = 16
"""Tone of the first line; the n-th has `LINE + n`, or `FAINT + n` to stay in the background."""

NAN_MARK, ABOVE_MARK, BELOW_MARK, POINT_MARK = "×", "▲", "▼", "•"

Window = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layer:
    """A line, its tone, and the length of its dashes in dots (0: solid)."""

    line: Line
    tone: int
    dash: int = 0


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
        return (_scale(x, low, high, 2 * self.columns) if high > low else 0) >> 1


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
    low, high = _bounds(layers, window)
    marks = (ticks.logarithmic if log else ticks.linear)(low, high, max(plot_rows // 4, 2))
    names = ticks.labels(marks)
    left = max(map(len, names), default=0) + 1
    columns = max(width - left, 1)
    canvas = Canvas(columns, plot_rows)
    for layer in layers:
        _draw(canvas, layer, window, low, high)
    gutter: dict[int, str] = {}
    for mark, name in zip(marks, names, strict=True):
        place = math.log10(mark) if log else mark
        gutter.setdefault((4 * plot_rows - 1 - _scale(place, low, high, 4 * plot_rows)) >> 2, name)
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
        column = _scale(mark, *window, 2 * columns) >> 1
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


def _bounds(layers: Sequence[Layer], window: Window) -> Window:
    values: list[float] = []
    for layer in layers:
        line = layer.line
        start, end = bisect_left(line.xs, window[0]), bisect_right(line.xs, window[1])
        if start < end:
            part = line.ys if end - start == len(line.ys) else line.ys[start:end]
            values += (min(part), max(part))
        for edge, index in ((window[0], start), (window[1], end)):
            crossing = _crossing(line, index, edge)
            if crossing is not None:
                values.append(crossing)
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    if high * 0.5 - low * 0.5 > 0:
        return low, high
    top = sys.float_info.max
    pad = abs(low) * 0.05 or 1.0
    return max(low - pad, -top), min(high + pad, top)


def _crossing(line: Line, index: int, x: float) -> float | None:
    """Where the stretch that ends at point `index` passes `x`; None where none does."""
    if not 0 < index < len(line.xs) or _gap(line.gaps, index):
        return None
    before, after = line.xs[index - 1], line.xs[index]
    if not before < x < after:
        return None
    share = (x - before) / (after - before)
    return line.ys[index - 1] * (1 - share) + line.ys[index] * share


def _gap(gaps: array[int], index: int) -> bool:
    if not gaps:
        return False
    at = bisect_left(gaps, index)
    return at < len(gaps) and gaps[at] == index


def _scale(value: float, low: float, high: float, dots: int) -> int:
    """The dot of `value` on an axis of `dots` dots; halved, as high - low may overflow."""
    share = (value * 0.5 - low * 0.5) / (high * 0.5 - low * 0.5)
    return min(max(round(share * (dots - 1)), 0), dots - 1)


def _draw(canvas: Canvas, layer: Layer, window: Window, low: float, high: float) -> None:
    line, tone, dash = layer.line, layer.tone, layer.dash
    xs, ys = line.xs, line.ys
    dots, rows = 2 * canvas.width, 4 * canvas.height
    x0, x1 = window
    step = (x1 - x0) / (dots - 1)

    def row(value: float) -> int:
        return rows - 1 - _scale(value, low, high, rows)

    start, end = bisect_left(xs, x0), bisect_right(xs, x1)
    pen: tuple[int, int] | None = None
    entry = _crossing(line, start, x0)
    if entry is not None:
        pen = 0, row(entry)
    index = start
    for x in range(dots):
        if index >= end:
            break
        upto = bisect_left(xs, x0 + (x + 0.5) * step, index, end) if x < dots - 1 else end
        if upto == index:
            continue
        first, last = row(ys[index]), row(ys[upto - 1])
        if pen is not None and not _gap(line.gaps, index):
            canvas.line(*pen, x, first, tone, dash)
        if upto - index == 1:
            alone = (index == 0 or _gap(line.gaps, index)) and (
                upto == len(xs) or _gap(line.gaps, upto)
            )
            if alone:
                canvas.mark(x >> 1, first >> 2, POINT_MARK, tone)
            elif not dash or dashed(x, dash):
                canvas.dot(x, first, tone)
        else:
            part = ys[index:upto]
            least, greatest = row(min(part)), row(max(part))
            if not dash or dashed(x, dash) or least - greatest > 2:
                canvas.column(x, least, greatest, tone)
        pen = x, last
        index = upto
    leaving = _crossing(line, end, x1)
    if leaving is not None and pen is not None:
        canvas.line(*pen, dots - 1, row(leaving), tone, dash)
    _mark(canvas, line.nans, window, canvas.height - 1, NAN_MARK, tone)
    _mark(canvas, line.below, window, canvas.height - 1, BELOW_MARK, tone)
    _mark(canvas, line.above, window, 0, ABOVE_MARK, tone)


def _mark(canvas: Canvas, xs: array[float], window: Window, row: int, char: str, tone: int) -> None:
    start, end = bisect_left(xs, window[0]), bisect_right(xs, window[1])
    step = (window[1] - window[0]) / (2 * canvas.width - 1)
    while start < end:
        column = _scale(xs[start], *window, 2 * canvas.width) >> 1
        canvas.mark(column, row, char, tone)
        # The next point beyond this cell: one step per cell, however many points there are.
        start = max(bisect_left(xs, window[0] + (2 * column + 1.5) * step, start, end), start + 1)
