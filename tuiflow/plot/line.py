"""From logged points to a line that can be drawn: finite, sorted by x, gaps and oddities kept."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from operator import le

from tuiflow.plot import arrays
from tuiflow.plot.peaks import Peaks


class Axis(StrEnum):
    """What x means: the step, seconds since the curve's origin, or the time of day (epoch s)."""

    STEP = "step"
    TIME = "time"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Look:
    """How curves are drawn. `smooth` in [0, 1) is the weight of the past, 0 for none."""

    axis: Axis = Axis.STEP
    log: bool = False
    smooth: float = 0.0


PLAIN = Look()


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric's points by (step, timestamp, arrival); `origin` (epoch ms) is where its time
    begins. Curves of one `stem` have grown from one another: the shorter one begins the longer.
    """

    name: str
    steps: array[int]
    timestamps: array[int]
    values: array[float]
    origin: int = 0
    stem: object = field(default_factory=object, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.values)

    def grown(self, points: Iterable[tuple[int, int, float]]) -> Curve | None:
        """This curve with (step, timestamp, value) of new points after its own.

        None where one of them belongs before the last one.
        """
        steps, timestamps, values = array("q"), array("q"), array("d")
        last = (self.steps[-1], self.timestamps[-1]) if self.steps else None
        for step, timestamp, value in points:
            if last is not None and (step, timestamp) < last:
                return None
            last = step, timestamp
            steps.append(step)
            timestamps.append(timestamp)
            values.append(value)
        return Curve(
            self.name,
            self.steps + steps,
            self.timestamps + timestamps,
            self.values + values,
            self.origin,
            self.stem,
        )


_Average = tuple[float, float]
_NO_AVERAGE: _Average = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Line:
    """Points ready to draw, sorted by x.

    `xs`, `ys`: the finite ones (`ys` is log10 of the value on a logarithmic axis), `peaks` the
    buckets of `ys`. `gaps` holds the indices into them before which the line is interrupted.
    `nans`, `above`, `below`: the x of the points that have no place: NaN, +inf, and -inf or, on a
    logarithmic axis, zero and less. `all_xs`, `all_values`: every point as logged, for reading
    values off.
    """

    xs: array[float]
    ys: array[float]
    all_xs: array[float]
    all_values: array[float]
    peaks: Peaks
    gaps: array[int] = field(default_factory=lambda: array("q"))
    nans: array[float] = field(default_factory=lambda: array("d"))
    above: array[float] = field(default_factory=lambda: array("d"))
    below: array[float] = field(default_factory=lambda: array("d"))
    in_order: bool = True
    """Whether the points came sorted by x, so that more of them can be added at the end."""
    average: _Average = _NO_AVERAGE
    """The moving average after the last point, and the weight that its start still has."""
    broken: bool = False
    """Whether the last point has no place."""

    def nearest(self, x: float) -> int | None:
        """Index into `all_xs` of the point nearest to `x`; None where there is none."""
        if not self.all_xs:
            return None
        right = bisect_left(self.all_xs, x)
        if right == len(self.all_xs):
            return right - 1
        if right and x - self.all_xs[right - 1] <= self.all_xs[right] - x:
            return right - 1
        return right

    def y_near(self, x: float) -> float | None:
        """The `ys` of the finite point nearest to `x`; None where there is none."""
        right = bisect_left(self.xs, x)
        near = [at for at in (right - 1, right) if 0 <= at < len(self.xs)]
        return self.ys[min(near, key=lambda at: abs(self.xs[at] - x))] if near else None

    def span(self, start: int, end: int) -> tuple[float, float]:
        """Least and greatest of `ys[start:end]`, which must not be empty."""
        return self.peaks.span(self.ys, start, end)


def prepare(
    curve: Curve,
    axis: Axis = Axis.STEP,
    log: bool = False,
    smooth: float = 0.0,
    before: Line | None = None,
) -> Line:
    """Make a curve drawable.

    `smooth` in [0, 1) is the weight of the past in an exponential moving average, corrected for
    its start (as TensorBoard's, after Kingma & Ba 2014, section 3); it is taken over the values,
    before the logarithm. NaN and infinite values are left out of it.

    `before` is the line of a curve that this one has grown from, made alike: only the new points
    are worked on.
    """
    keys = curve.steps if axis is Axis.STEP else curve.timestamps
    if before is None or not before.in_order:
        before = _NOTHING
    start = len(before.all_xs)
    if not _rises(keys, max(start - 1, 0)):
        xs, values = _ordered(keys, _xs(curve, axis, 0), curve.values)
        return _line(_NOTHING, xs, values, values, log, smooth, in_order=False)
    xs, values = _xs(curve, axis, start), curve.values[start:] if start else curve.values
    return _line(before, xs, values, curve.values, log, smooth, in_order=True)


_NOTHING = Line(array("d"), array("d"), array("d"), array("d"), Peaks())


def _rises(keys: array[int], start: int) -> bool:
    if arrays.are_long(len(keys) - start):
        return arrays.rises(keys, start)
    new = keys[start:]
    return all(map(le, new, islice(new, 1, None)))


def _ordered(
    keys: array[int], xs: array[float], values: array[float]
) -> tuple[array[float], array[float]]:
    if arrays.are_long(len(keys)):
        places = arrays.order(keys)
        return arrays.taken(xs, places), arrays.taken(values, places)
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return array("d", [xs[i] for i in order]), array("d", [values[i] for i in order])


def _xs(curve: Curve, axis: Axis, start: int) -> array[float]:
    are_long = arrays.are_long(len(curve) - start)
    if axis is Axis.STEP:
        if are_long:
            return arrays.scaled(curve.steps, start)
        return array("d", curve.steps[start:])
    origin = curve.origin if axis is Axis.TIME else 0
    if are_long:
        return arrays.scaled(curve.timestamps, start, origin, 1000)
    return array("d", [(then - origin) / 1000 for then in curve.timestamps[start:]])


def _line(
    before: Line,
    xs: array[float],
    values: array[float],
    all_values: array[float],
    log: bool,
    smooth: float,
    *,
    in_order: bool,
) -> Line:
    """The line of `before` with the points (`xs`, `values`) after it."""
    shown, average = _ema(values, smooth, before.average) if smooth > 0 else (values, _NO_AVERAGE)
    all_xs = before.all_xs + xs if before.all_xs else xs
    whole = len(before.xs) == len(before.all_xs)
    if whole and _have_places(shown, log):
        if log or smooth > 0:
            ys = before.ys + (_logarithms(shown) if log else shown)
        else:
            ys = all_values
        peaks = before.peaks.grown(ys)
        return Line(all_xs, ys, all_xs, all_values, peaks, in_order=in_order, average=average)
    new_xs, new_ys = before.xs[:], before.ys[:]
    gaps, nans, above, below = before.gaps[:], before.nans[:], before.above[:], before.below[:]
    gap = before.broken
    if arrays.are_long(len(xs)):
        new = arrays.placed(xs, shown, log, gap)
        gaps.extend(place + len(new_xs) for place in new.gaps if place or new_xs)
        new_xs += new.xs
        new_ys += new.ys
        nans += new.nans
        above += new.above
        below += new.below
        peaks = before.peaks.grown(new_ys)
        return Line(
            new_xs, new_ys, all_xs, all_values, peaks, gaps, nans, above, below,
            in_order, average, new.broken,
        )  # fmt: skip
    for x, value in zip(xs, shown, strict=True):
        if math.isnan(value):
            nans.append(x)
        elif value == math.inf:
            above.append(x)
        elif value == -math.inf or (log and value <= 0):
            below.append(x)
        else:
            if gap and new_xs:
                gaps.append(len(new_xs))
            gap = False
            new_xs.append(x)
            new_ys.append(math.log10(value) if log else value)
            continue
        gap = True
    peaks = before.peaks.grown(new_ys)
    return Line(
        new_xs, new_ys, all_xs, all_values, peaks, gaps, nans, above, below, in_order, average, gap
    )


def _have_places(values: array[float], log: bool) -> bool:
    """Whether all of them can be drawn; it may be False of huge numbers that can be, too."""
    if arrays.are_long(len(values)):
        return arrays.are_finite(values) and (not log or arrays.least(values) > 0)
    return math.isfinite(sum(values)) and (not log or not values or min(values) > 0)


def _logarithms(values: array[float]) -> array[float]:
    if arrays.are_long(len(values)):
        return arrays.logarithms(values)
    return array("d", map(math.log10, values))


def _ema(
    values: Sequence[float], weight: float, average: _Average
) -> tuple[array[float], _Average]:
    if isinstance(values, array) and arrays.are_long(len(values)) and arrays.are_finite(values):
        return arrays.averaged(values, weight, *average)
    result = array("d")
    push = result.append
    mean, remaining = average
    rest = 1 - weight
    for value in values:
        if value - value != 0:  # NaN or infinite
            push(value)
            continue
        mean = weight * mean + rest * value
        remaining *= weight
        push(mean / (1 - remaining))
    return result, (mean, remaining)
