"""Runs grouped by the values of a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tuiflow.filters.tree import Key, Kind, Measure
from tuiflow.protocols import RunQuery
from tuiflow.store import groups
from tuiflow.store.groups import Group, Grouping, Spread
from tuiflow.store.run_columns import Value
from tuiflow.store.vectors.masks import matching
from tuiflow.store.vectors.source import Rows, Source, is_number
from tuiflow.store.vectors.summaries import mean

_AT_ONCE = 1 << 15
"""So many runs' numbers are in the processor's cache from one step to the next."""


def group(source: Source, query: RunQuery, key: Key, measures: Sequence[Key | Measure]) -> Grouping:
    """Group the matching runs by a key; `measures` are columns to sum up in each group."""
    rows: Rows = np.flatnonzero(matching(source, query))
    values, member = (_by_number if is_number(key) else _by_text)(source, key, rows)
    runs = np.bincount(member, minlength=len(values))
    used = np.flatnonzero(runs)
    kept = used[np.argsort(-runs[used], kind="stable")[: groups.MOST_GROUPS]]
    place = np.full(len(values), len(kept))
    place[kept] = np.arange(len(kept))
    kept_group = place[member] if measures else member
    spreads = [
        _spreads(source.numbers(measure).values, rows, kept_group, len(kept))
        for measure in measures
    ]
    listed = zip(values.read(kept), runs[kept].tolist(), *spreads, strict=True)
    found = groups.grouping(key, (Group(value, n, tuple(of)) for value, n, *of in listed))
    return replace(found, distinct=len(used))


@dataclass(frozen=True, slots=True)
class _Values:
    """Values by their index: numbers, then texts, then missing."""

    numbers: NDArray[np.float64]
    texts: int = 0
    read_texts: Callable[[NDArray[np.int64]], list[str]] = lambda chosen: []

    def __len__(self) -> int:
        return len(self.numbers) + self.texts + 1

    def read(self, indexes: NDArray[np.int64]) -> list[Value]:
        found: list[Value] = [None] * len(indexes)
        texts = indexes - len(self.numbers)
        for place in np.flatnonzero(texts < 0).tolist():
            found[place] = float(self.numbers[indexes[place]])
        places = np.flatnonzero((texts >= 0) & (texts < self.texts))
        for place, text in zip(places.tolist(), self.read_texts(texts[places]), strict=True):
            found[place] = text
        return found


def _by_text(source: Source, key: Key, rows: Rows) -> tuple[_Values, NDArray[np.int64]]:
    """Distinct values, and the index of each run's among them. Texts that read as the same number
    are one."""
    if source.has_many_texts(key):
        return _by_many_texts(source, key, rows)
    texts = source.texts(key)
    codes = texts.codes[rows]
    used = np.zeros(len(texts.values) + 1, np.bool_)
    used[codes] = True
    there = np.flatnonzero(used[:-1])
    is_text = np.full(len(there), True)
    if key.kind is not Kind.ATTRIBUTE:
        is_text = np.isnan(texts.numbers[there])
    others = there[is_text]
    distinct, member = np.unique(texts.numbers[there[~is_text]], return_inverse=True)
    index = np.full(len(used), len(distinct) + len(others), np.int64)
    index[there[~is_text]] = member
    index[others] = np.arange(len(distinct), len(distinct) + len(others))

    def read(chosen: NDArray[np.int64]) -> list[str]:
        return [texts.values[code] for code in others[chosen].tolist()]

    return _Values(distinct, len(others), read), index[codes]


def _by_many_texts(source: Source, key: Key, rows: Rows) -> tuple[_Values, NDArray[np.int64]]:
    is_text = source.present(key)[rows]
    values, index = _Values(np.empty(0)), np.zeros(len(rows), np.int64)
    if key.kind is not Kind.ATTRIBUTE:
        values, index = _by_number(source, key, rows)
        is_text = is_text & (index == len(values.numbers))
    texts = source.encoded(key, rows[is_text])
    index[index == len(values.numbers)] += texts.count
    index[is_text] = len(values.numbers) + texts.codes
    return _Values(values.numbers, texts.count, texts.read), index


def _by_number(source: Source, key: Key, rows: Rows) -> tuple[_Values, NDArray[np.int64]]:
    """As `_by_text`; of a param or tag, those that don't read as a number are missing."""
    numbers = source.numbers(key)
    values, there = numbers.values[rows], numbers.present[rows]
    if key.kind in (Kind.PARAM, Kind.TAG):
        there = ~np.isnan(values)
    distinct, member = np.unique(values[there], return_inverse=True)
    index = np.full(len(rows), len(distinct), np.int64)
    index[there] = member
    return _Values(distinct), index


def _spreads(
    column: NDArray[np.float64], rows: Rows, group: NDArray[np.int64], count: int
) -> list[Spread | None]:
    """What the runs of `count` groups have of a column; the group of a run in none is `count`."""
    size = count + 1
    numbers, sums = np.zeros(size, np.int64), np.zeros(size)
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    with np.errstate(all="ignore"):
        for start in range(0, len(rows), _AT_ONCE):
            values = column[rows[start : start + _AT_ONCE]]
            groups_here = group[start : start + _AT_ONCE]
            there = ~np.isnan(values)
            if not there.all():
                values, groups_here = values[there], groups_here[there]
            numbers += np.bincount(groups_here, minlength=size)
            sums += np.bincount(groups_here, weights=values, minlength=size)
            np.minimum.at(low, groups_here, values)
            np.maximum.at(high, groups_here, values)
        means = sums / numbers
    beyond = ~np.isfinite(means) & np.isfinite(low) & np.isfinite(high)
    for place in np.flatnonzero(beyond).tolist():
        values = column[rows[group == place]]
        means[place] = mean(values[~np.isnan(values)])
    columns = zip(numbers.tolist(), means.tolist(), low.tolist(), high.tolist(), strict=True)
    return [Spread(*of) if of[0] else None for of in columns][:count]
