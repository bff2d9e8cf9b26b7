"""Curves over steps or time, with zoom, a crosshair, a logarithmic scale and smoothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tuiflow import text
from tuiflow.plot import AXIS, FAINT, LINE, Axis, Curve, Layer, Line, Picture, compose, extent
from tuiflow.plot import prepare as prepare_line
from tuiflow.plot.ticks import clock
from tuiflow.tui.actions import bindings
from tuiflow.tui.cells import cut_middle
from tuiflow.tui.widgets.chart_keys import ChartKeys

COLOURS = 6
SMOOTHING = (0.0, 0.6, 0.9, 0.97)
_DASHES = ((0, "──"), (4, "╌╌"), (2, "┈┈"))
_CROSS = 2


@dataclass(frozen=True, slots=True)
class ChartMode:
    """How curves are drawn. `smooth` is the weight of the past, 0 for none."""

    axis: Axis = Axis.STEP
    log: bool = False
    smooth: float = 0.0


class Chart(Widget, ChartKeys, can_focus=True):
    """Draws what `show` was given; the first line is the legend and reads off the crosshair."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--axis",
        "chart--legend",
        "chart--dim",
        "chart--cross",
        "chart--live",
        *(f"chart--series{n}" for n in range(COLOURS)),
    }
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("chart")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.mode = ChartMode()
        self._curves: tuple[Curve, ...] = ()
        self._note = ""
        self._live = False
        self._window: tuple[float, float] | None = None
        self._cross: float | None = None
        self._lines: dict[tuple[int, ChartMode], Line] = {}
        self._picture: Picture | None = None
        self._drawn_size: tuple[int, int] | None = None

    @property
    def chart(self) -> Chart:
        return self

    # what is shown

    def show(self, curves: Sequence[Curve], *, live: bool = False, note: str = "") -> None:
        """Draw these curves; the view stays if they are the ones that are shown already.

        `note` is written in place of the chart where there is no curve.
        """
        if [curve.name for curve in curves] != [curve.name for curve in self._curves]:
            self._window = self._cross = None
        # Curves that are the same objects as before keep what was computed from them.
        kept = {id(curve) for curve in curves} & {id(curve) for curve in self._curves}
        self._lines = {key: line for key, line in self._lines.items() if key[0] in kept}
        self._curves, self._live, self._note = tuple(curves), live, note
        self._redraw()

    @property
    def window(self) -> tuple[float, float] | None:
        """The least and greatest x in view, None while everything is."""
        return self._window

    @property
    def cross(self) -> float | None:
        """The x under the crosshair, None where there is none."""
        return self._cross

    def clear(self) -> bool:
        """Take the crosshair away, then the zoom; False where there is neither."""
        if self._cross is not None:
            self._move_cross(None)
            return True
        if self._window is not None:
            self.reset()
            return True
        return False

    def _redraw(self) -> None:
        self._picture = None
        self.refresh()

    def _line(self, curve: Curve, mode: ChartMode) -> Line:
        key = (id(curve), mode)
        if key not in self._lines:
            self._lines[key] = prepare_line(curve, mode.axis, mode.log, mode.smooth)
        return self._lines[key]

    def _shown_lines(self) -> list[Line]:
        return [self._line(curve, self.mode) for curve in self._curves]

    def _extent(self) -> tuple[float, float] | None:
        return extent(self._shown_lines())

    def _drawing(self) -> Picture | None:
        """The picture for the present size, None where there is nothing to draw."""
        size = (self.size.width, self.size.height - 1)
        whole = self._extent()
        if whole is None or size[0] < 12 or size[1] < 3:
            return None
        if self._picture is None or self._drawn_size != size:
            layers = []
            for number, (curve, line) in enumerate(
                zip(self._curves, self._shown_lines(), strict=True)
            ):
                if self.mode.smooth:
                    raw = self._line(curve, replace(self.mode, smooth=0.0))
                    layers.append(Layer(raw, FAINT + number % COLOURS))
                layers.append(Layer(line, LINE + number % COLOURS, _dash(number)[0]))
            layers.sort(key=lambda layer: layer.tone < FAINT)
            self._picture = compose(
                layers, self._window or whole, *size, log=self.mode.log, axis=self.mode.axis
            )
            self._drawn_size = size
        return self._picture

    # painting

    def render_line(self, y: int) -> Strip:
        if y == 0:
            return self._legend()
        picture = self._drawing()
        width = self.size.width
        if picture is None:
            return self._empty(y)
        if y > len(picture.rows):
            return Strip.blank(width, self.rich_style)
        chars, tones = picture.rows[y - 1]
        column = self._cross_column(picture)
        if column is not None and y <= picture.plot_rows:
            at = picture.left + column
            if chars[at] == " ":
                chars = chars[:at] + "│" + chars[at + 1 :]
                tones = tones[:at] + bytes([_CROSS]) + tones[at + 1 :]
        segments = [Segment(part, self._tone(tone)) for part, tone in _runs(chars, tones)]
        return Strip(segments, len(chars)).adjust_cell_length(width, self.rich_style)

    def _empty(self, y: int) -> Strip:
        width = self.size.width
        note = self._note if y == max((self.size.height - 1) // 2, 1) else ""
        content = text.clean(note, max(width - 2, 1))
        pad = max((width - cell_len(content)) // 2, 0)
        style = self.get_component_rich_style("chart--dim")
        return Strip([Segment(" " * pad + content, style)]).adjust_cell_length(
            width, self.rich_style
        )

    def _tone(self, tone: int) -> Style:
        if tone >= FAINT:
            style = self.get_component_styles(f"chart--series{tone - FAINT}")
            ground = self.background_colors[1]
            return Style.from_color(_faint(style.color, ground).rich_color, ground.rich_color)
        if tone >= LINE:
            return self.get_component_rich_style(f"chart--series{tone - LINE}")
        if tone == AXIS:
            return self.get_component_rich_style("chart--axis")
        return self.get_component_rich_style("chart--cross") if tone == _CROSS else self.rich_style

    def _legend(self) -> Strip:
        width = self.size.width
        label = self.get_component_rich_style("chart--legend")
        dim = self.get_component_rich_style("chart--dim")
        live = " ⏵ live" if self._live else ""
        # What is read off comes first: the modes give way to it.
        right = " · ".join(self._modes()) if self._cross is None else ""
        room = max(width - cell_len(right + live) - 2, 0)
        segments: list[Segment] = []
        if self._cross is not None:
            segments.append(Segment(f"{self._read_x(self._cross)}  ", dim))
        values = [
            "" if self._cross is None else f" {self._read_y(curve, self._cross)}"
            for curve in self._curves
        ]
        taken = sum(cell_len(value) + 5 for value in values) + sum(s.cell_length for s in segments)
        names = max((room - taken) // max(len(values), 1), 0)
        for number, (curve, value) in enumerate(zip(self._curves, values, strict=True)):
            colour = self._tone(LINE + number % COLOURS)
            name = cut_middle(text.clean(curve.name), names) if names >= 3 else ""
            parts = [
                Segment(f"{_dash(number)[1]} ", colour),
                Segment(name, label),
                Segment(value, colour),
                Segment("  ", label),
            ]
            if sum(part.cell_length for part in (*segments, *parts)) > room + 2:
                segments.append(Segment(f"+{len(self._curves) - number}", dim))
                break
            segments += parts
        strip = Strip(segments).adjust_cell_length(room + 1, self.rich_style)
        tail = [
            Segment(right, dim),
            Segment(live, self.get_component_rich_style("chart--live")),
            Segment(" ", self.rich_style),
        ]
        return Strip([*strip, *tail]).adjust_cell_length(width, self.rich_style)

    def _modes(self) -> Iterator[str]:
        if not self._curves:
            return
        yield "by step" if self.mode.axis is Axis.STEP else "by time"
        if self.mode.log:
            yield "log"
        if self.mode.smooth:
            yield f"smooth {self.mode.smooth:g}"
        if self._window is not None:
            yield "zoomed"

    def _read_x(self, x: float) -> str:
        return f"step {x:.0f}" if self.mode.axis is Axis.STEP else f"at {clock(round(x, 1))}"

    def _read_y(self, curve: Curve, x: float) -> str:
        line = self._line(curve, replace(self.mode, smooth=0.0))
        index = line.nearest(x)
        return text.number(None if index is None else line.all_values[index])

    # crosshair

    def _cross_column(self, picture: Picture) -> int | None:
        return None if self._cross is None else picture.column_of(self._cross)

    def _move_cross(self, x: float | None) -> None:
        picture = self._drawing()
        before = self._cross_column(picture) if picture else None
        self._cross = x
        if picture is None:
            return
        regions = [Region(0, 0, self.size.width, 1)]
        columns = [at for at in (before, self._cross_column(picture)) if at is not None]
        if columns:
            # One region for both: what is left of a region in its line is sent along with it.
            first, last = min(columns), max(columns)
            width = last - first + 1
            regions.append(Region(picture.left + first, 1, width, picture.plot_rows))
        self.refresh(*regions)

    def step_cross(self, direction: int) -> None:
        """To the next point of any curve that lies at least one column further."""
        picture = self._drawing()
        if picture is None:
            return
        low, high = picture.window
        column = (high - low) / picture.columns
        if self._cross is None:
            self._move_cross(self._snap((low + high) / 2))
            return
        target = self._cross + direction * column
        candidates = []
        for line in self._shown_lines():
            index = line.nearest(target)
            # The nearest point may be the one we are on; then it is its neighbour.
            while index is not None and 0 <= index < len(line.all_xs):
                x = line.all_xs[index]
                if (x - self._cross) * direction >= column * 0.5:
                    candidates.append(x)
                    break
                index += direction
        if not candidates:
            return
        x = min(candidates) if direction > 0 else max(candidates)
        if not low <= x <= high:
            self._pan_to(x)
        self._move_cross(x)

    def _snap(self, x: float) -> float:
        found = [(line, line.nearest(x)) for line in self._shown_lines()]
        points = [line.all_xs[index] for line, index in found if index is not None]
        return min(points, key=lambda point: abs(point - x), default=x)

    def on_click(self, event: events.Click) -> None:
        picture = self._drawing()
        if picture is not None and event.x >= picture.left and event.y >= 1:
            self._move_cross(self._snap(picture.x_at(event.x - picture.left)))

    # view

    def _set_window(self, window: tuple[float, float] | None) -> None:
        whole = self._extent()
        if window is not None and whole is not None:
            low, high = window
            span = min(high - low, whole[1] - whole[0])
            low = min(max(low, whole[0]), whole[1] - span)
            window = (low, low + span) if span < whole[1] - whole[0] else None
        if window != self._window:
            self._window = window
            self._redraw()

    def zoom(self, factor: float) -> None:
        """Show `factor` times as much as now, about the crosshair or the middle."""
        whole = self._extent()
        if whole is None or whole[0] == whole[1]:
            return
        low, high = self._window or whole
        least = (whole[1] - whole[0]) / 1e6
        if self.mode.axis is Axis.STEP:
            least = max(least, 2.0)
        span = max((high - low) * factor, min(least, high - low))
        centre = self._cross if self._cross is not None else (low + high) / 2
        share = (centre - low) / (high - low)
        self._set_window((centre - share * span, centre + (1 - share) * span))

    def pan(self, share: float) -> None:
        """Move a zoomed view by this share of its width."""
        if self._window is not None:
            low, high = self._window
            self._set_window((low + (high - low) * share, high + (high - low) * share))

    def reset(self) -> None:
        """Show everything."""
        self._set_window(None)

    def _pan_to(self, x: float) -> None:
        if self._window is not None:
            half = (self._window[1] - self._window[0]) / 2
            self._set_window((x - half, x + half))

    def toggle_log(self) -> None:
        self.mode = replace(self.mode, log=not self.mode.log)
        self._redraw()

    def toggle_time(self) -> None:
        """Draw over time instead of steps, or the other way round; the view starts over."""
        axis = Axis.TIME if self.mode.axis is Axis.STEP else Axis.STEP
        self.mode = replace(self.mode, axis=axis)
        self._window = self._cross = None
        self._redraw()

    def next_smoothing(self) -> None:
        place = SMOOTHING.index(self.mode.smooth)
        self.mode = replace(self.mode, smooth=SMOOTHING[(place + 1) % len(SMOOTHING)])
        self._redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.zoom(1.25)
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.zoom(0.8)
        event.stop()


def _runs(chars: str, tones: bytes) -> Iterator[tuple[str, int]]:
    """Stretches of one tone; blanks go with what is before them, as they have no colour to show."""
    start = 0
    for at in range(1, len(chars) + 1):
        if at == len(chars) or (chars[at] != " " and tones[at] != tones[start]):
            yield chars[start:at], tones[start]
            start = at


def _dash(number: int) -> tuple[int, str]:
    return _DASHES[number % len(_DASHES)]


def _faint(colour: Color, ground: Color) -> Color:
    return ground.blend(colour, 0.35, alpha=1)
