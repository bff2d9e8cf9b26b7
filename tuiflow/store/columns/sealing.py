"""Write a block's columns as segments.

A sealing begins with a fence: a mark on no run, committed. Every write that has marked its runs in
a second before the fence's is in a snapshot taken after it, and every later write marks its runs in
the fence's second or a later one. So once the segments made from such a snapshot are in the store,
the block's older marks have done their work. Two that seal one block find out by its version.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from tuiflow.store.changes import mark, second
from tuiflow.store.columns import column as columns
from tuiflow.store.columns.column import BLOCK, Column
from tuiflow.store.columns.layout import encode_flags, encode_numbers, encode_texts
from tuiflow.store.connection import Database
from tuiflow.store.failures import BUSY_SECONDS
from tuiflow.store.schema import METRIC, PARAM, TAG
from tuiflow.store.snapshots import snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tuiflow.store.columns.arrays import Floats, Ints

_NO_RUN = 0
"""A row key that no run has: the mark that stays."""


@dataclass(slots=True)
class Sealing:
    """A block's columns as they are to be written, by the ids of their segments."""

    number: int
    version: int
    segments: dict[int, bytes] = field(default_factory=dict)
    texts: dict[int, bytes] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)


def fence(conn: sqlite3.Connection) -> int:
    """Inside a write: the second that no later mark comes before."""
    at = second(conn)
    mark(conn, (_NO_RUN,))
    return at


def due(conn: sqlite3.Connection) -> list[int]:
    """The blocks of which runs are marked."""
    # A step for each block, however many runs of it are marked.
    found = conn.execute(
        "WITH RECURSIVE b (block) AS (SELECT min(run) / ?1 FROM changes WHERE run > 0 UNION ALL"
        " SELECT (SELECT min(run) / ?1 FROM changes WHERE run >= (b.block + 1) * ?1)"
        " FROM b WHERE b.block IS NOT NULL) SELECT block FROM b WHERE block IS NOT NULL",
        (BLOCK,),
    )
    return [row[0] for row in found]


def most_changed(conn: sqlite3.Connection, before: int, few: int) -> list[int]:
    """Blocks by how many of their runs are marked in a second before this one, the most first.

    Those with no more than `few` are left out, if any has more.
    """
    found = conn.execute(
        "SELECT run / ?, count(*) AS n FROM changes WHERE at < ? AND run > 0 GROUP BY 1"
        " ORDER BY n DESC",
        (BLOCK, before),
    ).fetchall()
    return [block for block, n in found if n > few] or [block for block, _ in found]


def has_marks(conn: sqlite3.Connection, since: int, limit: int) -> bool:
    """Are there more than `limit` marks of this second and later ones?"""
    sql = "SELECT 1 FROM changes WHERE at >= ? LIMIT 1 OFFSET ?"
    return conn.execute(sql, (since, limit)).fetchone() is not None


def raise_fence(db: Database, patience: float) -> None:
    """Let readers, from now on, leave out the marks that there are. Raises StoreError."""
    with db.write(patience=patience) as conn:
        fence(conn)


def seal(db: Database, block: int, patience: float = BUSY_SECONDS) -> bool:
    """Seal one block; False where another was quicker. Raises StoreError where, for so many
    seconds, others write."""
    with db.write(patience=patience) as conn:
        fenced = fence(conn)
    with db.read() as conn:
        made = read(conn, block)
    with db.write(patience=patience) as conn:
        return replace(conn, made, fenced)


def replace(conn: sqlite3.Connection, made: Sealing, fenced: int) -> bool:
    """Inside a write: put the columns in place; False where the block has been sealed since they
    were read. `fenced` is the second of a fence before that."""
    if _version(conn, made.number) != made.version:
        return False
    conn.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?)", (made.number, made.version + 1))
    gone = json.dumps(made.gone)
    for table, new in (("segments", made.segments), ("segment_texts", made.texts)):
        conn.execute(f"DELETE FROM {table} WHERE id IN (SELECT value FROM json_each(?))", (gone,))
        conn.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", new.items())
    conn.execute(
        "DELETE FROM changes WHERE run BETWEEN ? AND ? AND at < ? AND run != ?",
        (made.number * BLOCK, made.number * BLOCK + BLOCK - 1, fenced, _NO_RUN),
    )
    return True


def _version(conn: sqlite3.Connection, block: int) -> int:
    row = conn.execute("SELECT version FROM blocks WHERE id = ?", (block,)).fetchone()
    return 0 if row is None else int(row[0])


def read(conn: sqlite3.Connection, block: int) -> Sealing:
    """The block in a snapshot of its own, taken after a fence: what differs from its segments."""
    with snapshot(conn):
        made = Sealing(block, _version(conn, block))
        for column, segment in _own(conn, block):
            _add(made, column, segment)
        for column, segment in _metrics(conn, block):
            _add(made, column, segment)
        for kind, table in ((PARAM, "params"), (TAG, "tags")):
            for column, segment in _texts(conn, block, kind, table):
                _add(made, column, segment)
        if made.version:
            _leave_out_same(conn, made)
        return made


