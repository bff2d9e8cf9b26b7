"""Charts as files: SVG, PNG or PDF by Matplotlib, and their data as CSV."""

from __future__ import annotations

import io
import warnings
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.plot import PLAIN, Axis, Curve, Line, Look, prepare, ticks
from tuiflow.store.export import Sink, csv_writer, new_file
from tuiflow.text import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURES = (".svg", ".png", ".pdf")
SUFFIXES = (*PICTURES, ".csv")
SIZE_INCHES, DPI = (6.4, 4.0), 200
_BUCKETS = 1000
"""A longer line is drawn by the first, least, greatest and last point of so many stretches."""
_MARKS = 200
COLOURS = ("#2a5fd0", "#b35c00", "#00785c", "#a3338c", "#7a6a00", "#6b46c1")
DASHES = ("-", "--", ":", "-.")


class Chart(Protocol):
    """What can be saved."""

    def draw(self, axes: Axes) -> None:
        """Draw it onto Matplotlib's axes."""
        ...

    def write_csv(self, stream: Sink) -> None:
        """Write its data, a heading first."""
        ...


def check_path(path: Path) -> None:
    """Raise InvalidInput where a chart can't be saved under this name, or not without Matplotlib.

    Raises TuiflowError where Matplotlib is needed and not there.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        endings = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise InvalidInput(f"The file of a chart ends in {endings}, not {path.name!r}.")
    if suffix in PICTURES:
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            raise TuiflowError(
                f"A chart is saved as {suffix} by Matplotlib; `pip install 'tuiflow[plot]'` brings"
                " it. Its data as .csv needs nothing more."
            ) from None


def save(chart: Chart, path: Path) -> None:
    """Write a chart to a file, in the format that its ending names; whole or not at all.

    Raises InvalidInput for an ending that is not among `SUFFIXES` or a file that can't be written,
    TuiflowError where Matplotlib is needed and not there.
    """
    check_path(path)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        with new_file(path) as stream:
            chart.write_csv(stream)
        return
    content = _picture(chart, suffix[1:])
    with new_file(path) as stream:
        stream.buffer.write(content)


def _picture(chart: Chart, kind: str) -> bytes:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    options: Any = {
        "text.parse_math": False,  # a name is a name, whatever dollars it has
        "svg.hashsalt": "tuiflow",
        "font.size": 9.0,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.25,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "savefig.facecolor": "white",
    }
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    # A figure of one's own: pyplot keeps figures, opens windows and belongs to one thread.
    with matplotlib.rc_context(options), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a character that the font has not is shown as a box
        figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        chart.draw(figure.subplots())
        content = io.BytesIO()
        figure.savefig(content, format=kind, dpi=DPI, metadata=undated)
    return content.getvalue()


def label(name: str, limit: int | None = 60) -> str:
    """A name as Matplotlib may show it: it takes names that begin with `_` for hidden ones."""
    shown = clean(name, limit)
    return f"\u200a{shown}" if shown.startswith("_") else shown


def drawn(places: Sequence[float], log: bool) -> list[float]:
    """The values at places of an axis, which are powers of ten with `log`, as they are drawn."""
    # Matplotlib fails where the marks that it puts beyond the values overflow.
    most = 300.0 if log else 1e307
    shown = [min(max(place, -most), most) for place in places]
    return [10**place for place in shown] if log else shown


@dataclass(frozen=True, slots=True)
class CurveChart:
    """Curves in one look. `window` is the least and greatest x in view, None for all."""

    curves: Sequence[Curve]
    look: Look = PLAIN
    window: tuple[float, float] | None = None
    title: str = ""

    def draw(self, axes: Axes) -> None:
        look = self.look
        for number, curve in enumerate(self.curves):
            line = prepare(curve, look.axis, look.log, look.smooth)
            colour = COLOURS[number % len(COLOURS)]
            dashes = DASHES[(number // len(COLOURS)) % len(DASHES)]
            if look.smooth:
                raw = prepare(curve, look.axis, look.log)
                self._line(axes, raw, color=colour, alpha=0.25, linewidth=0.8)
            self._line(axes, line, color=colour, linestyle=dashes, linewidth=1.3)
            self._odd(axes, line, colour)
            axes.plot([], [], color=colour, linestyle=dashes, label=label(curve.name))
        if look.log:
            axes.set_yscale("log")
        if self.window is not None:
            axes.set_xlim(*self.window)
        axes.set_xlabel({Axis.STEP: "step", Axis.TIME: "time since the start"}.get(look.axis, ""))
        axes.set_title(clean(self.title, 80))
        self._ticks(axes)
        if len(self.curves) == 1:
            axes.set_ylabel(label(self.curves[0].name))
        elif self.curves:
            axes.legend(fontsize="small")

    def _line(self, axes: Axes, line: Line, **options: Any) -> None:
        low, high = self.window or (float("-inf"), float("inf"))
        # One point beyond each edge, so that the line reaches the edges.
        start = max(bisect_left(line.xs, low) - 1, 0)
        end = min(bisect_right(line.xs, high) + 1, len(line.xs))
        edges = [start, *(gap for gap in line.gaps if start < gap < end), end]
        for begin, stop in pairwise(edges):
            xs, ys = _thinned(line, begin, stop)
            marker = "o" if stop - begin == 1 else ""
            axes.plot(xs, drawn(ys, self.look.log), marker=marker, markersize=3, **options)

    def _odd(self, axes: Axes, line: Line, colour: str) -> None:
        """Mark what has no place on the y axis, as a terminal's chart does."""
        low, high = self.window or (float("-inf"), float("inf"))
        marks = (line.nans, 0.02, "x"), (line.below, 0.02, "v"), (line.above, 0.98, "^")
        for xs, height, marker in marks:
            seen = [x for x in xs if low <= x <= high]
            every = len(seen) // _MARKS + 1
            if seen:
                axes.plot(
                    seen[::every], [height] * len(seen[::every]), linestyle="", color=colour,
                    marker=marker, markersize=4, transform=axes.get_xaxis_transform(),
                )  # fmt: skip

    def _ticks(self, axes: Axes) -> None:
        if self.look.axis is Axis.STEP:
            return
        low, high = axes.get_xlim()
        if self.look.axis is Axis.TIME:
            marks = ticks.times(low, high, 6)
            axes.set_xticks(marks, [ticks.clock(mark) for mark in marks])
        else:
            marks = ticks.moments(low, high, 6)
            axes.set_xticks(marks, ticks.dates(marks))

    def write_csv(self, stream: Sink) -> None:
        """The points in view: series, step, timestamp (epoch ms), value as it was logged."""
        writer = csv_writer(stream)
        writer.writerow(("series", "step", "timestamp", "value"))
        for curve in self.curves:
            writer.writerows(self._points(curve))

    def _points(self, curve: Curve) -> Iterator[tuple[str, int, int, float]]:
        low, high = self.window or (float("-inf"), float("inf"))
        shift = curve.origin if self.look.axis is Axis.TIME else 0
        for step, timestamp, value in zip(curve.steps, curve.timestamps, curve.values, strict=True):
            x = step if self.look.axis is Axis.STEP else (timestamp - shift) / 1000
            if low <= x <= high:
                yield curve.name, step, timestamp, value


def _thinned(line: Line, start: int, end: int) -> tuple[Sequence[float], Sequence[float]]:
    """Points start … end of a line, or as many as a figure can show."""
    if end - start <= 4 * _BUCKETS:
        return line.xs[start:end], line.ys[start:end]
    xs, ys = array("d"), array("d")
    for bucket in range(_BUCKETS):
        first = start + (end - start) * bucket // _BUCKETS
        stop = start + (end - start) * (bucket + 1) // _BUCKETS
        middle = line.xs[(first + stop) // 2]
        xs.extend((line.xs[first], middle, middle, line.xs[stop - 1]))
        ys.extend((line.ys[first], *line.span(first, stop), line.ys[stop - 1]))
    return xs, ys
