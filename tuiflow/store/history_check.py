"""Whether every point that was counted is there, and every chunk can be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from tuiflow.errors import StoreError
from tuiflow.store import chunks
from tuiflow.store.chunks import Chunk

_MISCOUNTED = """
WITH held AS (
    SELECT run, key, sum(n) AS n FROM (
        SELECT run, key, count(*) AS n FROM points GROUP BY run, key
        UNION ALL SELECT run, key, sum(count) FROM chunks GROUP BY run, key
    ) GROUP BY run, key
)
SELECT h.run, h.key, coalesce(l.count, 0), h.n
FROM held h LEFT JOIN latest l ON l.run = h.run AND l.key = h.key
WHERE l.count IS NOT h.n
UNION ALL
SELECT l.run, l.key, l.count, 0 FROM latest l WHERE l.count > 1
AND NOT EXISTS (SELECT 1 FROM points WHERE run = l.run AND key = l.key)
AND NOT EXISTS (SELECT 1 FROM chunks WHERE run = l.run AND key = l.key)
"""


def wrong(conn: sqlite3.Connection) -> Iterator[str]:
    """What is wrong with the points of metrics, a sentence for each that has something."""
    for run, key, counted, held in conn.execute(_MISCOUNTED).fetchall():
        yield f"{_name(conn, run, key)} should have {counted:,} points, and has {held:,}."
    for run, key, start, count, low_step, high_step, data in conn.execute(
        "SELECT run, key, start, count, low_step, high_step, data FROM chunks"
        " ORDER BY run, key, start"
    ):
        try:
            steps = chunks.decode(Chunk(start, count, data)).steps
            sound = (min(steps), max(steps)) == (low_step, high_step)
        except StoreError:
            sound = False
        if not sound:
            yield f"{_name(conn, run, key)} has points that can't be read, from {start:,} on."


def _name(conn: sqlite3.Connection, run: int, key: int) -> str:
    row = conn.execute("SELECT uuid FROM runs WHERE id = ?", (run,)).fetchone()
    name = conn.execute("SELECT name FROM keys WHERE id = ?", (key,)).fetchone()
    metric = repr(name[0]) if name else f"number {key}"
    return f"Metric {metric} of run {row[0].hex() if row else f'number {run}'}"
