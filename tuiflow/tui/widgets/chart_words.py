"""What a chart says in words: its legend, its modes, the values under its crosshair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip

from tuiflow import text
from tuiflow.plot import LINE, PLAIN, Axis, Curve, Line, Look, Picture
from tuiflow.plot.ticks import clock, power
from tuiflow.tui.reader import Asks
from tuiflow.tui.widgets import chart_legend
from tuiflow.tui.widgets.chart_legend import Entry, Words

COLOURS = 6
_DASHES = ((0, "──"), (4, "╌╌"), (2, "┈┈"), (8, "─╴"))
_BY = {Axis.STEP: "by step", Axis.TIME: "by time", Axis.CLOCK: "by clock"}


@dataclass(frozen=True, slots=True)
class Ready:
    """What can be drawn: the lines of curves in one look, and the same ones not smoothed."""

    curves: tuple[Curve, ...] = ()
    look: Look = PLAIN
    lines: tuple[Line, ...] = ()
    raws: tuple[Line, ...] = ()


def dash(number: int) -> tuple[int, str]:
    """The dashes of the n-th curve in dots, and a piece of its line.

    Colours come again after `COLOURS` curves, but never with the same dashes, up to 24.
    """
    return _DASHES[(number + number // COLOURS) % len(_DASHES)]


class ChartWords(Asks):
    """Mixin of the chart: the lines above the plot, and the box that reads many curves off."""

    mode: Look
    _curves: tuple[Curve, ...]
    _ready: Ready
    _live: bool
    _window: tuple[float, float] | None
    _cross: float | None
    _picture: Picture | None
    _head: list[Strip]
    _box: list[Strip]
    _head_size: Size | None = None

    def _tone(self, tone: int) -> Style:
        raise NotImplementedError

    def _head_lines(self) -> int:
        return len(self._heading())

    def _heading(self) -> list[Strip]:
        """The legend; made once, and the box of the crosshair with it."""
        if not self._head or self._head_size != self.size:
            self._head_size = self.size
            self._head = self._made_heading()
        return self._head

    def _made_heading(self) -> list[Strip]:
        width = self.size.width
        words = self._words()
        names = self._entries(None)
        most = max(self.size.height // 6, 1)
        modes = " · ".join(self._modes())
        legend = partial(chart_legend.legend, words=words, width=width, live=self._live)
        heads = legend(names, modes=modes, most_lines=most)
        self._box = []
        if self._cross is None:
            return heads
        reading, entries = self._read_x(self._cross), self._entries(self._cross)
        room = width - (7 if self._live else 0)
        if len(heads) == 1 and chart_legend.fits(entries, room, reading):
            # What is read off comes first: the modes give way to it.
            return legend(entries, reading=reading)
        self._box = chart_legend.readout(
            entries, words, reading, max(width // 2, 12), max(self.size.height - len(heads) - 2, 2)
        )
        return heads

    def _words(self) -> Words:
        style = self.get_component_rich_style
        box = Style.from_color(None, style("chart--box").bgcolor)
        live = style("chart--live")
        return Words(style("chart--legend"), style("chart--dim"), live, self.rich_style, box)

    def _entries(self, x: float | None) -> list[Entry]:
        return [
            Entry(
                dash(number)[1],
                text.clean(curve.name),
                self._tone(LINE + number % COLOURS),
                "" if x is None else self._read_y(number, x),
            )
            for number, curve in enumerate(self._ready.curves)
        ]

    def _modes(self) -> Iterator[str]:
        if not self._curves:
            return
        yield _BY[self.mode.axis]
        if self.mode.log:
            yield "log"
        if self.mode.smooth:
            yield f"smooth {self.mode.smooth:g}"
        if self._window is not None:
            yield "zoomed"
        if self.waiting("lines"):
            yield "…"

    def _read_x(self, x: float) -> str:
        axis = self._ready.look.axis
        if axis is Axis.STEP:
            return f"step {x:.0f}"
        return f"at {clock(round(x, 1))}" if axis is Axis.TIME else text.moment(round(x * 1000))

    def _read_y(self, number: int, x: float) -> str:
        """The value as logged, and the smoothed one after it; a dash where a curve is not."""
        raw, look = self._ready.raws[number], self._ready.look
        index = raw.nearest(x)
        if index is None or not self._reaches(raw, x):
            return text.MISSING
        value = text.number(raw.all_values[index])
        if not look.smooth:
            return value
        smoothed = self._ready.lines[number].y_near(raw.all_xs[index])
        if smoothed is None:
            return value
        return f"{value} ~{text.number(power(smoothed) if look.log else smoothed)}"

    def _reaches(self, line: Line, x: float) -> bool:
        picture = self._picture
        slack = (picture.window[1] - picture.window[0]) / picture.columns if picture else 0.0
        return line.all_xs[0] - slack <= x <= line.all_xs[-1] + slack
