"""Columns in memory, with room for runs to come."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from tuiflow.store.columns import column as columns
from tuiflow.store.columns import rows, segments
from tuiflow.store.columns.column import BLOCK
from tuiflow.store.columns.layout import decode_codes, decode_list, decode_numbers

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tuiflow.store.columns.arrays import Bools, Codes, Floats, Ints
    from tuiflow.store.columns.column import Column

_TYPES = {columns.EXPERIMENT: "i8", columns.DELETED: "?", columns.UUID: "V16"}
_TEXT_BYTES = 160
"""About what a short text, its place in a list and in a dictionary take."""
_SHORT_LIST = 4096
"""Bytes of a list of texts that is compared with those of other blocks before it is read."""


class HeldNumbers:
    """A column of numbers; of experiments int64, of deletions bool, of ids their 16 bytes."""

    def __init__(self, column: Column, capacity: int) -> None:
        self.column = column
        kind = np.dtype(_TYPES.get(column, "f8"))
        self._missing: Any = math.nan if kind == np.float64 else np.zeros(1, kind)[0]
        self.values: NDArray[Any] = np.empty(capacity, dtype=kind)
        self.present: Bools = np.zeros(capacity, dtype=np.bool_)

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + self.present.nbytes

    def load(self, conn: sqlite3.Connection, runs: Ints, size: int) -> None:
        """Read all segments, and of `runs` their rows."""
        end = 0
        for block, data, own in segments.of_numbers(conn, self.column):
            start = block * BLOCK
            if start >= len(self.values):
                break
            self.values[end:start] = self._missing
            self._put(start, data, own)
            end = start + BLOCK
        self.values[end:] = self._missing
        self._patch(conn, runs, size)()

    def update(
        self, conn: sqlite3.Connection, blocks: Sequence[int], runs: Ints, size: int
    ) -> Callable[[int], None]:
        """Read what these blocks and then these runs have now.

        The function returned takes that in, after making room for row keys below its argument.
        """
        read = {
            block: (data, own)
            for block, data, own in segments.of_numbers(conn, self.column, blocks)
        }
        patch = self._patch(conn, runs, size)

        def take_in(capacity: int) -> None:
            self.values = grown(self.values, capacity, self._missing)
            self.present = grown(self.present, capacity, 0)
            for block in blocks:
                start = block * BLOCK
                self.present[start : start + BLOCK] = False
                if block in read:
                    self._put(start, *read[block])
                else:
                    self.values[start : start + BLOCK] = self._missing
            patch()

        return take_in

    def _put(self, start: int, data: bytes, own: bool) -> None:
        if self.column.is_text:
            (where, codes), numbers = decode_codes(data)
            read = numbers[codes]
        else:
            where, read = decode_numbers(data, self.values.dtype)
            if self.column.part == columns.COUNT and not own:
                read = np.ones(len(read))
        values = self.values[start : start + BLOCK]
        if len(read) < BLOCK:
            values[:] = self._missing
        values[where] = read
        self.present[start : start + BLOCK][where] = True

    def _patch(self, conn: sqlite3.Connection, runs: Ints, size: int) -> Callable[[], None]:
        found, values = rows.numbers(conn, self.column, runs, size, self.values.dtype)

        def patch() -> None:
            changed = runs[runs < len(self.values)]
            self.values[changed] = self._missing
            self.present[changed] = False
            self.values[found] = values
            self.present[found] = True

        return patch


class HeldTexts:
    """A column of texts."""

    def __init__(self, column: Column, capacity: int) -> None:
        self.column = column
        self.codes: Codes = np.full(capacity, -1, dtype=np.int32)
        self.values: list[str] = []
        self._numbers = array("d")
        self._code: dict[str, int] = {}
        self._characters = 0

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes + len(self.values) * _TEXT_BYTES + self._characters

    @property
    def numbers(self) -> Floats:
        return np.array(self._numbers, dtype=np.float64)

    def load(self, conn: sqlite3.Connection, runs: Ints, size: int) -> None:
        """Read all segments, and of `runs` their rows."""
        known: dict[bytes, Codes] = {}
        for block, data, listed in segments.of_texts(conn, self.column):
            if block * BLOCK >= len(self.codes):
                break
            self._put(block * BLOCK, data, listed, known)
        self._patch(conn, runs, size)()

    def update(
        self, conn: sqlite3.Connection, blocks: Sequence[int], runs: Ints, size: int
    ) -> Callable[[int], None]:
        """As of HeldNumbers."""
        read = {
            block: (data, listed)
            for block, data, listed in segments.of_texts(conn, self.column, blocks)
        }
        patch = self._patch(conn, runs, size)

        def take_in(capacity: int) -> None:
            self.codes = grown(self.codes, capacity, -1)
            for block in blocks:
                start = block * BLOCK
                self.codes[start : start + BLOCK] = -1
                if block in read:
                    self._put(start, *read[block], {})
            patch()

        return take_in

    def _put(self, start: int, data: bytes, listed: bytes, known: dict[bytes, Codes]) -> None:
        (where, places), numbers = decode_codes(data)
        codes = known.get(listed)
        if codes is None:
            codes = self._encode(decode_list(listed, len(numbers)), numbers.tolist())
            if len(listed) <= _SHORT_LIST:
                known[listed] = codes
        self.codes[start : start + BLOCK][where] = codes[places]

    def _patch(self, conn: sqlite3.Connection, runs: Ints, size: int) -> Callable[[], None]:
        # A text that is then not taken in is one that no run has.
        read = [
            (found, self._encode(texts, numbers))
            for found, texts, numbers in rows.texts(conn, self.column, runs, size)
        ]

        def patch() -> None:
            self.codes[runs[runs < len(self.codes)]] = -1
            for found, codes in read:
                self.codes[found] = codes

        return patch

    def _encode(self, texts: list[str], numbers: list[float]) -> Codes:
        code = self._code
        codes = list(map(code.get, texts))
        if None in codes:
            for text, number, known in zip(texts, numbers, codes, strict=True):
                if known is None and text not in code:
                    code[text] = len(self.values)
                    self.values.append(text)
                    self._numbers.append(number)
                    self._characters += len(text)
            codes = [code[text] for text in texts]
        return np.array(codes, dtype=np.int32)


Held = HeldNumbers | HeldTexts


def grown(values: NDArray[Any], capacity: int, missing: float) -> NDArray[Any]:
    """The array, longer where `capacity` asks for it."""
    if capacity <= len(values):
        return values
    more = np.full(capacity, missing, dtype=values.dtype)
    more[: len(values)] = values
    return more
