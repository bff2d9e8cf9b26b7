"""What the columns hold, and what follows from them: the status as shown, durations, ranks."""

from __future__ import annotations

import functools
import json
import re
from array import array
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tuiflow.entities import RunStatus
from tuiflow.filters.tree import Compare, Condition, IsNull, Key, Kind, Measure, Op
from tuiflow.store.columns import Numbers, Texts
from tuiflow.store.predicates import MISSABLE, TABLES, Builder
from tuiflow.store.vectors import texts
from tuiflow.store.vectors.texts import Encoded

if TYPE_CHECKING:
    from tuiflow.store.columns import View

Mask: TypeAlias = NDArray[np.bool_]
"""True for the row keys of the runs that are meant; as long as the columns."""
Rows: TypeAlias = NDArray[np.int64]
"""Row keys."""

STATUS = Key(Kind.ATTRIBUTE, "status")
DURATION = Key(Kind.ATTRIBUTE, "duration")
_START = Key(Kind.ATTRIBUTE, "start_time")
_END = Key(Kind.ATTRIBUTE, "end_time")
_NUMBERS = (_START, _END, DURATION)
_SQL_ONLY = ("run_id", "artifact_uri")
_MANY_TEXTS = 8 << 20
"""Bytes of texts that take longer to read than a scan of an index does."""
_WILDCARDS = re.compile("[%_]")
_TELLING = 3
"""Letters that few texts have."""
_FEW = 20
"""One run in so many is looked up one by one."""
LOOKED_UP = 4096
"""So many runs are put in order, newest first, without all others."""


def is_number(key: Key | Measure) -> bool:
    """Are all values of this key numbers?"""
    return key.kind is Kind.METRIC or key in _NUMBERS


def has_column(key: Key | Measure) -> bool:
    """False for what only SQL knows: data sets, run ids, artifact folders."""
    if key.kind is Kind.ATTRIBUTE:
        return key.name not in _SQL_ONLY
    return key.kind is not Kind.DATASET


class Memory:
    """What one question works out and the next can use; of one store."""

    def __init__(self) -> None:
        self._newest: NDArray[Any] | None = None
        self._rank: NDArray[np.int32] = np.empty(0, np.int32)
        self.found: tuple[tuple[object, ...], array[int]] | None = None
        """All runs that a query has found, in order, and what they depend on."""
        self._texts: list[str] = []
        self._by_text: list[int] = []

    def rank(self, newest: NDArray[Any], size: int) -> NDArray[np.int32]:
        """The place of each row key in `newest`, an array that is another one when it changes."""
        if newest is not self._newest or size != len(self._rank):
            self._rank = np.zeros(size, np.int32)
            self._rank[newest] = np.arange(len(newest), dtype=np.int32)
            self._newest = newest
        return self._rank

    def text_order(self, texts: list[str]) -> NDArray[np.int64]:
        """Indexes of distinct texts, sorted: of a list that only ever grows."""
        if texts is not self._texts or len(texts) < len(self._by_text):
            self._texts, self._by_text = texts, []
        if len(texts) != len(self._by_text):
            self._by_text.extend(range(len(self._by_text), len(texts)))
            self._by_text.sort(key=texts.__getitem__)
        return np.array(self._by_text, np.int64)


