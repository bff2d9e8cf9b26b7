"""What stands around a plot: the marks of the y axis on its left, a ruler below."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tuiflow.plot import ticks
from tuiflow.plot.draw import Window, scale

AXIS = 1
"""Tone of the axes."""
BETWEEN = 14
"""About so many columns lie between two marks of a ruler."""


@dataclass(frozen=True, slots=True)
class Picture:
    """`rows` are (characters, tone of each). The plot's upper left cell is (`left`, 0).

    `window` and `bounds` are the ends of its x and its y axis.
    """

    rows: list[tuple[str, bytes]]
    left: int
    columns: int
    plot_rows: int
    window: Window
    bounds: Window = (0.0, 1.0)

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


@dataclass(frozen=True, slots=True)
class Gutter:
    """The y axis: `names` by row, in a column `left` cells wide."""

    names: dict[int, str]
    left: int


def gutter(bounds: Window, plot_rows: int, *, log: bool = False, whole: bool = False) -> Gutter:
    """Mark an axis from `bounds[0]` at the foot to `bounds[1]`; with `log` they are powers of ten,
    with `whole` only whole numbers are marked."""
    low, high = bounds
    marks = (ticks.logarithmic if log else ticks.linear)(low, high, max(plot_rows // 4, 2))
    if whole:
        marks = [mark for mark in marks if mark == int(mark)]
    names = (ticks.powers if log else ticks.labels)(marks)
    found: dict[int, str] = {}
    for mark, name in zip(marks, names, strict=True):
        place = math.log10(mark) if log else mark
        found.setdefault((4 * plot_rows - 1 - scale(place, low, high, 4 * plot_rows)) >> 2, name)
    return Gutter(found, max(map(len, names), default=0) + 1)


def ruler(
    places: Sequence[float], names: Sequence[str], window: Window, left: int, columns: int
) -> list[tuple[str, bytes]]:
    """The line below a plot and the names below its marks, as many as have room."""
    line = ["─"] * columns
    label = [" "] * (left + columns)
    free = 0
    for place, name in zip(places, names, strict=True):
        if not window[0] <= place <= window[1]:
            continue
        column = scale(place, *window, 2 * columns) >> 1
        start = min(max(left + column - len(name) // 2, 0), left + columns - len(name))
        if start < free:
            continue
        line[column] = "┬"
        label[start : start + len(name)] = name
        free = start + len(name) + 2
    lines = " " * (left - 1) + "└" + "".join(line), "".join(label)[: left + columns]
    return [(text, bytes([AXIS]) * len(text)) for text in lines]


def framed(
    rows: Sequence[tuple[str, bytes]], axis: Gutter, foot: Sequence[tuple[str, bytes]], height: int
) -> list[tuple[str, bytes]]:
    """The rows of a plot with its axes, `height` of them."""
    found = []
    for row, (chars, tones) in enumerate(rows):
        name = axis.names.get(row)
        edge = " " * (axis.left - 1) + "│" if name is None else name.rjust(axis.left - 1) + "┤"
        found.append((edge + chars, bytes([AXIS]) * axis.left + tones))
    return [*found, *foot][:height] if height >= 3 else found[:height]


def widened(low: float, high: float) -> Window:
    """Ends that differ, so that there is something between them."""
    if low / 2 < high / 2:  # halves of the least numbers may be equal
        return low, high
    pad = max(0.5, abs(low) * 1e-9)
    return max(low - pad, -sys.float_info.max), min(low + pad, sys.float_info.max)
