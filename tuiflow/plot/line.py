"""From logged points to a line that can be drawn: finite, sorted by x, gaps and oddities kept."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from operator import le


class Axis(Enum):
    """What x means: the step, or seconds since the curve's origin."""

    STEP = "step"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric's points as they were logged; `origin` (epoch ms) is where its time begins."""

    name: str
    steps: array[int]
    timestamps: array[int]
    values: array[float]
    origin: int = 0

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Line:
    """Points ready to draw, sorted by x.

    `xs`, `ys`: the finite ones (`ys` is log10 of the value on a logarithmic axis). `gaps` holds the
    indices into them before which the line is interrupted. `nans`, `above`, `below`: the x of the
    points that have no place: NaN, +inf, and -inf or, on a logarithmic axis, zero and less.
    `all_xs`, `all_values`: every point as logged, for reading values off.
    """

    xs: array[float]
    ys: array[float]
    all_xs: array[float]
    all_values: array[float]
    gaps: array[int] = field(default_factory=lambda: array("q"))
    nans: array[float] = field(default_factory=lambda: array("d"))
    above: array[float] = field(default_factory=lambda: array("d"))
    below: array[float] = field(default_factory=lambda: array("d"))

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


def prepare(curve: Curve, axis: Axis = Axis.STEP, log: bool = False, smooth: float = 0.0) -> Line:
    """Make a curve drawable.

    `smooth` in [0, 1) is the weight of the past in an exponential moving average, corrected for
    its start (as TensorBoard's, after Kingma & Ba 2014, section 3); it is taken over the values,
    before the logarithm. NaN and infinite values are left out of it.
    """
    xs, values = _columns(curve, axis)
    shown = _ema(values, smooth) if smooth > 0 else values
    if math.isfinite(sum(shown)) and (not log or not shown or min(shown) > 0):
        ys = array("d", map(math.log10, shown)) if log else shown
        return Line(xs, ys, xs, values)
    return _sift(xs, values, shown, log)


def _columns(curve: Curve, axis: Axis) -> tuple[array[float], array[float]]:
    if axis is Axis.STEP:
        keys, xs = curve.steps, array("d", curve.steps)
    else:
        keys = curve.timestamps
        xs = array("d", [(then - curve.origin) / 1000 for then in curve.timestamps])
    if all(map(le, keys, islice(keys, 1, None))):
        return xs, curve.values
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return array("d", [xs[i] for i in order]), array("d", [curve.values[i] for i in order])


def _ema(values: Sequence[float], weight: float) -> array[float]:
    result = array("d")
    push = result.append
    mean, remaining = 0.0, 1.0
    for value in values:
        if value - value != 0:  # NaN or infinite
            push(value)
            continue
        mean = weight * mean + (1 - weight) * value
        remaining *= weight
        push(mean / (1 - remaining))
    return result


def _sift(xs: array[float], values: array[float], shown: array[float], log: bool) -> Line:
    line = Line(array("d"), array("d"), xs, values)
    gap = False
    for x, value in zip(xs, shown, strict=True):
        if math.isnan(value):
            line.nans.append(x)
        elif value == math.inf:
            line.above.append(x)
        elif value == -math.inf or (log and value <= 0):
            line.below.append(x)
        else:
            if gap and line.xs:
                line.gaps.append(len(line.xs))
            gap = False
            line.xs.append(x)
            line.ys.append(math.log10(value) if log else value)
            continue
        gap = True
    return line