def _add(made: Sealing, column: Column, segment: bytes | tuple[bytes, bytes]) -> None:
    row = column.first_segment + made.number
    if isinstance(segment, tuple):
        made.segments[row], made.texts[row] = segment
    else:
        made.segments[row] = segment


def _leave_out_same(conn: sqlite3.Connection, made: Sealing) -> None:
    listed = json.dumps([column.first_segment + made.number for column in columns.all_of(conn)])
    there = set(made.segments)
    for table, new in (("segments", made.segments), ("segment_texts", made.texts)):
        for row, data in conn.execute(
            f"SELECT id, data FROM {table} WHERE id IN (SELECT value FROM json_each(?))", (listed,)
        ):
            if row not in there:
                made.gone.append(row)
            elif new.get(row) == data:
                del new[row]


def _own(conn: sqlite3.Connection, block: int) -> Iterator[tuple[Column, Any]]:
    found = conn.execute(
        "SELECT id, uuid, experiment, deleted_at, name, user_id, status, start_time, end_time"
        " FROM runs WHERE id BETWEEN ? AND ? ORDER BY id",
        (block * BLOCK, block * BLOCK + BLOCK - 1),
    ).fetchall()
    if not found:
        return
    runs, uuids, experiments, deletions, names, users, statuses, starts, ends = zip(
        *found, strict=True
    )
    slots = np.array(runs, dtype=np.int64) - block * BLOCK
    yield columns.UUID, encode_numbers(slots, np.frombuffer(b"".join(uuids), dtype="V16"))
    yield columns.EXPERIMENT, encode_numbers(slots, np.array(experiments, dtype="<i8"))
    deleted = np.array([when is not None for when in deletions], dtype=np.bool_)
    if deleted.any():
        yield columns.DELETED, encode_flags(slots[deleted])
    for column, texts in ((columns.NAME, names), (columns.USER, users), (columns.STATUS, statuses)):
        yield column, encode_texts(slots, texts, (None,) * len(texts))
    yield columns.START, encode_numbers(slots, np.array(starts, dtype="<f8"))
    ended = np.array([when is not None for when in ends], dtype=np.bool_)
    if ended.any():
        yield columns.END, encode_numbers(slots[ended], np.array(ends, dtype="<f8")[ended])


def _metrics(conn: sqlite3.Connection, block: int) -> Iterator[tuple[Column, bytes]]:
    places, values = _rows(conn, block, "value", "latest", 1)
    last_values = np.array(values, dtype="<f8")
    histories = {key: (slots, parts) for key, slots, parts in _histories(conn, block)}
    for key, slots, picked in _by_key(places):
        last = last_values[picked]
        yield Column(METRIC, key), encode_numbers(slots, last)
        if key in histories:
            several, parts = histories[key]
            inside = np.searchsorted(slots, several)
            for part, part_values in parts.items():
                whole = np.ones(len(last)) if part == columns.COUNT else last.copy()
                whole[inside] = part_values
                yield Column(METRIC, key, part), encode_numbers(slots, whole)


def _histories(
    conn: sqlite3.Connection, block: int
) -> Iterator[tuple[int, Ints, dict[int, Floats]]]:
    """Of each metric that a run has several points of, those runs' slots and parts."""
    places, *read = _rows(conn, block, "min, max, first, count", "latest", 4, " AND count > 1")
    order = (columns.MIN, columns.MAX, columns.FIRST, columns.COUNT)
    parts = {part: np.array(of, dtype="<f8") for part, of in zip(order, read, strict=True)}
    for key, slots, picked in _by_key(places):
        yield key, slots, {part: values[picked] for part, values in parts.items()}


def _texts(
    conn: sqlite3.Connection, block: int, kind: int, table: str
) -> Iterator[tuple[Column, tuple[bytes, bytes]]]:
    places, texts, numbers = _rows(conn, block, "text, number", table, 2)
    for key, slots, picked in _by_key(places):
        chosen = picked.tolist()
        yield (
            Column(kind, key),
            encode_texts(slots, [texts[n] for n in chosen], [numbers[n] for n in chosen]),
        )


def _rows(
    conn: sqlite3.Connection, block: int, what: str, table: str, count: int, and_: str = ""
) -> list[list[Any]]:
    """Of a table's rows by run: key * BLOCK + slot, and each of the `count` columns of `what`."""
    # One number for run and key: most of the cost is in the values that a row has.
    first = block * BLOCK
    found = conn.execute(
        f"SELECT key * {BLOCK} + run - ?1, {what} FROM {table}"
        f" WHERE run BETWEEN ?1 AND ?1 + {BLOCK - 1}{and_} ORDER BY run, key",
        (first,),
    )
    values = list(chain.from_iterable(found))
    return [values[n :: count + 1] for n in range(count + 1)]


def _by_key(places: list[int]) -> Iterator[tuple[int, Ints, Ints]]:
    """Each key, its runs' slots, and which of the rows they are."""
    if not places:
        return
    of = np.array(places, dtype=np.int64)
    order = np.argsort(of, kind="stable")
    of = of[order]
    keys, starts = np.unique(of // BLOCK, return_index=True)
    slots = np.split(of % BLOCK, starts[1:])
    yield from zip(keys.tolist(), slots, np.split(order, starts[1:]), strict=True)
