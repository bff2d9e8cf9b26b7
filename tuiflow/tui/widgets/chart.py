"""Curves over steps or time, with zoom, a crosshair, a logarithmic scale and smoothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.geometry import Region
from textual.strip import Strip

from tuiflow import text
from tuiflow.plot import (
    AXIS,
    FAINT,
    LINE,
    PLAIN,
    Axis,
    Curve,
    Layer,
    Line,
    Look,
    Picture,
    compose,
    extent,
)
from tuiflow.plot.kept import Due, Lines
from tuiflow.plot.ticks import clock
from tuiflow.tui.actions import bindings
from tuiflow.tui.reader import Asks
from tuiflow.tui.widgets import chart_legend
from tuiflow.tui.widgets.chart_keys import ChartKeys
from tuiflow.tui.widgets.chart_legend import Entry, Words
from tuiflow.tui.widgets.chart_mouse import ChartMouse
from tuiflow.tui.widgets.chart_save import ask_and_save
from tuiflow.tui.widgets.chart_view import ChartView

if TYPE_CHECKING:
    from tuiflow.charts.export import CurveChart

COLOURS = 6
SMOOTHING = (0.0, 0.6, 0.9, 0.97)
AT_ONCE = 20_000
"""Points that are made drawable between two frames; more of them go to a worker."""
_DASHES = ((0, "──"), (4, "╌╌"), (2, "┈┈"), (8, "─╴"))
_CROSS = 2
_AXES = (Axis.STEP, Axis.TIME, Axis.CLOCK)
_BY = {Axis.STEP: "by step", Axis.TIME: "by time", Axis.CLOCK: "by clock"}


@dataclass(frozen=True, slots=True)
class _Ready:
    """What can be drawn: the lines of curves in one look, and the same ones not smoothed."""

    curves: tuple[Curve, ...] = ()
    look: Look = PLAIN
    lines: tuple[Line, ...] = ()
    raws: tuple[Line, ...] = ()


class Chart(ChartView, ChartMouse, ChartKeys, Asks, can_focus=True):
    """Draws what `show` was given, under a legend that reads off the crosshair.

    Long series are made drawable in a worker; until then the last picture stays.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--axis",
        "chart--legend",
        "chart--dim",
        "chart--cross",
        "chart--live",
        "chart--box",
        *(f"chart--series{n}" for n in range(COLOURS)),
    }
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("chart")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.mode = PLAIN
        self.title = ""
        self._curves: tuple[Curve, ...] = ()
        self._note = ""
        self._live = False
        self._kept = Lines()
        self._ready = _Ready()
        self._picture: Picture | None = None
        self._drawn_size: tuple[int, int] | None = None
        self._styles: dict[int, Style] = {}
        self._head: list[Strip] = []
        self._box: list[Strip] = []

    @property
    def chart(self) -> Chart:
        return self

    # what is shown

    def show(
        self, curves: Sequence[Curve], *, live: bool = False, note: str = "", title: str = ""
    ) -> None:
        """Draw these curves; the view stays if they are the ones that are shown already.

        `note` is written in place of the chart where there is no curve; `title` names it where it
        is saved.
        """
        if [curve.name for curve in curves] != [curve.name for curve in self._curves]:
            self._window = self._cross = None
        self._curves, self._live, self._note = tuple(curves), live, note
        self.title = title
        self._prepare()

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The curves that are shown, or will be when their lines are made."""
        return self._curves

    def _prepare(self) -> None:
        """Have what is missing made, and draw."""
        due = self._kept.due(self._curves, (self.mode, replace(self.mode, smooth=0.0)))
        if sum(item.points for item in due) <= AT_ONCE:
            self.forget("lines")
            self._made([(item, item.make()) for item in due])
        else:
            question = partial(_make_all, due)
            self.ask("lines", question, self._made, failed=lambda _: None)

    def _made(self, found: list[tuple[Due, Line]]) -> None:
        self._kept.keep_only(self._curves)
        for due, line in found:
            self._kept.put(due, line)
        raw = replace(self.mode, smooth=0.0)
        lines = [self._kept.get(curve, self.mode) for curve in self._curves]
        raws = [self._kept.get(curve, raw) for curve in self._curves]
        self._ready = _Ready(
            self._curves,
            self.mode,
            tuple(line for line in lines if line is not None),
            tuple(line for line in raws if line is not None),
        )
        self._redraw()

    def _redraw(self) -> None:
        self._picture = None
        self._head, self._box = [], []
        self.refresh()

    def _shown_lines(self) -> tuple[Line, ...]:
        return self._ready.lines

    def _raw_lines(self) -> tuple[Line, ...]:
        return self._ready.raws

    def _drawing(self) -> Picture | None:
        """The picture for the present size, None where there is nothing to draw."""
        size = (self.size.width, self.size.height - self._head_lines())
        whole = self._extent()
        if whole is None or size[0] < 12 or size[1] < 3:
            return None
        if self._picture is None or self._drawn_size != size:
            ready = self._ready
            layers = []
            if ready.look.smooth:
                layers = [
                    Layer(raw, FAINT + number % COLOURS) for number, raw in enumerate(ready.raws)
                ]
            layers += [
                Layer(line, LINE + number % COLOURS, _dash(number)[0])
                for number, line in enumerate(ready.lines)
            ]
            self._picture = compose(
                layers, self._window or whole, *size, log=ready.look.log, axis=ready.look.axis
            )
            self._drawn_size = size
        return self._picture

    def _extent(self) -> tuple[float, float] | None:
        return extent(self._ready.lines)

    # painting

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._head, self._box = [], []

    def render_line(self, y: int) -> Strip:
        head = self._heading()
        if y < len(head):
            return head[y]
        picture = self._drawing()
        width = self.size.width
        if picture is None:
            return self._empty(y)
        row = y - len(head)
        if row >= len(picture.rows):
            return Strip.blank(width, self.rich_style)
        chars, tones = picture.rows[row]
        column = self._cross_column(picture)
        if column is not None and row < picture.plot_rows:
            at = picture.left + column
            if chars[at] == " ":
                chars = chars[:at] + "│" + chars[at + 1 :]
                tones = tones[:at] + bytes([_CROSS]) + tones[at + 1 :]
        segments = [Segment(part, self._tone(tone)) for part, tone in _runs(chars, tones)]
        strip = Strip(segments, len(chars)).adjust_cell_length(width, self.rich_style)
        if column is not None and row < len(self._box):
            return self._with_box(strip, self._box[row], picture, column)
        return strip

    def _with_box(self, strip: Strip, box: Strip, picture: Picture, column: int) -> Strip:
        start = self._box_start(picture, column, box.cell_length)
        end = start + box.cell_length
        return Strip.join([strip.crop(0, start), box, strip.crop(end, self.size.width)])

    def _box_start(self, picture: Picture, column: int, width: int) -> int:
        """The box keeps to the side of the plot where the crosshair is not."""
        left = picture.left
        return left if column >= picture.columns // 2 else left + picture.columns - width

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
        if tone not in self._styles:
            self._styles[tone] = self._style_of(tone)
        return self._styles[tone]

    def _style_of(self, tone: int) -> Style:
        if tone >= FAINT:
            style = self.get_component_styles(f"chart--series{tone - FAINT}")
            ground = self.background_colors[1]
            faint = ground.blend(style.color, 0.35, alpha=1)
            return Style.from_color(faint.rich_color, ground.rich_color)
        if tone >= LINE:
            return self.get_component_rich_style(f"chart--series{tone - LINE}")
        if tone == AXIS:
            return self.get_component_rich_style("chart--axis")
        return self.get_component_rich_style("chart--cross") if tone == _CROSS else self.rich_style

    # the legend

    def _head_lines(self) -> int:
        return len(self._heading())

    def _heading(self) -> list[Strip]:
        """The legend; made once, and the box of the crosshair with it."""
        if not self._head or self._head[0].cell_length != self.size.width:
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
                _dash(number)[1],
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
        return f"{value} ~{text.number(10**smoothed if look.log else smoothed)}"

    def _reaches(self, line: Line, x: float) -> bool:
        picture = self._picture
        slack = (picture.window[1] - picture.window[0]) / picture.columns if picture else 0.0
        return line.all_xs[0] - slack <= x <= line.all_xs[-1] + slack

    # crosshair

    def _move_cross(self, x: float | None) -> None:
        picture = self._drawing()
        before = self._cross_column(picture) if picture else None
        regions = self._box_regions(picture, before)
        lines = self._head_lines()
        self._cross = x
        self._head, self._box = [], []
        if picture is None:
            return
        after = self._cross_column(picture)
        if self._head_lines() != lines:
            self._redraw()
            return
        regions.append(Region(0, 0, self.size.width, lines))
        columns = [at for at in (before, after) if at is not None]
        if columns:
            # One region for both: what is left of a region in its line is sent along with it.
            first, last = min(columns), max(columns)
            width = last - first + 1
            regions.append(Region(picture.left + first, lines, width, picture.plot_rows))
        self.refresh(*regions, *self._box_regions(picture, after))

    def _box_regions(self, picture: Picture | None, column: int | None) -> list[Region]:
        if picture is None or column is None or not self._box:
            return []
        width = self._box[0].cell_length
        start = self._box_start(picture, column, width)
        return [Region(start, self._head_lines(), width, len(self._box))]

    # how it is drawn

    def toggle_log(self) -> None:
        self.mode = replace(self.mode, log=not self.mode.log)
        self._prepare()

    def next_axis(self) -> None:
        """Draw over steps, the time since the start, or the time of day; the view starts over."""
        axis = _AXES[(_AXES.index(self.mode.axis) + 1) % len(_AXES)]
        self.mode = replace(self.mode, axis=axis)
        self._window = self._cross = None
        self._prepare()

    def next_smoothing(self) -> None:
        place = SMOOTHING.index(self.mode.smooth)
        self.mode = replace(self.mode, smooth=SMOOTHING[(place + 1) % len(SMOOTHING)])
        self._prepare()

    def save(self) -> None:
        """Ask for a file and save what is in view."""
        if not self._curves:
            self.app.say("There is no chart to save")
            return

        def chart() -> CurveChart:
            from tuiflow.charts.export import CurveChart

            return CurveChart(self._curves, self.mode, self._window, self.title)

        ask_and_save(self, self.title or self._curves[0].name, chart)


def _make_all(due: Sequence[Due]) -> list[tuple[Due, Line]]:
    return [(item, item.make()) for item in due]


def _runs(chars: str, tones: bytes) -> Iterator[tuple[str, int]]:
    """Stretches of one tone; blanks go with what is before them, as they have no colour to show."""
    start = 0
    for at in range(1, len(chars) + 1):
        if at == len(chars) or (chars[at] != " " and tones[at] != tones[start]):
            yield chars[start:at], tones[start]
            start = at


def _dash(number: int) -> tuple[int, str]:
    """Colours come again after `COLOURS` curves, but never with the same dashes, up to 24."""
    return _DASHES[(number + number // COLOURS) % len(_DASHES)]
