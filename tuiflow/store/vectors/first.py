"""The first runs in order, found without sorting the others.

A sort key puts runs into tiers: numbers, then NaN or texts, then missing. Of numbers, a sample
tells about where the last one wanted lies; what is beyond takes no part. Equal ones, however many,
are left to the next key, and in the end to their place among all runs.
"""

from __future__ import annotations

from collections.abc import Iterator

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
    for tier, values in _tiers(source, keys[0], found):
        size = int(np.count_nonzero(tier))
        if size <= count:
            parts.append(in_order(source, np.flatnonzero(tier), keys))
        elif values is None:
            parts.append(first(source, tier, keys[1:], count))
        else:
            parts.append(_least(source, tier, values, keys, count))
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


_Values = NDArray[np.float64] | NDArray[np.int64]


def _tiers(source: Source, order: OrderKey, found: Mask) -> Iterator[tuple[Mask, _Values | None]]:
    """Masks of runs that come one after the other by a key, and what to sort each by, upwards;
    None where all are equal."""
    key = order.key
    if not has_column(key):
        yield found, _upwards(source.sql_ranks(key.name), order)
        return
    present = found
    if is_number(key) or key.kind in (Kind.PARAM, Kind.TAG):
        numbers = source.numbers(key)
        is_number_there = found & ~np.isnan(numbers.values)
        yield is_number_there, _upwards(numbers.values, order)
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


def _texts(source: Source, order: OrderKey, found: Mask) -> Iterator[tuple[Mask, _Values | None]]:
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
    yield found, _upwards(ranks, order)


def _upwards(values: _Values, order: OrderKey) -> _Values:
    return -values if order.descending else values


def _least(source: Source, found: Mask, values: _Values, keys: list[OrderKey], count: int) -> Rows:
    """The first `count` runs, which are not all, by values that are numbers."""
    last = _bound(found, values, count)
    within = found & (values <= last)
    there = np.count_nonzero(within)
    if count <= there <= _FEW:
        rows = np.flatnonzero(within)
        inside = values[rows]
        last = np.partition(inside, count - 1)[count - 1]
        return in_order(source, rows[inside <= last], keys)[:count]
    before = found & (values < last)
    if there < count:  # the sample was a bad one
        within = before = found
    if np.count_nonzero(before) >= count:
        inside = values[before]
        last = np.partition(inside, count - 1)[count - 1]
        before &= values < last
        within = found & (values == last)
    else:
        within &= values == last
    rows = in_order(source, np.flatnonzero(before), keys)
    rest = first(source, within, keys[1:], count - len(rows))
    return np.concatenate([rows, rest])


def _bound(found: Mask, values: _Values, count: int) -> float:
    """A number below which there are, most likely, at least `count`, and not many more."""
    step = max(len(values) // _SAMPLE, 1)
    sample = values[::step][found[::step]]
    if not len(sample):
        return float("inf")
    share = count / np.count_nonzero(found)
    place = int(share * len(sample) * 1.5) + 8
    return float(np.partition(sample, place)[place]) if place < len(sample) else float("inf")
