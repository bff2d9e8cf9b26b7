"""Where an axis is marked, and how the marks are written."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from itertools import pairwise


def linear(low: float, high: float, count: int) -> list[float]:
    """About `count` round values (1, 2 or 5 times a power of ten) within [low, high], at least two
    where `count` is two."""
    span = high - low
    if span == math.inf and max(-low, high) < math.inf:  # wider than the largest float
        return [10 * mark for mark in linear(low / 10, high / 10, count)]
    if not 1e-290 < span < math.inf or span <= 1e-12 * max(abs(low), abs(high)):
        return [low] if low == high else [low, high]
    raw = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.7)
    if step == math.inf:
        return [low, high]
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first + 1 < min(count, 2):  # too few round values of that step lie within
        return linear(low, high, count + 1)
    # A power of ten below 1 is inexact; dividing by its reciprocal gives the nearest double.
    if step < 1:
        inverse = round(1 / step)
        return [i / inverse for i in range(first, last + 1)]
    return [i * step for i in range(first, last + 1)]


def logarithmic(low: float, high: float, count: int) -> list[float]:
    """Values for an axis whose ends are the powers 10**low and 10**high.

    Decades, every n-th where there are many; 1-2-5 between them, or round values, where there
    are few.
    """
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    decades = last - first + 1
    if decades >= 3:
        every = math.ceil(decades / max(count, 2))
        # 10**308 is the last decade of a double, and 1e-323 the first.
        return [10.0**p for p in range(first, last + 1, every) if -323 <= p <= 308]
    start, end = 10.0 ** max(low, -323), 10.0 ** min(high, 308.25)
    if high - low < 0.7:
        return [t for t in linear(start, end, count) if t > 0]
    marks = [
        m * 10.0**p for p in range(math.floor(low), last + 1) if -322 <= p <= 307 for m in (1, 2, 5)
    ]
    return [t for t in marks if start * (1 - 1e-9) <= t <= end * (1 + 1e-9)]


def labels(ticks: Sequence[float]) -> list[str]:
    """Write the ticks of one axis alike: as many decimals as tell neighbours apart."""
    finite = [abs(t) for t in ticks if t != 0 and math.isfinite(t)]
    if not finite:
        return ["0" if t == 0 else f"{t:g}" for t in ticks]
    gap = min((b - a for a, b in pairwise(ticks) if 0 < b - a < math.inf), default=max(finite))
    if max(finite) >= 1e6 or max(finite) < 1e-3 or max(finite) / min(finite) > 9999:
        digits = 1
        if gap < max(finite):
            digits = min(max(_exponent(max(finite)) - _exponent(gap), 0), 6)
        if max(finite) / min(finite) > 9999:
            digits = 0
        return ["0" if t == 0 else _scientific(t, digits) for t in ticks]
    places = min(max(-_exponent(gap), 0), 7)
    return [f"{t:.{places}f}" for t in ticks]


def powers(ticks: Sequence[float]) -> list[str]:
    """Write the ticks of a logarithmic axis, each for itself: `0.001`, `0.5`, `20`, `1e-5`."""
    return [
        f"{t:g}" if 1e-4 <= t < 1e6 else _scientific(t, 0 if _is_power(t) else 1) for t in ticks
    ]


def _is_power(value: float) -> bool:
    return math.isclose(value, float(f"{value:.0e}"), rel_tol=1e-9)


def _exponent(value: float) -> int:
    return math.floor(math.log10(value) + 1e-9)


def _scientific(value: float, digits: int) -> str:
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa  # infinity has none


def power(place: float) -> float:
    """10**place, the nearest number above 0 where that is beyond what a float holds."""
    try:
        return max(math.pow(10.0, place), math.ulp(0.0))
    except OverflowError:
        return sys.float_info.max


def counts(ticks: Sequence[float]) -> list[str]:
    """Steps: whole numbers, thousands as k and millions as M where that loses nothing."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if ticks and max(map(abs, ticks)) >= size * 10 and all(t % (size / 10) == 0 for t in ticks):
            return ["0" if t == 0 else f"{t / size:g}{unit}" for t in ticks]
    if all(t == int(t) for t in ticks) and all(abs(t) < 1e7 for t in ticks):
        return [str(int(t)) for t in ticks]
    return labels(ticks)


_SECONDS = (
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    14400,
    21600,
    43200,
    86400,
)


def times(low: float, high: float, count: int) -> list[float]:
    """Round times for an axis in seconds: whole minutes, quarters, hours, days."""
    raw = (high - low) / max(count, 1)
    if raw < 1:
        return linear(low, high, count)
    step = next((s for s in _SECONDS if s >= raw), None)
    if step is None:
        return [t * 86400 for t in linear(low / 86400, high / 86400, count)]
    return [float(i * step) for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def clock(seconds: float) -> str:
    """Write a span: `0`, `0.5s`, `45s`, `3m`, `3m20`, `2h05`, `3d`, `3d04h`."""
    if seconds < 0:
        return "-" + clock(-seconds)
    if seconds < 60:
        return f"{seconds:g}s" if seconds else "0"
    if seconds < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes}m{rest:02d}" if rest else f"{minutes}m"
    if seconds < 86400:
        hours, rest = divmod(round(seconds) // 60, 60)
        return f"{hours}h{rest:02d}" if rest else f"{hours}h"
    if seconds < 1e12:
        days, rest = divmod(round(seconds) // 3600, 24)
        return f"{days}d{rest:02d}h" if rest else f"{days}d"
    return f"{seconds:.0e}s"


def moments(low: float, high: float, count: int) -> list[float]:
    """Round times of day for an axis in epoch seconds: full minutes, hours, days where we are."""
    shift = _offset(low)
    return [mark - shift for mark in times(low + shift, high + shift, count)]


def dates(ticks: Sequence[float]) -> list[str]:
    """Write times of day: `14:05`, `14:05:30`, the date (`11-24`) at midnight, or only dates."""
    if not ticks:
        return []
    gap = min((b - a for a, b in pairwise(ticks)), default=60.0)
    names = []
    for tick in ticks:
        then = _local(tick)
        if then is None:
            names.append(clock(tick))
        elif gap >= 86400 or (then.tm_hour, then.tm_min, then.tm_sec) == (0, 0, 0):
            names.append(time.strftime("%Y-%m-%d" if gap >= 86400 * 300 else "%m-%d", then))
        elif gap < 1:
            names.append(time.strftime("%M:%S", then) + f"{tick % 1:.3f}"[1:])
        else:
            names.append(time.strftime("%H:%M" if gap >= 60 else "%H:%M:%S", then))
    return names


def _offset(seconds: float) -> float:
    then = _local(seconds)
    return 0.0 if then is None else float(then.tm_gmtoff)


def _local(seconds: float) -> time.struct_time | None:
    """The local time, None beyond what a calendar knows."""
    try:
        return time.localtime(seconds)
    except (OverflowError, ValueError, OSError):
        return None
