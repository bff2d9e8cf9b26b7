"""Moving the older points of long metrics out of their rows and into chunks.

A metric has all its points loose until there are twice `chunks.SIZE`; then the first so many to
arrive are sealed, and so on. Whoever logs the point that makes them as many seals them, after the
point is committed: they are read and encoded while others write, and only the swap, of rows for a
chunk in one transaction, keeps writers waiting.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tuiflow.entities import Metric
from tuiflow.errors import StoreError
from tuiflow.store import chunks
from tuiflow.store.connection import Database
from tuiflow.store.failures import BUSY_SECONDS

if TYPE_CHECKING:
    from tuiflow.store.metrics import Row


_AT_ONCE = 2
"""Chunks sealed by one call of a logging script: more only where an older tuiflow left them."""
_READ = 16
"""Chunks whose rows are read together."""
_PATIENCE = 0.2
"""Seconds that a logging script waits for other writers so that it can seal."""


class Sealed(NamedTuple):
    """A chunk about to be stored; `start` is which point its first one is."""

    start: int
    size: int
    low_step: int
    high_step: int
    data: bytes


def make(start: int, rows: Sequence[chunks.Row]) -> Sealed:
    """A chunk of points in order of arrival, the first of which is the `start`-th."""
    steps, timestamps, values = zip(*rows, strict=True)
    data = chunks.encode(steps, timestamps, chunks.floats(values))
    return Sealed(start, len(rows), min(steps), max(steps), data)


def sealed_count(conn: sqlite3.Connection, run: int, key: int) -> int:
    """How many points of a metric are in chunks: the first so many to arrive."""
    row = conn.execute(
        "SELECT start + count FROM chunks WHERE run = ? AND key = ? ORDER BY start DESC LIMIT 1",
        (run, key),
    ).fetchone()
    return int(row[0]) if row else 0


def store(conn: sqlite3.Connection, run: int, key: int, sealed: Sequence[Sealed]) -> None:
    """Insert chunks; call it inside the write that takes their rows away, if they had any."""
    conn.executemany(
        "INSERT INTO chunks (run, key, start, count, low_step, high_step, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(run, key, *chunk) for chunk in sealed],
    )


def seal(
    db: Database, run: int, key: int, limit: int = _AT_ONCE, patience: float = BUSY_SECONDS
) -> int:
    """Seal what is due of a metric, `limit` chunks at most, each by a short write of its own.

    Returns how many were sealed; none where another writer was faster. Raises StoreError where
    others hold the store for `patience` seconds.
    """
    count = 0
    while count < limit:
        with db.read() as conn:
            found = _oldest(conn, run, key, min(limit - count, _READ))
        if not found or not all(_swap(db, run, key, chunk, patience) for chunk in found):
            break
        count += len(found)
    return count


def seal_quietly(db: Database, run: int, keys: Sequence[int]) -> None:
    """Seal after a write that is done: what can't be sealed now will be with later points."""
    with contextlib.suppress(StoreError):
        for key in keys:
            seal(db, run, key, patience=_PATIENCE)


def seal_all(
    db: Database,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> int:
    """Seal what is due of all metrics, as those of a store by an older tuiflow; returns the number
    of chunks. `progress` gets metrics done and in all."""
    with db.read() as conn:
        long = conn.execute(
            "SELECT run, key FROM latest WHERE count >= ?", (2 * chunks.SIZE,)
        ).fetchall()
    count = 0
    for done, (run, key) in enumerate(long):
        progress(done, len(long))
        while not cancelled() and (new := seal(db, run, key, _READ)):
            count += new
    progress(len(long), len(long))
    return count


def _oldest(conn: sqlite3.Connection, run: int, key: int, limit: int) -> list[Sealed]:
    """The next chunks of a metric that are due."""
    start = sealed_count(conn, run, key)
    row = conn.execute("SELECT count FROM latest WHERE run = ? AND key = ?", (run, key)).fetchone()
    limit = min(((row[0] if row else 0) - start) // chunks.SIZE - 1, limit)
    if limit < 1:
        return []
    rows = conn.execute(
        "SELECT step, timestamp, value FROM points WHERE run = ? AND key = ? AND seq < ?"
        " ORDER BY seq",
        (run, key, start + limit * chunks.SIZE),
    ).fetchall()
    if len(rows) != limit * chunks.SIZE:  # a point is missing: leave it to `tuiflow db check`
        return []
    return [
        make(start + place, rows[place : place + chunks.SIZE])
        for place in range(0, len(rows), chunks.SIZE)
    ]


def seal_with(
    conn: sqlite3.Connection, run: int, key: int, old: Row | None, new: Sequence[Metric]
) -> int:
    """Seal, inside a write that adds `new` points to `old` ones, what will be due of them all.

    Returns how many of the new points are sealed and so no rows any more: the first so many.
    """
    before = 0 if old is None else old[3]
    start = sealed_count(conn, run, key)
    end = start + ((before + len(new) - start) // chunks.SIZE - 1) * chunks.SIZE
    if end <= before or before - start >= 2 * chunks.SIZE:
        return 0  # nothing of the new ones is due, or there is much that is older
    rows: list[chunks.Row] = []
    if before > 1:
        rows = conn.execute(
            "SELECT step, timestamp, value FROM points WHERE run = ? AND key = ? ORDER BY seq",
            (run, key),
        ).fetchall()
    elif old is not None:
        rows = [(old[1], old[2], old[0])]
    if len(rows) != before - start:
        return 0
    conn.execute("DELETE FROM points WHERE run = ? AND key = ?", (run, key))
    rows += [(point.step, point.timestamp, point.value) for point in new[: end - before]]
    for place in range(0, len(rows), chunks.SIZE):
        store(conn, run, key, [make(start + place, rows[place : place + chunks.SIZE])])
    return end - before


class _Overtaken(Exception):
    """The rows are not there any more."""


def _swap(db: Database, run: int, key: int, chunk: Sealed, patience: float) -> bool:
    """Put a chunk where its rows are; False where another writer has done so."""
    try:
        with db.write(patience=patience) as conn:
            rows = conn.execute(
                "DELETE FROM points WHERE run = ? AND key = ? AND step BETWEEN ? AND ?"
                " AND seq >= ? AND seq < ?",
                (
                    run,
                    key,
                    chunk.low_step,
                    chunk.high_step,
                    chunk.start,
                    chunk.start + chunk.size,
                ),
            )
            if rows.rowcount != chunk.size:
                raise _Overtaken
            store(conn, run, key, [chunk])
    except _Overtaken:
        return False
    return True
