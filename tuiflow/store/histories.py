"""All the points of a metric: those that lie loose, and those sealed into chunks before them.

Points arrive one after the other and are counted from 0. Those below a multiple of `chunks.SIZE`
may be in chunks, the others are rows of `points`, and a single point is in `latest` alone.
"""

from __future__ import annotations

import sqlite3
import sys
from array import array
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from tuiflow.protocols import History
from tuiflow.store import chunks
from tuiflow.store.chunks import Chunk, Columns, Row
from tuiflow.store.search import snapshot

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORTH_NUMPY = 250_000
"""So many sealed points are decoded sooner by NumPy, the time to import it included."""


def history(conn: sqlite3.Connection, run: int, key: int | None) -> History:
    """All points of one metric, by (step, timestamp, arrival); empty where there are none."""
    with snapshot(conn):
        found = sealed(conn, run, key)
        rows: Sequence[Row] = conn.execute(
            "SELECT step, timestamp, value FROM points WHERE run = ? AND key = ?"
            " ORDER BY step, seq",
            (run, key),
        ).fetchall()
        if not rows:
            rows = conn.execute(
                "SELECT step, timestamp, value FROM latest WHERE run = ? AND key = ?", (run, key)
            ).fetchall()
    loose = chunks.columns(rows)
    if not found:
        return _sorted(loose)
    count = sum(chunk.size for chunk in found)
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


def _joined_by_numpy(found: Sequence[Chunk], count: int, loose: Columns) -> History:
    import numpy as np

    size = count + len(loose.steps)
    result = History(array("q", [0]) * size, array("q", [0]) * size, array("d", [0.0]) * size)
    steps: NDArray[np.int64] = np.frombuffer(result.steps, np.int64)
    timestamps: NDArray[np.int64] = np.frombuffer(result.timestamps, np.int64)
    values: NDArray[np.float64] = np.frombuffer(result.values, np.float64)
    in_order, end = loose.in_order, 0
    for chunk in found:
        part = slice(end, end + chunk.size)
        in_order &= chunks.decode_into(chunk, steps[part], timestamps[part], values[part])
        end = part.stop
    steps[end:], timestamps[end:], values[end:] = loose.steps, loose.timestamps, loose.values
    if in_order:
        edges = np.append(np.cumsum([chunk.size for chunk in found]), len(steps))[:-1]
        edges = edges[edges < len(steps)]
        before, after = steps[edges - 1], steps[edges]
        same = before == after
        in_order = bool(
            ((before < after) | (same & (timestamps[edges - 1] <= timestamps[edges]))).all()
        )
    if not in_order:
        order = np.lexsort((timestamps, steps))  # stable
        for column in (steps, timestamps, values):
            column[:] = column[order]
    return result
