"""Which params go with a metric over many runs: ranks only, so that no outlier decides. Pure.

Numbers are judged by Spearman's rank correlation with average ranks for ties, categories by eta²,
the share of the spread of the metric's ranks that lies between the groups (the Kruskal-Wallis
statistic over n - 1). Both are ordered by what is left of that share (rho² or eta²) after taking
off what chance gives so many groups: 1 - (1 - share)(n - 1)/(n - k), with k = 2 for a number
(adjusted R², of which epsilon² is the case of groups). What is under 1 % then is not told, nor what
chance brings about easily: an F ratio, share/(k - 1) : (1 - share)/(n - k), under 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

MIN_RUNS = 5
"""Nothing is claimed of fewer runs."""

LISTED = 10
_LEAST_SHARE = 0.01
_LEAST_F = 4.0
_GROUPS = 30


@dataclass(frozen=True, slots=True)
class Group:
    """The runs with one value of a category: how many, and the median of the metric."""

    value: str
    n: int
    median: float


@dataclass(frozen=True, slots=True)
class Association:
    """How a param goes with the metric among the `n` runs that have both.

    `rho` is Spearman's for a number (positive: the metric grows with it), `eta2` the between-group
    share for a category; the other is None. `share` is the adjusted one that orders the list.
    `groups` are those of a category, the best first (the lowest, where no direction is known).
    """

    param: str
    n: int
    share: float
    rho: float | None = None
    eta2: float | None = None
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Associations:
    """The params that go with `metric` among `n` runs that have it, the strongest first.

    `items` is empty where there are fewer than 5 runs, and where nothing stands out of chance.
    `drawn_from` is of how many runs those looked at were drawn, None where all were.
    """

    metric: str
    n: int
    items: tuple[Association, ...]
    lower_is_better: bool | None = None
    drawn_from: int | None = None


def associate(
    runs: Iterable[tuple[float | None, Mapping[str, str]]],
    metric: str,
    lower_is_better: bool | None = None,
    limit: int | None = LISTED,
) -> Associations:
    """The params that go with `metric`; `runs` are its value and the params of each run.

    Runs without it, or with NaN, don't count; an infinite value is the largest. `lower_is_better`
    only orders the groups of a category.
    """
    found = [
        (value, params) for value, params in runs if value is not None and not math.isnan(value)
    ]
    items: list[Association] = []
    if len(found) >= MIN_RUNS:
        for param in sorted({key for _, params in found for key in params}):
            pairs = [(params[param], value) for value, params in found if param in params]
            item = _association(param, pairs, lower_is_better is False)
            if item is not None:
                items.append(item)
    items.sort(key=lambda item: (-item.share, item.param))
    return Associations(metric, len(found), tuple(items[:limit]), lower_is_better)


def _association(
    param: str, pairs: Sequence[tuple[str, float]], highest_first: bool
) -> Association | None:
    n = len(pairs)
    texts = [text for text, _ in pairs]
    values = [value for _, value in pairs]
    distinct = len(set(texts))
    if n < MIN_RUNS or distinct < 2 or len(set(values)) < 2:
        return None
    ranks = average_ranks(values)
    numbers = [_number(text) for text in texts]
    known = [number for number in numbers if number is not None]
    if len(known) == n:
        if len(set(known)) < 2:
            return None
        rho = _correlation(average_ranks(known), ranks)
        share = _adjusted(rho * rho, n, 2)
        return None if share is None else Association(param, n, share, rho=rho)
    if distinct > min(n // 2, _GROUPS):  # such as a name or a path of its own for each run
        return None
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault(text, []).append(place)
    eta2 = _between(list(places.values()), ranks)
    share = _adjusted(eta2, n, distinct)
    if share is None:
        return None
    groups = _groups(places, values, highest_first)
    return Association(param, n, share, eta2=eta2, groups=groups)


def _groups(
    places: Mapping[str, Sequence[int]], values: Sequence[float], highest_first: bool
) -> tuple[Group, ...]:
    groups = [
        Group(text, len(members), median(values[place] for place in members))
        for text, members in places.items()
    ]
    groups.sort(key=lambda group: (group.median, group.value), reverse=highest_first)
    return tuple(groups)


def average_ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            ranks[place] = (start + end) / 2 + 1
        start = end + 1
    return ranks


def _correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Pearson's, of two columns neither of which is constant."""
    mean = (len(one) + 1) / 2  # of ranks
    a = [value - mean for value in one]
    b = [value - mean for value in other]
    product = math.fsum(x * y for x, y in zip(a, b, strict=True))
    spread = math.fsum(x * x for x in a) * math.fsum(y * y for y in b)
    return max(-1.0, min(product / math.sqrt(spread), 1.0))


def _between(groups: Sequence[Sequence[int]], ranks: Sequence[float]) -> float:
    mean = (len(ranks) + 1) / 2
    total = math.fsum((rank - mean) ** 2 for rank in ranks)
    between = math.fsum(
        math.fsum(ranks[place] - mean for place in members) ** 2 / len(members)
        for members in groups
    )
    return min(between / total, 1.0)


def _adjusted(share: float, n: int, k: int) -> float | None:
    """What is left of a share without chance's part; None where it doesn't stand out."""
    if share * (n - k) < _LEAST_F * (1 - share) * (k - 1):
        return None
    left = 1 - (1 - share) * (n - 1) / (n - k)
    return left if left >= _LEAST_SHARE else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) else value
