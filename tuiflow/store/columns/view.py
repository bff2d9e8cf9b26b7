"""One state of the store, as columns over all runs."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tuiflow.entities import TAG_PARENT
from tuiflow.filters.tree import Key, Kind, Measure
from tuiflow.store.columns.column import DELETED, EXPERIMENT, START, find
from tuiflow.store.columns.segments import list_bytes
from tuiflow.store.predicates import Builder

if TYPE_CHECKING:
    from tuiflow.store.columns.arrays import Bools, Codes, Floats, Ints
    from tuiflow.store.columns.cache import Cache

PARENT = Key(Kind.TAG, TAG_PARENT)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers, by row key.

    `values` is NaN where a metric is NaN, where a param or tag doesn't read as a number, and where
    there is none; `present` tells whether there is one.
    """

    values: Floats
    present: Bools


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of texts, by row key: `codes` are indexes into `values`, -1 where there is none.

    `values` are distinct, in no order, and there may be some that no run has any more; `numbers`
    are what each reads as, NaN where it doesn't.
    """

    codes: Codes
    values: list[str]
    numbers: Floats


class View:
    """What `Columns.view` gives: valid inside its block, in the thread that asked.

    Arrays have `size` entries, the index is the row key, and callers don't write to them. Entries
    of row keys that are no run's are not `exists`, and missing in all columns.
    """

    def __init__(self, conn: sqlite3.Connection, root: Path, now: int, cache: Cache) -> None:
        self.conn = conn
        self.root = root
        self.now = now
        self._cache = cache

    @property
    def size(self) -> int:
        """The highest row key and one."""
        return self._cache.size

    @property
    def exists(self) -> Bools:
        return self._cache.numbers(self.conn, START).present[: self.size]

    @property
    def deleted(self) -> Bools:
        return self._cache.numbers(self.conn, DELETED).present[: self.size]

    @property
    def experiment(self) -> Ints:
        """Of each run, the experiment's id; 0 where there is no run, too."""
        return self._cache.numbers(self.conn, EXPERIMENT).values[: self.size]

    @property
    def newest(self) -> Codes:
        """Row keys of all runs, deleted ones too: by start time, the last first, then by id."""
        start = self._cache.numbers(self.conn, START)
        return self._cache.newest.order(self.conn, start, self._cache.marked, self.size)

    @property
    def has_newest(self) -> bool:
        """Is `newest` there already, but for what has changed since?"""
        return self._cache.newest.is_there

    def numbers(self, key: Key | Measure) -> Numbers:
        """A metric, one of its measures, a param or tag as a number, start_time or end_time.

        Raises KeyError for what is not in columns.
        """
        column = find(self.conn, key)
        if column is None:
            return Numbers(np.full(self.size, np.nan), np.zeros(self.size, dtype=np.bool_))
        held = self._cache.numbers(self.conn, column)
        return Numbers(held.values[: self.size], held.present[: self.size])

    def texts(self, key: Key) -> Texts:
        """A param, a tag, run_name, user_id, status (as stored), experiment (its name), parent.

        Raises KeyError for what is not in columns.
        """
        if key.kind is Kind.ATTRIBUTE and key.name == "experiment":
            return self._experiments()
        if key.kind is Kind.ATTRIBUTE and key.name == "parent":
            key = PARENT
        column = find(self.conn, key)
        if column is None:
            nothing = np.full(self.size, -1, dtype=np.int32)
            return Texts(nothing, [], np.empty(0))
        held = self._cache.texts(self.conn, column)
        return Texts(held.codes[: self.size], held.values, held.numbers)

    def text_bytes(self, key: Key) -> int:
        """How long the texts are that `texts` would have to read, where it isn't there already."""
        column = find(self.conn, key)
        if column is None or self._cache.has_texts(column):
            return 0
        return list_bytes(self.conn, column)

    def _experiments(self) -> Texts:
        found = self.conn.execute("SELECT id, name FROM experiments ORDER BY id").fetchall()
        ids = np.array([row[0] for row in found], dtype=np.int64)
        codes = np.searchsorted(ids, self.experiment).astype(np.int32)
        codes[~self.exists] = -1
        return Texts(codes, [row[1] for row in found], np.full(len(found), np.nan))

    def containing(self, needle: str) -> Bools:
        """Which runs have the text, ignoring case, in their name, a param or a tag."""
        builder = Builder(self.conn, self.root, self.now)
        return self._cache.free_text.search(self._cache, builder, needle)
