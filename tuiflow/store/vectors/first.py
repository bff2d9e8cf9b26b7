"""The first runs in order, found without sorting the others.

A sort key puts runs into tiers: numbers, then NaN or texts, then missing. Of numbers, a sample
tells about where the last one wanted lies; what is beyond takes no part. Equal ones, however many,
are left to the next key, and in the end to their place among all runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuiflow.filters.tree import Key, Kind, OrderKey
from tuiflow.store.vectors.order import in_order
from tuiflow.store.vectors.source import LOOKED_UP, Mask, Rows, Source, has_column, is_number

_SAMPLE = 1 << 14
_FEW = 1 << 15
"""So many runs are sorted at once, where the order of all is known."""
_ONE_BY_ONE = 3
"""Texts, few of which usually fill a page."""


def first(source: Source, found: Mask, keys: list[OrderKey], count: int) -> Rows:
    """The first `count` runs of a mask, in order."""
    if not count:
        return np.empty(0, np.int64)
    there = int(np.count_nonzero(found))
    if there <= max(count, _FEW if source.view.has_newest else LOOKED_UP):
        return in_order(source, np.flatnonzero(found), keys)[:count]
    if not keys:
        return _newest(source, found, count)
    parts: list[Rows] = []
    for tier, by in _tiers(source, keys[0], found):
        size = int(np.count_nonzero(tier))
        if size <= count:
            parts.append(in_order(source, np.flatnonzero(tier), keys))
        elif by is None:
            parts.append(first(source, tier, keys[1:], count))
        else:
            parts.append(_least(source, tier, by, keys, count))
        count -= len(parts[-1])
        if not count:
            break
    return np.concatenate(parts)


def _newest(source: Source, found: Mask, count: int) -> Rows:
    newest = source.view.newest
    parts: list[Rows] = []
    start, length = 0, 4 * count
    while count and start < len(newest):
        part = newest[start : start + length]
        part = part[found[part]][:count]
        parts.append(part.astype(np.int64))
        count -= len(part)
        start, length = start + length, 2 * length
    return np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class _Sorting:
    """Numbers by row key, to be sorted up or down."""

    values: NDArray[np.float64] | NDArray[np.int64]
    descending: bool

    def upwards(self, rows: Rows | slice) -> NDArray[Any]:
        """Those of some rows, so that the first is the least."""
        values = self.values[rows]
        return -values if self.descending else values

    def up_to(self, last: float) -> Mask:
        """Which rows are not behind one that is `last`, upwards."""
        mask = self.values >= -last if self.descending else self.values <= last
        return np.asarray(mask, np.bool_)


def _tiers(source: Source, order: OrderKey, found: Mask) -> Iterator[tuple[Mask, _Sorting | None]]:
    """Masks of runs that come one after the other by a key, and what to sort each by; None where
    all are equal."""
    key = order.key
    if not has_column(key):
        yield found, _Sorting(source.sql_ranks(key.name), order.descending)
        return
    present = found
    if is_number(key) or key.kind in (Kind.PARAM, Kind.TAG):
        numbers = source.numbers(key)
        is_number_there = found & ~np.isnan(numbers.values)
        yield is_number_there, _Sorting(numbers.values, order.descending)
        present = found & numbers.present
        others = present & ~is_number_there
        if key.kind is Kind.METRIC or not others.any():
            yield others, None
        else:
            yield from _texts(source, order, others)
    else:
        present = found & source.present(key)
        yield from _texts(source, order, present)
    yield found & ~present, None


def _texts(source: Source, order: OrderKey, found: Mask) -> Iterator[tuple[Mask, _Sorting | None]]:
    """A tier for each of the first texts, and one for all others."""
    key = order.key
    assert isinstance(key, Key)
    if not source.has_many_texts(key):
        texts = source.texts(key)
        by_text = source.memory.text_order(texts.values)
        for code in (by_text[::-1] if order.descending else by_text)[:_ONE_BY_ONE]:
            tier = texts.codes == code
            yield found & tier, None
            found = found & ~tier
    ranks = np.zeros(source.view.size, np.int64)
    rows = np.flatnonzero(found)
    if len(rows):
        ranks[rows] = source.text_ranks(key, rows)
    yield found, _Sorting(ranks, order.descending)


def _least(source: Source, found: Mask, by: _Sorting, keys: list[OrderKey], count: int) -> Rows:
    """The first `count` runs, which are not all, by values that are numbers."""
    rows = np.flatnonzero(found & by.up_to(_bound(found, by, count)))
    if len(rows) < count:  # the sample was a bad one
        rows = np.flatnonzero(found)
    values = by.upwards(rows)
    last = np.partition(values, count - 1)[count - 1]
    before = in_order(source, rows[values < last], keys)
    level = rows[values == last]
    if len(level) <= _FEW:
        return np.concatenate([before, in_order(source, level, keys)])[:count]
    within = np.zeros(len(found), np.bool_)
    within[level] = True
    return np.concatenate([before, first(source, within, keys[1:], count - len(before))])


def _bound(found: Mask, by: _Sorting, count: int) -> float:
    """A number below which there are, most likely, at least `count`, and not many more."""
    step = max(len(found) // _SAMPLE, 1)
    sample = by.upwards(slice(None, None, step))[found[::step]]
    if not len(sample):
        return float("inf")
    share = count / np.count_nonzero(found)
    place = int(share * len(sample) * 1.5) + 8
    return float(np.partition(sample, place)[place]) if place < len(sample) else float("inf")
