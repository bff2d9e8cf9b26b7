"""Where a chart is looked at: the part of x in view, and the crosshair in it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widget import Widget

from tuiflow.plot import Axis, Line, Look, Picture


class ChartView(Widget):
    """Mixin of the chart: zoom, pan and crosshair over whatever lines it shows."""

    mode: Look
    _window: tuple[float, float] | None = None
    _cross: float | None = None

    def _drawing(self) -> Picture | None:
        raise NotImplementedError

    def _extent(self) -> tuple[float, float] | None:
        raise NotImplementedError

    def _shown_lines(self) -> Sequence[Line]:
        raise NotImplementedError

    def _head_lines(self) -> int:
        raise NotImplementedError

    def _redraw(self) -> None:
        raise NotImplementedError

    def _move_cross(self, x: float | None) -> None:
        raise NotImplementedError

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

    # the crosshair

    def _cross_column(self, picture: Picture) -> int | None:
        return None if self._cross is None else picture.column_of(self._cross)

    def step_cross(self, direction: int) -> None:
        """To the next point of any curve that lies at least one column further."""
        picture = self._drawing()
        if picture is None:
            return
        low, high = picture.window
        column = (high - low) / picture.columns
        if self._cross is None or not low <= self._cross <= high:
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

    def x_under(self, column: int) -> float | None:
        """The x under a column of the widget, None beside the plot."""
        picture = self._drawing()
        if picture is None or not picture.left <= column < picture.left + picture.columns:
            return None
        return picture.x_at(column - picture.left)

    def read_at(self, column: int, row: int) -> None:
        """Put the crosshair onto the point nearest to a cell of the widget."""
        x = self.x_under(column)
        if x is not None and row >= self._head_lines():
            self._move_cross(self._snap(x))

    # what is in view

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

    def zoom(self, factor: float, about: float | None = None) -> None:
        """Show `factor` times as much as now, about an x, the crosshair or the middle."""
        whole = self._extent()
        if whole is None or whole[0] == whole[1]:
            return
        low, high = self._window or whole
        least = (whole[1] - whole[0]) / 1e6
        if self.mode.axis is Axis.STEP:
            least = max(least, 2.0)
        span = max((high - low) * factor, min(least, high - low))
        centre = about if about is not None else self._cross
        if centre is None or not low <= centre <= high:
            centre = (low + high) / 2
        share = (centre - low) / (high - low)
        self._set_window((centre - share * span, centre + (1 - share) * span))

    def pan(self, share: float) -> None:
        """Move a zoomed view by this share of its width."""
        if self._window is not None:
            low, high = self._window
            self._set_window((low + (high - low) * share, high + (high - low) * share))

    def drag(self, columns: int) -> None:
        """Move a zoomed view by so many columns of the plot."""
        picture = self._drawing()
        if picture is not None:
            self.pan(columns / max(picture.columns - 1, 1))

    def reset(self) -> None:
        """Show everything."""
        self._set_window(None)

    def _pan_to(self, x: float) -> None:
        if self._window is not None:
            half = (self._window[1] - self._window[0]) / 2
            self._set_window((x - half, x + half))
