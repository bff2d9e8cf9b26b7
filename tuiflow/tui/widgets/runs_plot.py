"""A scatter plot or a histogram of runs, one point or bar of which can be read off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tuiflow.charts.runs import Histogram, Scatter
from tuiflow.plot import AXIS, Picture
from tuiflow.plot.histogram import bars, ranks
from tuiflow.plot.scatter import CHOSEN, CHOSEN_MARK, cell_of, nearest, padded, scatter
from tuiflow.text import clean

Window = tuple[float, float]


class RunsPlot(Widget, can_focus=True):
    """Draws what `show` was given."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "runs-plot--axis",
        "runs-plot--point",
        "runs-plot--chosen",
    }

    class Chosen(Message):
        """Another point or bar is read off, or none."""

    class Opened(Message):
        """The point that is read off was clicked twice."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: Scatter | Histogram | None = None
        self.chosen: int | None = None
        """Index of the point or bar that is read off."""
        self._view: tuple[Window, Window] | None = None
        self._picture: Picture | None = None
        self._order: list[int] = []

    def show(self, chart: Scatter | Histogram) -> None:
        """Draw this; what is read off stays if it is there, and so do bins that were chosen."""
        before = self.shown
        if (
            isinstance(before, Histogram)
            and isinstance(chart, Histogram)
            and (before.key, before.log, before.by_name) == (chart.key, chart.log, chart.by_name)
        ):
            self._put_bars(replace(chart, count=before.count))
            return
        self.shown = chart
        key = None
        same = isinstance(before, Scatter) and isinstance(chart, Scatter) and self._alike(before)
        if same and isinstance(before, Scatter) and self.chosen is not None:
            key = before.keys[self.chosen]
        if not same:
            self._view = None
        self.chosen = None
        if isinstance(chart, Scatter):
            self._order = sorted(range(len(chart.xs)), key=lambda i: (chart.xs[i], chart.ys[i]))
            if key is not None and key in chart.keys:
                self.chosen = chart.keys.index(key)
        self._redraw()
        self.post_message(self.Chosen())

    def _put_bars(self, chart: Histogram) -> None:
        """Draw this histogram of the column that is shown; a bar in the same place stays."""
        before, self.shown = self.shown, chart
        if isinstance(before, Histogram) and self.chosen is not None:
            old, new = before.rows(), chart.rows()
            place = self.chosen
            if place >= len(new) or new[place][:2] != old[place][:2]:
                self.chosen = None
        self._redraw()
        self.post_message(self.Chosen())

    def _alike(self, before: Scatter) -> bool:
        now = self.shown
        return isinstance(now, Scatter) and (
            (before.x, before.y, before.log_x, before.log_y, before.names)
            == (now.x, now.y, now.log_x, now.log_y, now.names)
        )

    @property
    def zoomed(self) -> bool:
        return self._view is not None

    def _redraw(self) -> None:
        self._picture = None
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        self._redraw()

    # drawing

    def _whole(self, chart: Scatter) -> tuple[Window, Window] | None:
        xs, ys = padded(chart.xs), padded(chart.ys)
        if xs is None or ys is None:
            return None
        return (-0.5, len(chart.names) - 0.5) if chart.names else xs, ys

    def _drawing(self) -> Picture | None:
        width, height = self.size
        chart = self.shown
        if self._picture is None and chart is not None and width >= 12 and height >= 3:
            if isinstance(chart, Scatter):
                self._picture = self._scatter(chart, width, height)
            elif chart.total:
                self._picture = self._histogram(chart, width, height)
        return self._picture

    def _scatter(self, chart: Scatter, width: int, height: int) -> Picture | None:
        view = self._view or self._whole(chart)
        if view is None:
            return None
        return scatter(
            chart.xs,
            chart.ys,
            *view,
            width,
            height,
            log_x=chart.log_x,
            log_y=chart.log_y,
            names=[clean(name) for name in chart.names],
        )

    def _histogram(self, chart: Histogram, width: int, height: int) -> Picture:
        if chart.by_name:
            names = [clean(name, 200) for name, _ in chart.texts]
            counts = [count for _, count in chart.texts]
            return ranks(names, counts, width, height, chosen=self.chosen)
        return bars(chart.bins, width, height, log=chart.log, chosen=self.chosen)

    def render_line(self, y: int) -> Strip:
        picture = self._drawing()
        width = self.size.width
        if picture is None or y >= len(picture.rows):
            return Strip.blank(width, self.rich_style)
        chars, tones = picture.rows[y]
        at = self._mark(picture)
        if at is not None and at[1] == y:
            place = picture.left + at[0]
            chars = chars[:place] + CHOSEN_MARK + chars[place + 1 :]
            tones = tones[:place] + bytes([CHOSEN]) + tones[place + 1 :]
        segments = [Segment(part, self._tone(tone)) for part, tone in _runs(chars, tones)]
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def _mark(self, picture: Picture) -> tuple[int, int] | None:
        """Column and row of the point that is read off."""
        chart = self.shown
        if self.chosen is None or not isinstance(chart, Scatter):
            return None
        return cell_of(picture, chart.xs[self.chosen], chart.ys[self.chosen])

    def _tone(self, tone: int) -> Style:
        if tone == CHOSEN:
            return self.get_component_rich_style("runs-plot--chosen")
        name = "axis" if tone == AXIS else "point"
        return self.get_component_rich_style(f"runs-plot--{name}") if tone else self.rich_style

    # reading off

    def step(self, direction: int) -> None:
        """To the next point in view, by x, or to the next bar."""
        chart = self.shown
        if isinstance(chart, Histogram):
            count = len(chart.texts) if chart.by_name else len(chart.bins)
            start = -1 if direction > 0 else count
            place = (start if self.chosen is None else self.chosen) + direction
            if 0 <= place < count:
                self._choose(place)
        elif chart is not None and self._order:
            places = self._in_view(chart)
            if self.chosen in places:
                place = places.index(self.chosen) + direction
            else:
                place = len(places) // 2
            if 0 <= place < len(places):
                self._choose(places[place])

    def _in_view(self, chart: Scatter) -> list[int]:
        if self._view is None:
            return self._order
        (x0, x1), (y0, y1) = self._view
        return [i for i in self._order if x0 <= chart.xs[i] <= x1 and y0 <= chart.ys[i] <= y1]

    def _choose(self, index: int | None) -> None:
        if index == self.chosen:
            return
        picture = self._drawing() if isinstance(self.shown, Scatter) else None
        before = None if picture is None else self._mark(picture)
        self.chosen = index
        if picture is None:
            self._redraw()  # a bar changes its colour
        else:
            rows = {at[1] for at in (before, self._mark(picture)) if at is not None}
            self.refresh(*(Region(0, row, self.size.width, 1) for row in rows))
        self.post_message(self.Chosen())

    def clear(self) -> bool:
        """Read nothing off any more, then show everything; False where that is so already."""
        if self.chosen is not None:
            self._choose(None)
            return True
        if self._view is not None:
            self.reset()
            return True
        return False

    def on_click(self, event: events.Click) -> None:
        picture, chart = self._drawing(), self.shown
        if picture is None or chart is None:
            return
        column = event.x - picture.left
        if isinstance(chart, Scatter):
            self._choose(nearest(chart.xs, chart.ys, picture, column, event.y))
            if event.chain == 2 and self.chosen is not None:
                self.post_message(self.Opened())
        elif chart.by_name:
            first = 0 if self.chosen is None else max(self.chosen - self.size.height + 1, 0)
            place = first + event.y
            self._choose(place if place < len(chart.texts) else None)
        elif 0 <= column < picture.columns:
            self._choose(column * len(chart.bins) // picture.columns)

    # the part in view

    def zoom(self, factor: float) -> None:
        """Show `factor` times as much of both axes, about the point read off or the middle; or
        have that many fewer bins."""
        chart = self.shown
        if isinstance(chart, Histogram):
            if not chart.by_name and chart.bins:
                count = min(max(round(len(chart.bins) / factor), 2), 200)
                self._put_bars(replace(chart, count=count))
            return
        whole = None if chart is None else self._whole(chart)
        if chart is None or whole is None:
            return
        view = self._view or whole
        there = None if self.chosen is None else (chart.xs[self.chosen], chart.ys[self.chosen])
        windows = []
        for axis, ((low, high), (least, most)) in enumerate(zip(view, whole, strict=True)):
            centre = (low + high) / 2 if there is None else there[axis]
            half = max((high - low) * factor / 2, (most - least) / 1e6)
            if 2 * half >= most - least:
                windows.append((least, most))
            else:
                start = min(max(centre - half, least), most - 2 * half)
                windows.append((start, start + 2 * half))
        view = windows[0], windows[1]
        self._view = None if view == whole else view
        self._redraw()

    def pan(self, share: float) -> None:
        """Move a zoomed view by this share of its width."""
        chart = self.shown
        whole = self._whole(chart) if isinstance(chart, Scatter) else None
        if self._view is not None and whole is not None:
            (low, high), bounds = self._view
            start = min(max(low + share * (high - low), whole[0][0]), whole[0][1] - (high - low))
            self._view = (start, start + high - low), bounds
            self._redraw()

    def reset(self) -> None:
        """Show everything; as many bins as usual."""
        self._view = None
        if isinstance(self.shown, Histogram) and self.shown.count is not None:
            self._put_bars(replace(self.shown, count=None))
        self._redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.zoom(1.25)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.zoom(0.8)


def _runs(chars: str, tones: bytes) -> Iterator[tuple[str, int]]:
    start = 0
    for at in range(1, len(chars) + 1):
        if at == len(chars) or (chars[at] != " " and tones[at] != tones[start]):
            yield chars[start:at], tones[start]
            start = at
