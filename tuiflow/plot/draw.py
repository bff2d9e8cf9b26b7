"""Lines drawn onto a canvas, whatever the number of their points."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from tuiflow.plot.canvas import Canvas, dashed
from tuiflow.plot.line import Line
from tuiflow.plot.peaks import FAN

NAN_MARK, ABOVE_MARK, BELOW_MARK, POINT_MARK = "×", "▲", "▼", "•"

Window = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layer:
    """A line, its tone, and the length of its dashes in dots (0: solid)."""

    line: Line
    tone: int
    dash: int = 0


def bounds(layers: Sequence[Layer], window: Window) -> Window:
    """Least and greatest y of what is seen in a window, never the same one."""
    values: list[float] = []
    for layer in layers:
        line = layer.line
        start, end = bisect_left(line.xs, window[0]), bisect_right(line.xs, window[1])
        if start < end:
            values += line.span(start, end)
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


def scale(value: float, low: float, high: float, dots: int) -> int:
    """The dot of `value` on an axis of `dots` dots; halved, as high - low may overflow."""
    span = high * 0.5 - low * 0.5
    if not span:  # of numbers that are the least there are, half is nothing
        return 0
    share = (value * 0.5 - low * 0.5) / span
    return min(max(round(share * (dots - 1)), 0), dots - 1)


def draw(canvas: Canvas, layer: Layer, window: Window, low: float, high: float) -> None:
    """Draw a line, the ends of whose y axis are `low` and `high`."""
    line, tone, dash = layer.line, layer.tone, layer.dash
    xs, ys = line.xs, line.ys
    dots, bottom = 2 * canvas.width, 4 * canvas.height - 1
    x0, x1 = window
    step = (x1 - x0) / (dots - 1)
    # The dot of y is `bottom - int((y / 2 - zero) * unit + 0.5)`; halved, as a span may overflow.
    zero, unit = low * 0.5, min(bottom / (high * 0.5 - low * 0.5), 1e308)
    stretches, span = _Stretches(dots), line.peaks.span
    start, end = bisect_left(xs, x0), bisect_right(xs, x1)
    entry = _crossing(line, start, x0)
    if entry is not None:
        y = bottom - int((entry * 0.5 - zero) * unit + 0.5)
        stretches.begin(0, y)
    index = start
    for x in range(dots):
        if index >= end:
            break
        upto = end
        if x < dots - 1:
            upto = bisect_left(xs, x0 + (x + 0.5) * step, index, end)
            if upto == index:
                continue
            if upto - index > 4 * FAN:  # whole buckets: a quarter of a dot is not seen
                upto -= upto % FAN
        first = bottom - int((ys[index] * 0.5 - zero) * unit + 0.5)
        joined = not line.gaps or not _gap(line.gaps, index)
        if upto - index == 1:
            if (index == 0 or not joined) and (upto == len(xs) or _gap(line.gaps, upto)):
                canvas.mark(x >> 1, first >> 2, POINT_MARK, tone)
            stretches.add(x, first, first, first, first, joined)
        else:
            least, greatest = span(ys, index, upto)
            stretches.add(
                x,
                first,
                bottom - int((greatest * 0.5 - zero) * unit + 0.5),
                bottom - int((least * 0.5 - zero) * unit + 0.5),
                bottom - int((ys[upto - 1] * 0.5 - zero) * unit + 0.5),
                joined,
            )
        index = upto
    leaving = _crossing(line, end, x1)
    if leaving is not None:
        y = bottom - int((leaving * 0.5 - zero) * unit + 0.5)
        stretches.add(dots - 1, y, y, y, y, joined=True)
    for x, (top, end_) in enumerate(zip(stretches.tops, stretches.ends, strict=True)):
        # A dash is interrupted where the line is flat; a spike shows whatever its column.
        if top <= end_ and (not dash or end_ - top > 2 or dashed(x, dash)):
            canvas.column(x, top, end_, tone)
    _mark(canvas, line.nans, window, canvas.height - 1, NAN_MARK, tone)
    _mark(canvas, line.below, window, canvas.height - 1, BELOW_MARK, tone)
    _mark(canvas, line.above, window, 0, ABOVE_MARK, tone)


_NO_TOP = 1 << 30


class _Stretches:
    """What each column of dots shows of a line: from its top to its lower end, if top ≤ end."""

    __slots__ = ("ends", "pen", "tops")

    def __init__(self, dots: int) -> None:
        self.tops = [_NO_TOP] * dots
        self.ends = [-1] * dots
        self.pen: tuple[int, int] | None = None
        """Column and row where the line has come to."""

    def begin(self, x: int, y: int) -> None:
        self.tops[x] = self.ends[x] = y
        self.pen = x, y

    def add(self, x: int, first: int, top: int, end: int, last: int, joined: bool) -> None:
        """The points of column `x`: the rows of the first, the greatest, the least, the last."""
        tops, ends, pen = self.tops, self.ends, self.pen
        self.pen = x, last
        if pen is not None and joined:
            if pen[0] == x - 1:
                # Where the stretches of neighbours don't meet, each reaches half way.
                above, below = tops[x - 1], ends[x - 1]
                if top > below + 1:
                    ends[x - 1] = (top + below) // 2
                    top = ends[x - 1] + 1
                elif end < above - 1:
                    tops[x - 1] = (end + above + 1) // 2
                    end = tops[x - 1] - 1
            else:
                self._connect(*pen, x, first)
        if top < tops[x]:
            tops[x] = top
        if end > ends[x]:
            ends[x] = end

    def _connect(self, x0: int, y0: int, x1: int, y1: int) -> None:
        """A straight line from (x0, y0) to (x1, y1), x0 ≤ x1."""
        dx, dy = x1 - x0, y1 - y0
        if abs(dy) <= dx or not dx:
            for x in range(x0, x1 + 1):
                y = y0 + (2 * dy * (x - x0) + dx) // (2 * dx) if dx else y1
                self._reach(x, y, y)
            return
        down = 1 if dy > 0 else -1
        y = y0
        for x in range(x0, x1 + 1):
            last = y1 if x == x1 else y0 + down * (abs(dy) * (2 * (x - x0) + 1) // (2 * dx))
            self._reach(x, min(y, last), max(y, last))
            y = last if last == y1 else last + down

    def _reach(self, x: int, top: int, end: int) -> None:
        self.tops[x], self.ends[x] = min(top, self.tops[x]), max(end, self.ends[x])


def _mark(canvas: Canvas, xs: array[float], window: Window, row: int, char: str, tone: int) -> None:
    start, end = bisect_left(xs, window[0]), bisect_right(xs, window[1])
    step = (window[1] - window[0]) / (2 * canvas.width - 1)
    while start < end:
        column = scale(xs[start], *window, 2 * canvas.width) >> 1
        canvas.mark(column, row, char, tone)
        # The next point beyond this cell: one step per cell, however many points there are.
        start = max(bisect_left(xs, window[0] + (2 * column + 1.5) * step, start, end), start + 1)