class Source:
    """The columns of one view, for one question."""

    def __init__(self, view: View, memory: Memory | None = None) -> None:
        self.view = view
        self.memory = memory or Memory()

    def builder(self) -> Builder:
        """Builds SQL over the same state of the store."""
        return Builder(self.view.conn, self.view.root, self.view.now)

    def numbers(self, key: Key | Measure) -> Numbers:
        """A column as numbers: NaN where a metric is NaN or a text doesn't read as a number."""
        return self._durations if key == DURATION else self.view.numbers(key)

    def texts(self, key: Key) -> Texts:
        return self._statuses if key == STATUS else self.view.texts(key)

    def present(self, key: Key | Measure) -> Mask:
        """Which runs have the key."""
        if key.kind is Kind.ATTRIBUTE and not is_number(key):
            if key.name not in MISSABLE:
                return self.view.exists
            assert isinstance(key, Key)
            return np.asarray(self.texts(key).codes >= 0)
        return self.numbers(key).present

    def has_many_texts(self, key: Key) -> bool:
        """Are the texts of a key so many that an index tells more quickly than a column?"""
        if key.kind is Kind.ATTRIBUTE and key.name != "run_name":
            return False
        return self.view.text_bytes(key) > _MANY_TEXTS

    def select(self, node: Condition) -> Mask:
        """A condition that columns can't answer, or not as quickly, asked of the tables."""
        builder = self.builder()
        few = self._having_the_text(node)
        if few is not None:
            sql = (
                "SELECT r.id FROM (SELECT value AS wanted FROM json_each("
                f"{builder.bind(json.dumps(few.tolist()))})) CROSS JOIN runs r ON r.id = wanted"
                f" WHERE {builder.condition(node)}"
            )
        elif node.key.kind in TABLES and not isinstance(node, IsNull):
            sql = builder.holders(node)
        else:
            sql = f"SELECT r.id FROM runs r WHERE {builder.condition(node)}"
        found = np.zeros(self.view.size, np.bool_)
        for rows in texts.rows_of(self.view.conn, sql, builder.values):
            found[[row for (row,) in rows]] = True
        return found

    def _having_the_text(self, node: Condition) -> Rows | None:
        """Runs that have, somewhere, the longest part of a LIKE; None where that tells little."""
        match node:
            case Compare(Key() as key, Op.LIKE | Op.ILIKE, str() as pattern) if pattern.isascii():
                part = max(_WILDCARDS.split(pattern), key=len)
                if len(part) < _TELLING or (key.kind is Kind.ATTRIBUTE and key.name != "run_name"):
                    return None
                rows = np.flatnonzero(self.view.containing(part))
                return rows if len(rows) * _FEW < self.view.size else None
        return None

    def encoded(self, key: Key, rows: Rows) -> Encoded:
        """The texts of these rows. Of params and tags, those with a number aren't to be asked for:
        they may have none here."""
        if self.has_many_texts(key):
            return texts.encoded(self.builder(), key, self.view.size, rows)
        column = self.texts(key)
        listed = column.values
        codes = column.codes[rows].astype(np.int64)
        return Encoded(
            codes,
            len(listed),
            lambda chosen: [listed[code] for code in chosen.tolist()],
            listed.__getitem__,
        )

    def text_ranks(self, key: Key, rows: Rows) -> NDArray[np.int64]:
        """Of each row a number that sorts as its text does. Rows without one aren't to be asked
        for, nor, of params and tags, rows with a number."""
        if self.has_many_texts(key):
            return self.encoded(key, rows).codes
        column = self.texts(key)
        ranks = np.empty(len(column.values), np.int64)
        ranks[self.memory.text_order(column.values)] = np.arange(len(ranks))
        return ranks[column.codes[rows]]

    def sql_values(self, key: Key, rows: Rows) -> Any:
        """What these rows have of a key with texts, read from the tables: an array of objects, None
        where there is none."""
        return texts.values(self.builder(), key, self.view.size, rows)

    def sql_ranks(self, name: str) -> NDArray[np.int64]:
        """The place of each run by an attribute of which there is no column."""
        builder = self.builder()
        # The order of ids is that of their bytes, which have an index.
        by = "r.uuid" if name == "run_id" else builder.attribute(name)
        rows = self.view.conn.execute(f"SELECT r.id FROM runs r ORDER BY {by}", builder.values)
        ranks = np.zeros(self.view.size, np.int64)
        found = [row for (row,) in rows]
        ranks[found] = np.arange(len(found))
        return ranks

    @property
    def rank(self) -> NDArray[np.int32]:
        """The place of each run among all, newest first."""
        return self.memory.rank(self.view.newest, self.view.size)

    def places(self, rows: Rows) -> tuple[NDArray[Any], NDArray[np.uint64]]:
        """Row keys, newest first, and the index of each of `rows` among them: all row keys, or, of
        few rows, these alone."""
        if len(rows) > LOOKED_UP or self.view.has_newest:
            return self.view.newest, self.rank[rows].astype(np.uint64)
        ids = dict(
            self.view.conn.execute(
                "SELECT r.id, r.uuid FROM json_each(?) s CROSS JOIN runs r ON r.id = s.value",
                (json.dumps(rows.tolist()),),
            )
        )
        times = dict(
            zip(rows.tolist(), self.view.numbers(_START).values[rows].tolist(), strict=True)
        )
        newest = sorted(ids, key=lambda row: (-times[row], ids[row]))
        index = {row: place for place, row in enumerate(newest)}
        return np.array(newest, np.int64), np.array([index[row] for row in times], np.uint64)

    @functools.cached_property
    def _stale(self) -> list[tuple[int, int | None]]:
        """The row keys of runs whose process is gone, and its last heartbeat (epoch ms)."""
        builder = self.builder()
        stale = builder.condition(Compare(STATUS, Op.EQ, RunStatus.STALE.value))
        return self.view.conn.execute(
            "SELECT r.id, (SELECT heartbeat FROM processes WHERE id = r.process) FROM runs r"
            f" WHERE r.status = 'RUNNING' AND {stale}",
            builder.values,
        ).fetchall()

    @functools.cached_property
    def _statuses(self) -> Texts:
        stored = self.view.texts(STATUS)
        if not self._stale:
            return stored
        codes = stored.codes.copy()
        codes[[row for row, _ in self._stale]] = len(stored.values)
        values = [*stored.values, RunStatus.STALE.value]
        return Texts(codes, values, np.full(len(values), np.nan))

    @functools.cached_property
    def _durations(self) -> Numbers:
        start, end = self.view.numbers(_START), self.view.numbers(_END)
        values = np.asarray(end.values - start.values, np.float64)
        open_ended = np.flatnonzero(~end.present)  # running runs, and row keys that are no run's
        values[open_ended] = float(self.view.now) - start.values[open_ended]
        present = start.present
        going_on = [(row, beat) for row, beat in self._stale if not end.present[row]]
        if going_on:
            rows = [row for row, _ in going_on]
            last = np.array([np.nan if beat is None else beat for _, beat in going_on], np.float64)
            values[rows] = last - start.values[rows]
            present = present.copy()
            present[rows] = ~np.isnan(last)
        return Numbers(values, present)
