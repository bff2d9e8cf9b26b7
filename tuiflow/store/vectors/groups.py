"""Runs grouped by the values of a column."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tuiflow.filters.tree import Key, Kind, Measure
from tuiflow.protocols import RunQuery
from tuiflow.store.groups import MOST_GROUPS, Group, Grouping, Spread, grouping
from tuiflow.store.run_columns import Value
from tuiflow.store.vectors.masks import matching
from tuiflow.store.vectors.source import Rows, Source, is_number


def group(source: Source, query: RunQuery, key: Key, measures: Sequence[Key | Measure]) -> Grouping:
    """Group the matching runs by a key; `measures` are columns to sum up in each group."""
    rows: Rows = np.flatnonzero(matching(source, query))
    values, member = (_by_number if is_number(key) else _by_text)(source, key, rows)
    runs = np.bincount(member, minlength=len(values))
    used = np.flatnonzero(runs)
    kept = used[np.argsort(-runs[used], kind="stable")[: 2 * MOST_GROUPS]]
    spreads = [_spreads(source, measure, rows, member, len(values), kept) for measure in measures]
    found = grouping(
        key,
        (
            Group(values[at], int(runs[at]), tuple(of[place] for of in spreads))
            for place, at in enumerate(kept.tolist())
        ),
    )
    return Grouping(key, found.groups, len(used))


def _by_text(source: Source, key: Key, rows: Rows) -> tuple[list[Value], NDArray[np.int64]]:
    """Distinct values, and the index of each run's among them. Texts that read as the same number
    are one."""
    texts = source.texts(key)
    codes = texts.codes[rows]
    used = np.zeros(len(texts.values) + 1, np.bool_)
    used[codes] = True
    used[-1] = False
    index = np.zeros(len(used), np.int64)
    places: dict[Value, int] = {None: 0}
    as_number = key.kind is not Kind.ATTRIBUTE
    for code in np.flatnonzero(used).tolist():
        number = float(texts.numbers[code]) if as_number else math.nan
        value = texts.values[code] if math.isnan(number) else number
        index[code] = places.setdefault(value, len(places))
    return list(places), index[codes]


def _by_number(source: Source, key: Key, rows: Rows) -> tuple[list[Value], NDArray[np.int64]]:
    numbers = source.numbers(key)
    values, present = numbers.values[rows], numbers.present[rows]
    distinct, member = np.unique(values[present], return_inverse=True)
    index = np.full(len(rows), len(distinct), np.int64)
    index[present] = member
    return [*distinct.tolist(), None], index


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
