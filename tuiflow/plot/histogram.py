"""How often values occur: bars over an axis of numbers, or a bar for each text."""

from __future__ import annotations

import math
import sys
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from tuiflow.plot import ticks
from tuiflow.plot.compose import BLANK, LINE
from tuiflow.plot.frame import AXIS, Picture, framed, gutter, ruler, widened
from tuiflow.plot.scatter import CHOSEN, x_marks

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_BAR = "▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Bin:
    """How many numbers lie in [low, high); in the last bin, [low, high]."""

    low: float
    high: float
    count: int


def usual_bins(numbers: Sequence[float]) -> int:
    """How many bins suit so many numbers: Sturges' rule, log2 n + 1, but 8 at least."""
    return max(math.ceil(math.log2(max(len(numbers), 1))) + 1, 8)


def bins(numbers: Sequence[float], count: int) -> list[Bin]:
    """About `count` bins of one width with round ends over sorted finite numbers."""
    if not numbers:
        return []
    low, high = numbers[0], numbers[-1]
    marks = ticks.linear(low, high, count)
    if low == high or len(marks) < 2 or not marks[1] > marks[0]:
        return [Bin(low, high, len(numbers))]
    step = marks[1] - marks[0]
    most = sys.float_info.max  # an edge beyond it would be infinite
    edges = [*([max(marks[0] - step, -most)] if marks[0] > low else []), *marks]
    if edges[-1] < high:
        edges.append(min(edges[-1] + step, most))
    places = [0, *(bisect_left(numbers, edge) for edge in edges[1:-1]), len(numbers)]
    return [Bin(edges[i], edges[i + 1], places[i + 1] - places[i]) for i in range(len(edges) - 1)]


def bars(
    found: Sequence[Bin], width: int, height: int, *, log: bool = False, chosen: int | None = None
) -> Picture:
    """Draw bins as bars into `width` × `height` characters; with `log` their ends are powers of
    ten."""
    plot_rows = max(height - 2, 1)
    top = max((item.count for item in found), default=0) or 1
    y_axis = gutter((0.0, float(top)), plot_rows, whole=True)
    columns = max(width - y_axis.left, 1)
    window = widened(found[0].low, found[-1].high) if found else (0.0, 1.0)
    cells = [bytearray(columns) for _ in range(plot_rows)]
    tones = [bytearray(columns) for _ in range(plot_rows)]
    for number, item in enumerate(found):
        start = number * columns // len(found)
        end = (number + 1) * columns // len(found)
        if end - start > 3:
            end -= 1
        # A bin that is not empty is seen.
        eighths = max(round(item.count / top * 8 * plot_rows), 1) if item.count else 0
        tone = CHOSEN if number == chosen else LINE
        for row in range(plot_rows):
            level = min(max(eighths - 8 * (plot_rows - 1 - row), 0), 8)
            if level:
                cells[row][start:end] = bytes([level]) * (end - start)
                tones[row][start:end] = bytes([tone]) * (end - start)
    rows = [
        ("".join(_EIGHTHS[level] for level in chars), bytes(row_tones))
        for chars, row_tones in zip(cells, tones, strict=True)
    ]
    foot = ruler(*x_marks(window, columns, log, ()), window, y_axis.left, columns)
    return Picture(
        framed(rows, y_axis, foot, height), y_axis.left, columns, plot_rows, window, (0.0, top)
    )


def ranks(
    names: Sequence[str],
    counts: Sequence[int],
    width: int,
    height: int,
    *,
    chosen: int | None = None,
) -> Picture:
    """Draw a bar for each name, the first on top; names are as wide as a terminal takes them."""
    first = 0 if chosen is None else max(chosen - height + 1, 0)
    shown = range(first, min(len(names), first + height))
    left = min(max((len(names[i]) for i in shown), default=0), max(width // 3, 1)) + 1
    number = max((len(f"{counts[i]:,}") for i in shown), default=0) + 1
    room = max(width - left - number, 1)
    top = max(counts, default=0) or 1
    rows = []
    for i in shown:
        name = names[i] if len(names[i]) < left else names[i][: left - 2] + "…"
        eighths = max(round(counts[i] / top * 8 * room), 1) if counts[i] else 0
        bar = "█" * (eighths // 8) + (_BAR[eighths % 8 - 1] if eighths % 8 else "")
        tone = CHOSEN if i == chosen else LINE
        value = f" {counts[i]:,}"
        chars = (name.ljust(left) + bar + value).ljust(width)[:width]
        tones = bytes([AXIS]) * left + bytes([tone]) * len(bar) + bytes([AXIS]) * len(value)
        rows.append((chars, tones.ljust(width, bytes([BLANK]))[:width]))
    rows += [(" " * width, bytes(width))] * (height - len(rows))
    return Picture(rows[:height], left, room, height, (0.0, float(top)))
