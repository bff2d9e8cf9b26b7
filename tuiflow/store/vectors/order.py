"""Sorting runs by columns: numbers, then NaN or texts, then missing; newest first among equals.

Every sort key becomes whole numbers that sort as it does, as few bits wide as its values need. Two
keys side by side in 64 bits are one key; so are a key and the run's place among all runs, newest
first, and sorting such numbers beats sorting indexes by their values several times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tuiflow.filters.tree import Key, Kind, OrderKey
from tuiflow.store.columns import Texts
from tuiflow.store.vectors.source import Mask, Rows, Source, has_column, is_number

_WORD = 64
_SIGN = np.uint64(1 << 63)


@dataclass(frozen=True, slots=True)
class Codes:
    """Whole numbers below 2**bits that sort as the values they stand for."""

    values: NDArray[np.uint64]
    bits: int


def in_order(source: Source, rows: Rows, keys: Sequence[OrderKey]) -> Rows:
    """Rows, given in any order, sorted by the keys."""
    found = Codes(np.zeros(len(rows), np.uint64), 0)
    for key in keys if len(rows) > 1 else []:
        found = _joined(found, _codes(source, key, rows))
    place = source.rank[rows].astype(np.uint64)
    places = _by(found, place, source.view.size.bit_length())
    return np.asarray(source.view.newest[places.view(np.int64)], np.int64)


def _joined(first: Codes, second: Codes) -> Codes:
    """Codes of two keys, of which the second decides where the first is equal."""
    if first.bits + second.bits > _WORD:
        first = _dense(first)
    if first.bits + second.bits > _WORD:
        second = _dense(second)
    return Codes(first.values << np.uint64(second.bits) | second.values, first.bits + second.bits)


def _dense(codes: Codes) -> Codes:
    """The same order in as few bits as there are different values."""
    count = len(codes.values)
    places = _by(codes, np.arange(count, dtype=np.uint64), max(count.bit_length(), 1))
    indexes = places.view(np.int64)
    sorted_values = codes.values[indexes]
    steps = np.zeros(count, np.uint64)
    steps[1:] = sorted_values[1:] != sorted_values[:-1]
    np.cumsum(steps, out=steps)
    values = np.empty(count, np.uint64)
    values[indexes] = steps
    return Codes(values, int(steps[-1]).bit_length() if count else 0)


def _by(codes: Codes, place: NDArray[np.uint64], bits: int) -> NDArray[np.uint64]:
    """`place` sorted by the codes, then by itself; it holds different numbers below 2**bits."""
    low = np.uint64((1 << bits) - 1)
    spare = _WORD - bits
    if codes.bits <= spare:
        both = codes.values << np.uint64(bits) | place if codes.bits else place.copy()
        both.sort()
        return both & low
    # Sort by the upper bits; where these are equal, by the lower ones.
    dropped = codes.bits - spare
    both = codes.values >> np.uint64(dropped) << np.uint64(bits) | place
    both.sort()
    places = both & low
    upper = both >> np.uint64(bits)
    equal = upper[1:] == upper[:-1]
    if not equal.any():
        return places
    tied = np.zeros(len(places), np.bool_)
    tied[1:] = equal
    tied[:-1] |= equal
    index = np.zeros(1 << bits, np.int32)
    index[place.view(np.int64)] = np.arange(len(place), dtype=np.int32)
    at = np.flatnonzero(tied)
    lower = codes.values[index[places[at].view(np.int64)]] & np.uint64((1 << dropped) - 1)
    upper = upper[at]
    wrong = (upper[1:] == upper[:-1]) & (lower[1:] < lower[:-1])
    if wrong.any():
        places[at] = places[at][np.lexsort((lower, upper))]
    return places


def _codes(source: Source, order: OrderKey, rows: Rows) -> Codes:
    """One sort key of these rows."""
    key = order.key
    if not has_column(key):
        top = source.view.size
        places = source.sql_ranks(key.name)[rows].astype(np.uint64)
        return Codes(np.uint64(top) - places if order.descending else places, top.bit_length())
    if key.kind is Kind.ATTRIBUTE and not is_number(key):
        assert isinstance(key, Key)
        texts = source.texts(key)
        ranks, top = _text_ranks(source, texts, rows, order.descending)
        return Codes(ranks, top.bit_length())
    numbers = source.numbers(key)
    present = numbers.present[rows]
    values = numbers.values[rows]
    if not present.all():
        values[~present] = np.nan
    is_nan = np.isnan(values)
    codes, top = _number_codes(values, is_nan, order.descending)
    if is_nan.any():
        others = present & is_nan  # NaN or texts
        if key.kind is Kind.METRIC or not others.any():
            codes[others] = top + 1
            top += 1
        else:
            assert isinstance(key, Key)
            texts = source.texts(key)
            ranks, most = _text_ranks(source, texts, rows[others], order.descending)
            codes[others] = ranks + np.uint64(top + 1)
            top += 1 + most
        codes[~present] = top + 1
        top += 1
    return Codes(codes, top.bit_length())


def _number_codes(
    values: NDArray[np.float64], is_nan: Mask, descending: bool
) -> tuple[NDArray[np.uint64], int]:
    """Codes of numbers (any value for NaN), and the highest one.

    IEEE 754 numbers sort as whole numbers do once those below zero have all bits turned, the others
    the sign. What all have in common, at either end, is left out.
    """
    signed = (values + 0.0).view(np.int64)  # one zero, instead of two that are equal
    codes = signed.view(np.uint64) ^ ((signed >> np.int64(63)).view(np.uint64) | _SIGN)
    if descending:
        np.invert(codes, out=codes)
    numbers = codes[~is_nan] if is_nan.any() else codes
    if not len(numbers):
        return codes, 0
    least, most = numbers.min(), numbers.max()
    codes -= least
    used = int(np.bitwise_or.reduce(numbers - least))
    shift = (used & -used).bit_length() - 1 if used else 0
    codes >>= np.uint64(shift)
    return codes, int(most - least) >> shift


def _text_ranks(
    source: Source, texts: Texts, rows: Rows, descending: bool
) -> tuple[NDArray[np.uint64], int]:
    """Codes of the texts of rows, missing ones last, and the highest one."""
    top = len(texts.values)
    ranks = np.full(top + 1, top, np.uint64)  # the last is for code -1, which is missing
    by_text = source.memory.text_order(texts.values)
    ranks[by_text[::-1] if descending else by_text] = np.arange(top, dtype=np.uint64)
    return ranks[texts.codes[rows]], top
