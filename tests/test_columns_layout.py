"""Segments are read as they were written."""

from __future__ import annotations

from typing import Any

import numpy as np
from column_worlds import texts
from hypothesis import given
from hypothesis import strategies as st

from tuiflow.store.columns.column import BLOCK
from tuiflow.store.columns.layout import (
    decode_codes,
    decode_list,
    decode_numbers,
    encode_flags,
    encode_numbers,
    encode_texts,
)

slots_of = st.sets(st.integers(0, BLOCK - 1), min_size=1, max_size=50) | st.builds(
    lambda first, count: set(range(first, min(first + count, BLOCK))),
    st.integers(0, BLOCK - 1),
    st.integers(1, BLOCK),
)


@given(slots=slots_of, holes=st.sets(st.integers(0, BLOCK - 1), max_size=3))
def test_numbers_are_read_as_they_were_written(slots: set[int], holes: set[int]) -> None:
    where = np.array(sorted(slots - holes or slots), dtype=np.int64)
    values = where / 7
    values[::3] = np.nan
    read = np.full(BLOCK, -1.0)
    segment = decode_numbers(encode_numbers(where, values), np.float64)
    read[segment.where] = segment.values
    wanted = np.full(BLOCK, -1.0)
    wanted[where] = values
    assert np.array_equal(read, wanted, equal_nan=True)
    flags = np.zeros(BLOCK, dtype=np.bool_)
    there = decode_numbers(encode_flags(where), np.bool_)
    flags[there.where] = there.values
    assert np.flatnonzero(flags).tolist() == where.tolist()


@given(slots=slots_of, data=st.data(), kinds=st.integers(1, 5000))
def test_texts_are_read_as_they_were_written(slots: set[int], data: Any, kinds: int) -> None:
    where = np.array(sorted(slots), dtype=np.int64)
    odd = data.draw(st.lists(texts, min_size=1, max_size=4))
    pool = [*odd, *(str(number) for number in range(kinds))]
    chosen = [pool[slot % len(pool)] for slot in where.tolist()]
    reads = {text: float(text) if text.isdigit() else None for text in chosen}
    segment, listed = encode_texts(where, chosen, [reads[text] for text in chosen])
    (place, codes), numbers = decode_codes(segment)
    distinct = decode_list(listed, len(numbers))
    assert len(set(distinct)) == len(distinct)
    array = np.full(BLOCK, None, dtype=object)
    array[place] = [distinct[code] for code in codes.tolist()]
    assert array[where].tolist() == chosen
    assert sum(text is not None for text in array.tolist()) == len(where)
    for text, number in zip(distinct, numbers.tolist(), strict=True):
        assert (number if number == number else None) == reads[text]
