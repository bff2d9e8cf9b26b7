"""Curves over steps or time, with zoom, a crosshair, a logarithmic scale and smoothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
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
    Picture,
    compose,
    extent,
)
from tuiflow.plot.kept import Due, Lines
from tuiflow.tui.actions import bindings
from tuiflow.tui.widgets.chart_keys import ChartKeys
from tuiflow.tui.widgets.chart_mouse import ChartMouse
from tuiflow.tui.widgets.chart_save import ask_and_save
from tuiflow.tui.widgets.chart_view import ChartView
from tuiflow.tui.widgets.chart_words import COLOURS, ChartWords, Ready, dash

if TYPE_CHECKING:
    from tuiflow.charts.export import CurveChart

SMOOTHING = (0.0, 0.6, 0.9, 0.97)
AT_ONCE = 20_000
"""Points that are made drawable between two frames; more of them go to a worker."""
_CROSS = 2
_AXES = (Axis.STEP, Axis.TIME, Axis.CLOCK)


class Chart(ChartWords, ChartView, ChartMouse, ChartKeys, can_focus=True):
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
        self._ready = Ready()
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
            self._head = []
            self.refresh(Region(0, 0, self.size.width, 1))

    def _made(self, found: list[tuple[Due, Line]]) -> None:
        self._kept.keep_only(self._curves)
        for due, line in found:
            self._kept.put(due, line)
        raw = replace(self.mode, smooth=0.0)
        lines = [self._kept.get(curve, self.mode) for curve in self._curves]
        raws = [self._kept.get(curve, raw) for curve in self._curves]
        self._ready = Ready(
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
                Layer(line, LINE + number % COLOURS, dash(number)[0])
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
        if column is not None and row < picture.plot_rows:
            at = picture.left + column
            if tones[at] != _CROSS:  # a line there keeps its colour, on another ground
                lit = strip.crop(at, at + 1).apply_style(self._words().box)
                strip = self._over(strip, lit, at)
            if row < len(self._box):
                box = self._box[row]
                strip = self._over(strip, box, self._box_start(picture, column, box.cell_length))
        return strip

    def _over(self, strip: Strip, part: Strip, start: int) -> Strip:
        """A strip with another one over it."""
        end = start + part.cell_length
        return Strip.join([strip.crop(0, start), part, strip.crop(end, self.size.width)])

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
