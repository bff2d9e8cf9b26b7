"""Sorting runs by columns: numbers, then NaN or texts, then missing; newest first among equals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tuiflow.filters.tree import Key, Kind, OrderKey
from tuiflow.store.columns.sorting import Codes, joined, number_codes, placed
from tuiflow.store.vectors.source import Mask, Rows, Source, has_column, is_number


def in_order(source: Source, rows: Rows, keys: Sequence[OrderKey]) -> Rows:
    """Rows, given in any order, sorted by the keys."""
    found = Codes(np.zeros(len(rows), np.uint64), 0)
    for key in keys if len(rows) > 1 else []:
        found = joined(found, _codes(source, key, rows))
    newest, place = source.places(rows)
    places = placed(found, place, source.view.size.bit_length())
    return np.asarray(newest[places.view(np.int64)], np.int64)


def _codes(source: Source, order: OrderKey, rows: Rows) -> Codes:
    """One sort key of these rows."""
    key = order.key
    if not has_column(key):
        top = source.view.size
        places = source.sql_ranks(key.name)[rows].astype(np.uint64)
        return Codes(np.uint64(top) - places if order.descending else places, top.bit_length())
    if key.kind is Kind.ATTRIBUTE and not is_number(key):
        assert isinstance(key, Key)
        present = source.present(key)[rows]
        codes = np.zeros(len(rows), np.uint64)
        top = _add_texts(source, order, rows, present, codes, 0)
        codes[~present] = top
        return Codes(codes, top.bit_length())
    numbers = source.numbers(key)
    present = numbers.present[rows]
    values = numbers.values[rows]
    if not present.all():
        values[~present] = np.nan
    is_nan = np.isnan(values)
    codes, top = number_codes(values, is_nan, order.descending)
    if is_nan.any():
        others = present & is_nan  # NaN or texts
        if key.kind is Kind.METRIC or not others.any():
            codes[others] = top + 1
            top += 1
        else:
            top = _add_texts(source, order, rows, others, codes, top + 1)
        codes[~present] = top + 1
        top += 1
    return Codes(codes, top.bit_length())


def _add_texts(
    source: Source,
    order: OrderKey,
    rows: Rows,
    having: Mask,
    codes: NDArray[np.uint64],
    start: int,
) -> int:
    """Set the codes of the rows that have a text, from `start` up; return the next one."""
    assert isinstance(order.key, Key)
    ranks = source.text_ranks(order.key, rows[having])
    top = int(ranks.max(initial=0))
    upwards = top - ranks if order.descending else ranks
    codes[having] = upwards.astype(np.uint64) + np.uint64(start)  # which may be beyond int64
    return start + top + 1
