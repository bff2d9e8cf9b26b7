"""What a column of many runs holds: numbers summed up and binned, or texts by how often."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tuiflow.plot.histogram import Bin, bins, usual_bins
from tuiflow.store.run_columns import Value

MOST_TEXTS = 200


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of finite numbers; quartiles interpolate linearly between neighbours, as numpy does."""

    count: int
    minimum: float
    maximum: float
    mean: float
    deviation: float
    quartiles: tuple[float, float, float]
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """A column of `runs` runs, of which `missing` have no value.

    `numbers` is None where there are none; `infinite` and `nan` count those outside of it.
    `texts` are values that are no numbers with how many runs have each, the most frequent first
    (`distinct` of them, of which at most `MOST_TEXTS` are listed).
    """

    runs: int
    missing: int
    numbers: Numbers | None
    nan: int
    infinite: int
    texts: tuple[tuple[str, int], ...]
    distinct: int


def column_summary(values: Iterable[Value]) -> ColumnSummary:
    """Sum up a column as `Store.run_columns` gives it: None is missing."""
    runs = missing = nan = infinite = 0
    numbers = array("d")
    texts: Counter[str] = Counter()
    for value in values:
        runs += 1
        if value is None:
            missing += 1
        elif isinstance(value, str):
            texts[value] += 1
        elif math.isfinite(value):
            numbers.append(value)
        else:
            nan += math.isnan(value)
            infinite += math.isinf(value)
    ranked = sorted(texts.items(), key=lambda item: (-item[1], item[0]))
    return ColumnSummary(
        runs,
        missing,
        summed_up(numbers) if numbers else None,
        nan,
        infinite,
        tuple(ranked[:MOST_TEXTS]),
        len(texts),
    )


def summed_up(numbers: Sequence[float]) -> Numbers:
    """Sum up finite numbers, at least one. The deviation is that of the whole population."""
    values = sorted(numbers)
    mean = math.fsum(value / len(values) for value in values)
    mean = min(max(mean, values[0]), values[-1])
    scale = max(abs(values[0]), abs(values[-1])) or 1.0
    squares = math.fsum(((value - mean) / scale) ** 2 for value in values)
    deviation = scale * math.sqrt(squares / len(values))
    return described(values, mean, deviation)


def described(values: Sequence[float], mean: float, deviation: float) -> Numbers:
    """What there is to say of sorted finite numbers whose mean and deviation are known."""
    return Numbers(
        len(values),
        values[0],
        values[-1],
        mean,
        deviation,
        _quartiles(values),
        tuple(bins(values, usual_bins(values))),
    )


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    return _quantile(values, 0.25), _quantile(values, 0.5), _quantile(values, 0.75)


def _quantile(values: Sequence[float], share: float) -> float:
    place, part = divmod(share * (len(values) - 1), 1)
    low, high = values[int(place)], values[min(int(place) + 1, len(values) - 1)]
    return min(max(low * (1 - part) + high * part, low), high)
