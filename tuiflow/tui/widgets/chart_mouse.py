"""The mouse on charts: the wheel zooms about the pointer, dragging moves the view, a click reads
off, two show everything again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.widget import Widget

if TYPE_CHECKING:
    from tuiflow.tui.widgets.chart import Chart

_IN, _OUT, _ASIDE = 0.8, 1.25, 0.1


class ChartMouse(Widget):
    """Mixin of a widget that shows a chart and has the focus or lends it."""

    _dragged_from: int | None = None
    _dragged = False

    @property
    def chart(self) -> Chart:
        raise NotImplementedError

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -1)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        event.stop()
        self.chart.pan(-_ASIDE)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        event.stop()
        self.chart.pan(_ASIDE)

    def _wheel(self, event: events.MouseEvent, direction: int) -> None:
        event.stop()
        if event.shift:
            self.chart.pan(_ASIDE * direction)
        else:
            self.chart.zoom(_OUT if direction > 0 else _IN, about=self.chart.x_under(event.x))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button == 1:
            self._dragged_from, self._dragged = event.x, False
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged_from is None or event.x == self._dragged_from:
            return
        self._dragged = True
        self.chart.drag(self._dragged_from - event.x)
        self._dragged_from = event.x

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._dragged_from is not None:
            self._dragged_from = None
            self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        if self._dragged:
            self._dragged = False
        elif event.chain == 2:
            self.chart.reset()
        elif event.button == 1:
            self.chart.read_at(event.x, event.y)
