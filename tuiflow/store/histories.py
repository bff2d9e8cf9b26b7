"""All the points of a metric: those that lie loose, and those sealed into chunks before them.

Points arrive one after the other and are counted from 0. Those below a multiple of `chunks.SIZE`
may be in chunks, the others are rows of `points`, and a single point is in `latest` alone.
"""

from __future__ import annotations

import sqlite3
import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from tuiflow.protocols import History
from tuiflow.store import chunks
from tuiflow.store.chunks import Chunk, Columns, Row
from tuiflow.store.snapshots import snapshot

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORTH_NUMPY = 250_000
"""So many sealed points are decoded sooner by NumPy, the time to import it included."""


def history(conn: sqlite3.Connection, run: int, key: int | None) -> History:
    """All points of one metric, by (step, timestamp, arrival); empty where there are none."""
    with snapshot(conn):
        rows: Sequence[Row] = conn.execute(f"{_ROWS} ORDER BY step, seq", (run, key)).fetchall()
        [[count]] = conn.execute(
            "SELECT sum(count) FROM chunks WHERE run = ? AND key = ?", (run, key)
        ).fetchall()
        if not count:
            rows = rows or conn.execute(_SINGLE, (run, key)).fetchall()
            return _sorted(chunks.columns(rows))
        loose = chunks.columns(rows)
        # One chunk in memory at a time.
        found = map(Chunk._make, conn.execute(f"{_CHUNKS} ORDER BY start", (run, key)))
        if count >= WORTH_NUMPY or "numpy" in sys.modules:
            return _joined_by_numpy(found, count, loose)
        return _sorted(_joined([*map(chunks.decode, found), loose]))


def sealed(conn: sqlite3.Connection, run: int, key: int | None, start: int = 0) -> list[Chunk]:
    """The chunks of a metric that hold a point from the `start`-th on, in order."""
    rows = conn.execute(
        f"{_CHUNKS} AND start + count > ? AND start >= coalesce((SELECT max(start) FROM chunks"
        " WHERE run = ? AND key = ? AND start <= ?), 0) ORDER BY start",
        (run, key, start, run, key, start),
    ).fetchall()
    return list(map(Chunk._make, rows))


def chunk(conn: sqlite3.Connection, run: int, key: int, start: int) -> Chunk:
    """The chunk that begins with the `start`-th point."""
    return Chunk._make(conn.execute(f"{_CHUNKS} AND start = ?", (run, key, start)).fetchone())


_ROWS = "SELECT step, timestamp, value FROM points WHERE run = ? AND key = ?"
_SINGLE = "SELECT step, timestamp, value FROM latest WHERE run = ? AND key = ?"
_CHUNKS = "SELECT start, count, data FROM chunks WHERE run = ? AND key = ?"


def _follows(before: Columns, after: Columns) -> bool:
    return not (before.steps and after.steps) or (
        (before.steps[-1], before.timestamps[-1]) <= (after.steps[0], after.timestamps[0])
    )


def _joined(parts: Sequence[Columns]) -> Columns:
    steps, timestamps, values = array("q"), array("q"), array("d")
    for part in parts:
        steps += part.steps
        timestamps += part.timestamps
        values += part.values
    in_order = all(part.in_order for part in parts) and all(
        map(_follows, parts, islice(parts, 1, None))
    )
    return Columns(steps, timestamps, values, in_order)


def _sorted(points: Columns) -> History:
    """Loose rows come by step, then arrival: those of one step and time stay as they arrived."""
    if points.in_order:
        return History(points.steps, points.timestamps, points.values)
    keys = list(zip(points.steps, points.timestamps, strict=True))
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return History(
        array("q", map(points.steps.__getitem__, order)),
        array("q", map(points.timestamps.__getitem__, order)),
        array("d", map(points.values.__getitem__, order)),
    )


def _joined_by_numpy(found: Iterable[Chunk], count: int, loose: Columns) -> History:
    import numpy as np

    size = count + len(loose.steps)
    result = History(array("q", [0]) * size, array("q", [0]) * size, array("d", [0.0]) * size)
    steps: NDArray[np.int64] = np.frombuffer(result.steps, np.int64)
    timestamps: NDArray[np.int64] = np.frombuffer(result.timestamps, np.int64)
    values: NDArray[np.float64] = np.frombuffer(result.values, np.float64)
    in_order, end = loose.in_order, 0
    last = (steps[0], timestamps[0])
    for chunk in found:
        part = slice(end, end + chunk.size)
        in_order &= chunks.decode_into(chunk, steps[part], timestamps[part], values[part])
        in_order &= not end or last <= (steps[end], timestamps[end])
        end = part.stop
        last = (steps[end - 1], timestamps[end - 1])
    steps[end:], timestamps[end:], values[end:] = loose.steps, loose.timestamps, loose.values
    in_order &= end == size or last <= (steps[end], timestamps[end])
    if not in_order:
        order = np.lexsort((timestamps, steps))  # stable
        for column in (steps, timestamps, values):
            column[:] = column[order]
    return result
