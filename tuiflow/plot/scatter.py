"""Points without a line between them: one for each run."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from tuiflow.plot import ticks
from tuiflow.plot.canvas import Canvas
from tuiflow.plot.compose import LINE
from tuiflow.plot.draw import POINT_MARK, Window, scale
from tuiflow.plot.frame import BETWEEN, Picture, framed, gutter, ruler, widened

CHOSEN_MARK = "◆"
CHOSEN = LINE + 1
"""Tone of the point that is read off."""
_FEW, _VERY_FEW = 400, 100
"""Up to so many points are each a character, a bold one while they are very few; more are dots."""
_BOLD_MARK = "●"


def padded(numbers: Sequence[float]) -> Window | None:
    """Ends of an axis with some room beside the outermost points, None where there is none."""
    if not numbers:
        return None
    low, high = widened(min(numbers), max(numbers))
    pad = high * 0.02 - low * 0.02
    fits = math.isfinite(2 * (high + pad) - 2 * (low - pad))
    return (low - pad, high + pad) if fits else (low, high)


def scatter(
    xs: array[float],
    ys: array[float],
    window: Window,
    bounds: Window,
    width: int,
    height: int,
    *,
    log_x: bool = False,
    log_y: bool = False,
    names: Sequence[str] = (),
) -> Picture:
    """Draw the finite points (x, y) that lie in a window into `width` × `height` characters.

    A logarithmic axis has the powers of ten. With `names`, x is a place among them.
    """
    plot_rows = max(height - 2, 1)
    y_axis = gutter(bounds, plot_rows, log=log_y)
    columns = max(width - y_axis.left, 1)
    canvas = Canvas(columns, plot_rows)
    few = len(xs) <= _FEW
    mark = _BOLD_MARK if len(xs) <= _VERY_FEW else POINT_MARK
    for column, row in _dots(xs, ys, window, bounds, 2 * columns, 4 * plot_rows):
        if few:
            canvas.mark(column >> 1, row >> 2, mark, LINE)
        else:
            canvas.dot(column, row, LINE)
    foot = ruler(*x_marks(window, columns, log_x, names), window, y_axis.left, columns)
    rows = framed(canvas.rows(), y_axis, foot, height)
    return Picture(rows, y_axis.left, columns, plot_rows, window, bounds)


def _dots(
    xs: array[float], ys: array[float], window: Window, bounds: Window, columns: int, rows: int
) -> set[tuple[int, int]]:
    """Columns and rows of the dots that the points within a window fall on."""
    (x0, x1), (y0, y1) = window, bounds
    # Halved, as a span may overflow.
    left, across = x0 * 0.5, min((columns - 1) / (x1 * 0.5 - x0 * 0.5), 1e308)
    foot, up = y0 * 0.5, min((rows - 1) / (y1 * 0.5 - y0 * 0.5), 1e308)
    return {
        (int((x * 0.5 - left) * across + 0.5), rows - 1 - int((y * 0.5 - foot) * up + 0.5))
        for x, y in zip(xs, ys, strict=True)
        if x0 <= x <= x1 and y0 <= y <= y1
    }


def cell_of(picture: Picture, x: float, y: float) -> tuple[int, int] | None:
    """Column and row of the plot that a point lies in, None outside of what is shown."""
    (x0, x1), (y0, y1) = picture.window, picture.bounds
    if not (x0 <= x <= x1 and y0 <= y <= y1):
        return None
    dots = 4 * picture.plot_rows
    column = scale(x, x0, x1, 2 * picture.columns) >> 1
    return column, (dots - 1 - scale(y, y0, y1, dots)) >> 2


def x_marks(
    window: Window, columns: int, log: bool, names: Sequence[str]
) -> tuple[list[float], list[str]]:
    """Places on an x axis and what they are called."""
    if names:
        room = max(columns // len(names) - 2, 3)
        shown = [name if len(name) <= room else name[: room - 1] + "…" for name in names]
        return [float(place) for place in range(len(names))], shown
    count = max(columns // BETWEEN, 1)
    if log:
        marks = ticks.logarithmic(*window, count)
        return [math.log10(mark) for mark in marks], ticks.powers(marks)
    marks = ticks.linear(*window, count)
    return marks, ticks.labels(marks)


def nearest(
    xs: array[float], ys: array[float], picture: Picture, column: int, row: int
) -> int | None:
    """Index of the point nearest to a cell of the plot, by what is seen; None without points."""
    best, found = math.inf, None
    (x0, x1), (y0, y1) = picture.window, picture.bounds
    # Halved, as a span may overflow.
    width, height = x1 * 0.5 - x0 * 0.5, y1 * 0.5 - y0 * 0.5
    for index, (x, y) in enumerate(zip(xs, ys, strict=True)):
        if not (x0 <= x <= x1 and y0 <= y <= y1):
            continue
        across = (x * 0.5 - x0 * 0.5) / width * (picture.columns - 1) - column
        down = (y1 * 0.5 - y * 0.5) / height * (picture.plot_rows - 1) - row
        distance = across * across + 4 * down * down  # a cell is twice as high as wide
        if distance < best:
            best, found = distance, index
    return found
