"""Sorting by several keys at once, as whole numbers.

A key becomes whole numbers that sort as its values do, as few bits wide as these need. Two keys
side by side in 64 bits are one key; so are a key and the place of what is sorted. Sorting such
numbers costs a fraction of sorting indexes by values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tuiflow.store.columns.arrays import Bools, Floats

_WORD = 64
_SIGN = np.uint64(1 << 63)


@dataclass(frozen=True, slots=True)
class Codes:
    """Whole numbers below 2**bits that sort as the values they stand for."""

    values: NDArray[np.uint64]
    bits: int


def joined(first: Codes, second: Codes) -> Codes:
    """Codes of two keys, of which the second decides where the first is equal."""
    if first.bits + second.bits > _WORD:
        first = _dense(first)
    if first.bits + second.bits > _WORD:
        second = _dense(second)
    return Codes(first.values << np.uint64(second.bits) | second.values, first.bits + second.bits)


def _dense(codes: Codes) -> Codes:
    """The same order in as few bits as there are different values."""
    count = len(codes.values)
    places = placed(codes, np.arange(count, dtype=np.uint64), max(count.bit_length(), 1))
    indexes = places.view(np.int64)
    sorted_values = codes.values[indexes]
    steps = np.zeros(count, np.uint64)
    steps[1:] = sorted_values[1:] != sorted_values[:-1]
    np.cumsum(steps, out=steps)
    values = np.empty(count, np.uint64)
    values[indexes] = steps
    return Codes(values, int(steps[-1]).bit_length() if count else 0)


def placed(codes: Codes, place: NDArray[np.uint64], bits: int) -> NDArray[np.uint64]:
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


def number_codes(values: Floats, is_nan: Bools, descending: bool) -> tuple[NDArray[np.uint64], int]:
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
