"""Columns in memory, with room for runs to come."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tuiflow.store.columns import column as columns
from tuiflow.store.columns import rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tuiflow.store.columns.arrays import Bools, Codes, Floats, Ints
    from tuiflow.store.columns.column import Column

_TEXT_BYTES = 120
"""About what a short text, its place in a list and in a dictionary take."""


class Held(Protocol):
    """A column in memory."""

    @property
    def nbytes(self) -> int: ...

    def grow(self, capacity: int) -> None:
        """Make room for row keys below `capacity`."""

    def read(self, conn: sqlite3.Connection, runs: Ints, size: int) -> Callable[[], None]:
        """Read what these runs have now; the function returned, which can't fail, takes it in."""


class HeldNumbers:
    """A column of numbers: int64 for experiments, bool for deletions, otherwise float64."""

    def __init__(self, column: Column, capacity: int) -> None:
        self.column = column
        kind: Any = {columns.EXPERIMENT: np.int64, columns.DELETED: np.bool_}.get(
            column, np.float64
        )
        self._missing = math.nan if kind is np.float64 else 0
        self.values: NDArray[Any] = np.full(capacity, self._missing, dtype=kind)
        self.present: Bools = np.zeros(capacity, dtype=np.bool_)

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + self.present.nbytes

    def grow(self, capacity: int) -> None:
        self.values = _grown(self.values, capacity, self._missing)
        self.present = _grown(self.present, capacity, 0)

    def read(self, conn: sqlite3.Connection, runs: Ints, size: int) -> Callable[[], None]:
        found, read = rows.numbers(conn, self.column, runs, size)
        values = np.array(read, dtype=self.values.dtype)

        def take_in() -> None:
            gone = runs[runs < len(self.values)]
            self.values[gone] = self._missing
            self.present[gone] = False
            self.values[found] = values
            self.present[found] = True

        return take_in


class HeldTexts:
    """A column of texts."""

    def __init__(self, column: Column, capacity: int) -> None:
        self.column = column
        self.codes: Codes = np.full(capacity, -1, dtype=np.int32)
        self.values: list[str] = []
        self._numbers: list[float] = []
        self._code: dict[str, int] = {}

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes + len(self.values) * _TEXT_BYTES + sum(map(len, self.values))

    @property
    def numbers(self) -> Floats:
        return np.array(self._numbers, dtype=np.float64)

    def grow(self, capacity: int) -> None:
        self.codes = _grown(self.codes, capacity, -1)

    def read(self, conn: sqlite3.Connection, runs: Ints, size: int) -> Callable[[], None]:
        found, texts, numbers = rows.texts(conn, self.column, runs, size)

        def take_in() -> None:
            self.codes[runs[runs < len(self.codes)]] = -1
            self.codes[found] = self._encode(texts, numbers)

        return take_in

    def _encode(self, texts: Sequence[str], numbers: Sequence[float | None]) -> list[int]:
        codes = []
        for text, number in zip(texts, numbers, strict=True):
            code = self._code.setdefault(text, len(self.values))
            if code == len(self.values):
                self.values.append(text)
                self._numbers.append(math.nan if number is None else number)
            codes.append(code)
        return codes


def _grown(array: NDArray[Any], capacity: int, missing: float) -> NDArray[Any]:
    grown = np.full(capacity, missing, dtype=array.dtype)
    grown[: len(array)] = array
    return grown
