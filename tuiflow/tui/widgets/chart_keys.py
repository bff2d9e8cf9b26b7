"""The keys of charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuiflow.tui.widgets.chart import Chart


class ChartKeys:
    """The actions of charts, for the chart itself and for a pane around it."""

    @property
    def chart(self) -> Chart:
        raise NotImplementedError

    def action_zoom_in(self) -> None:
        self.chart.zoom(0.5)

    def action_zoom_out(self) -> None:
        self.chart.zoom(2.0)

    def action_zoom_reset(self) -> None:
        self.chart.reset()

    def action_pan_left(self) -> None:
        self.chart.pan(-0.25)

    def action_pan_right(self) -> None:
        self.chart.pan(0.25)

    def action_cross_left(self) -> None:
        self.chart.step_cross(-1)

    def action_cross_right(self) -> None:
        self.chart.step_cross(1)

    def action_log(self) -> None:
        self.chart.toggle_log()

    def action_time(self) -> None:
        self.chart.next_axis()

    def action_smooth(self) -> None:
        self.chart.next_smoothing()

    def action_save(self) -> None:
        self.chart.save()
