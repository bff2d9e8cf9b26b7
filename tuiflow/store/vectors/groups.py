"""Runs grouped by the values of a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tuiflow.filters.tree import Key, Kind, Measure
from tuiflow.protocols import RunQuery
from tuiflow.store import groups
from tuiflow.store.groups import Group, Grouping, Spread
from tuiflow.store.run_columns import Value
from tuiflow.store.vectors.masks import matching
from tuiflow.store.vectors.source import Rows, Source, is_number


def group(source: Source, query: RunQuery, key: Key, measures: Sequence[Key | Measure]) -> Grouping:
    """Group the matching runs by a key; `measures` are columns to sum up in each group."""
    rows: Rows = np.flatnonzero(matching(source, query))
    values, member = (_by_number if is_number(key) else _by_text)(source, key, rows)
    runs = np.bincount(member, minlength=len(values))
    used = np.flatnonzero(runs)
    kept = used[np.argsort(-runs[used], kind="stable")[: groups.MOST_GROUPS]]
    spreads = [_spreads(source, measure, rows, member, len(values), kept) for measure in measures]
    found = groups.grouping(
        key,
        (
            Group(values[at], int(runs[at]), tuple(of[place] for of in spreads))
            for place, at in enumerate(kept.tolist())
        ),
    )
    return replace(found, distinct=len(used))


class _Values:
    """Values by their index: numbers, then texts, then missing."""

    def __init__(self, numbers: NDArray[np.float64], codes: Rows, texts: Sequence[str]) -> None:
        self._numbers = numbers
        self._codes = codes
        self._texts = texts

    def __len__(self) -> int:
        return len(self._numbers) + len(self._codes) + 1

    def __getitem__(self, index: int) -> Value:
        if index < len(self._numbers):
            return float(self._numbers[index])
        index -= len(self._numbers)
        return self._texts[self._codes[index]] if index < len(self._codes) else None


def _by_text(source: Source, key: Key, rows: Rows) -> tuple[_Values, NDArray[np.int64]]:
    """Distinct values, and the index of each run's among them. Texts that read as the same number
    are one."""
    texts = source.texts(key)
    codes = texts.codes[rows]
    used = np.zeros(len(texts.values) + 1, np.bool_)
    used[codes] = True
    there = np.flatnonzero(used[:-1])
    numbers = (
        texts.numbers[there] if key.kind is not Kind.ATTRIBUTE else np.full(len(there), np.nan)
    )
    is_text = np.isnan(numbers)
    distinct, member = np.unique(numbers[~is_text], return_inverse=True)
    others = there[is_text]
    index = np.full(len(used), len(distinct) + len(others), np.int64)
    index[there[~is_text]] = member
    index[others] = np.arange(len(distinct), len(distinct) + len(others))
    return _Values(distinct, others, texts.values), index[codes]


def _by_number(source: Source, key: Key, rows: Rows) -> tuple[_Values, NDArray[np.int64]]:
    numbers = source.numbers(key)
    values, present = numbers.values[rows], numbers.present[rows]
    distinct, member = np.unique(values[present], return_inverse=True)
    index = np.full(len(rows), len(distinct), np.int64)
    index[present] = member
    return _Values(distinct, np.empty(0, np.int64), ()), index


def _spreads(
    source: Source,
    measure: Key | Measure,
    rows: Rows,
    member: NDArray[np.int64],
    count: int,
    kept: NDArray[np.int64],
) -> list[Spread | None]:
    """What the runs of each kept group have of a column."""
    values = source.numbers(measure).values[rows]
    there = ~np.isnan(values)
    if not there.all():
        values, member = values[there], member[there]
    numbers = np.bincount(member, minlength=count)[kept]
    with np.errstate(all="ignore"):
        means = np.bincount(member, weights=values, minlength=count)[kept] / numbers
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, member, values)
    np.maximum.at(high, member, values)
    columns = zip(
        numbers.tolist(), means.tolist(), low[kept].tolist(), high[kept].tolist(), strict=True
    )
    return [Spread(*column) if column[0] else None for column in columns]
