"""The columns that are in memory: loaded when asked for, brought up to date, and let go."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tuiflow.store.columns.column import BLOCK, START, Column
from tuiflow.store.columns.free_text import FreeText
from tuiflow.store.columns.held import Held, HeldNumbers, HeldTexts
from tuiflow.store.columns.newest import Newest

if TYPE_CHECKING:
    from tuiflow.store.columns.arrays import Ints

_Form = TypeVar("_Form", HeldNumbers, HeldTexts)

_PATCHED = 8192
_RELOADED = 16
"""Where more runs have changed, or more blocks, columns are loaded anew."""


class Cache:
    """Of one store, as of the last `refresh`. Not safe for threads: `Columns` has a lock."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget = budget_bytes
        self.forget()

    def forget(self) -> None:
        """Let everything go."""
        self.size = 0
        self.second = -1
        """The last second of a mark that has been seen."""
        self.again = 0
        """Runs that are read again by the next refresh, since they are marked in that second."""
        self.newest = Newest()
        self.free_text = FreeText()
        self.marked: Ints = np.empty(0, dtype=np.int64)
        self._capacity = 0
        self.versions: dict[int, int] = {}
        self._held: dict[tuple[Column, type[Held]], Held] = {}
        """What was asked for longest ago is the first."""
        self._used: int | None = None
        """`nbytes`, once they were counted: there may be thousands of columns."""

    @property
    def nbytes(self) -> int:
        return sum(held.nbytes for held in self._held.values())

    def refresh(self, conn: sqlite3.Connection) -> None:
        """Bring what is held to the state that `conn` is in a snapshot of.

        Where reading fails or is interrupted, everything stays as it was.
        """
        last = conn.execute("SELECT max(at) FROM changes").fetchone()[0] or 0
        versions = dict(conn.execute("SELECT id, version FROM blocks"))
        size = (conn.execute("SELECT max(id) FROM runs").fetchone()[0] or 0) + 1
        if last < self.second or any(versions.get(b, 0) < v for b, v in self.versions.items()):
            self.forget()  # another file has come in its place
        sealed = [b for b, version in versions.items() if self.versions.get(b) != version]
        first = self.second < 0
        changed = _runs(conn, "at >= ?", self.second)
        again = len(changed)
        if again > _PATCHED:
            again = conn.execute("SELECT count(*) FROM changes WHERE at = ?", (last,)).fetchone()[0]
        if sealed:
            marked = _runs(conn, "1")
            changed = np.union1d(changed, marked[np.isin(marked // BLOCK, sealed)])
        else:
            marked = changed if first else np.union1d(self.marked, changed)
        self._used = None
        if first or len(changed) > _PATCHED or len(sealed) > _RELOADED:
            self._held.clear()
            self.newest.forget()
            updates = []
        else:
            updates = [held.update(conn, sealed, changed, size) for held in self._held.values()]
        try:
            self.newest.changing(sealed, changed, self._held.get((START, HeldNumbers)))
            if size > self._capacity:
                self._capacity = (size // BLOCK + 2) * BLOCK
            for take_in in updates:
                take_in(self._capacity)
        except BaseException:
            self.forget()
            raise
        self.size, self.marked, self.second, self.versions = size, marked, last, versions
        self.again = again

    def numbers(self, conn: sqlite3.Connection, column: Column) -> HeldNumbers:
        return self._loaded(conn, column, HeldNumbers)

    def has_texts(self, column: Column) -> bool:
        """Is a column of texts there?"""
        return (column, HeldTexts) in self._held

    def texts(self, conn: sqlite3.Connection, column: Column) -> HeldTexts:
        return self._loaded(conn, column, HeldTexts)

    def _loaded(self, conn: sqlite3.Connection, column: Column, form: type[_Form]) -> _Form:
        held = self._held.get((column, form))
        if isinstance(held, form):
            self._held[column, form] = self._held.pop((column, form))
            return held
        held = form(column, self._capacity)
        held.load(conn, self.marked, self.size)
        self._held[column, form] = held
        self._used = self.nbytes if self._used is None else self._used + held.nbytes
        if self._used > self._budget:
            self._let_go()
        return held

    def _let_go(self) -> None:
        """Of what was asked for longest ago, as much as is over the budget."""
        used = self._used or 0
        for key in list(self._held)[:-1]:
            if used <= self._budget:
                break
            if key[0] != START:  # `newest` needs it
                used -= self._held.pop(key).nbytes
        self._used = used


def _runs(conn: sqlite3.Connection, condition: str, *values: int) -> Ints:
    """Row keys of changed runs, ascending."""
    found = conn.execute(
        f"SELECT run FROM changes WHERE {condition} AND run > 0 ORDER BY run", values
    )
    return np.fromiter((row[0] for row in found), dtype=np.int64)
