"""Metric points as they come: the last ones of a run, and those since the last look."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Mapping
from itertools import count
from operator import itemgetter
from typing import NamedTuple

from tuiflow.entities import Metric
from tuiflow.store import chunks, histories
from tuiflow.store.chunks import Chunk
from tuiflow.store.snapshots import snapshot


class Arrivals(NamedTuple):
    """`points` of any metric by time; `counts` says how many points each metric has by now."""

    points: list[Metric]
    counts: dict[str, int]


def recent(conn: sqlite3.Connection, run: int, limit: int) -> Arrivals:
    """The last `limit` points of a run, whichever metrics they are of."""
    found: list[Metric] = []
    counts = {}
    with snapshot(conn):
        for row in _latest(conn, run):
            counts[row.name] = row.total
            if row.total == 1:
                found.append(row.metric())
            elif limit:
                found += _last(conn, run, row, limit)[::-1]
    found.sort(key=_time)
    return Arrivals(found[-limit:] if limit else [], counts)


def since(conn: sqlite3.Connection, run: int, seen: Mapping[str, int]) -> Arrivals:
    """The points that have come since the metrics had `seen` points each."""
    found: list[Metric] = []
    counts = {}
    with snapshot(conn):
        for row in _latest(conn, run):
            counts[row.name] = row.total
            before = seen.get(row.name, 0)
            if row.total == 1 and not before:
                found.append(row.metric())
            elif row.total > before:
                found += _arrived(conn, run, row, before)
    found.sort(key=_time)
    return Arrivals(found, counts)


def _last(conn: sqlite3.Connection, run: int, row: _Row, limit: int) -> list[Metric]:
    """The last points of one metric by (step, arrival), in that order."""
    found: list[_Numbered] = conn.execute(
        f"{_POINTS} ORDER BY step DESC, seq DESC LIMIT ?", (run, row.key, limit)
    ).fetchall()
    spans = conn.execute(
        "SELECT high_step, start, count FROM chunks WHERE run = ? AND key = ?"
        " ORDER BY high_step DESC, start DESC",
        (run, row.key),
    ).fetchall()
    for high_step, start, size in spans:
        # Mostly true of the first one: chunks lie before the loose points.
        if len(found) >= limit and (high_step, start + size - 1) < found[-1][:2]:
            break
        found += _decoded(histories.chunk(conn, run, row.key, start))
        found.sort(key=_place, reverse=True)
        del found[limit:]
    return [_point(row.name, value, timestamp, step) for step, _, timestamp, value in found]


def _arrived(conn: sqlite3.Connection, run: int, row: _Row, before: int) -> list[Metric]:
    """Points of one metric from the `before`-th on, in order of arrival."""
    points: list[_Numbered] = []
    for chunk in histories.sealed(conn, run, row.key, before):
        points += _decoded(chunk)[max(before - chunk.start, 0) :]
    start = points[-1][1] + 1 if points else before
    # New points mostly have the greatest steps: looked for there first, since rows lie by step.
    loose = conn.execute(
        f"{_POINTS} ORDER BY step DESC, seq DESC LIMIT ?", (run, row.key, row.total - start)
    ).fetchall()
    if any(point[1] < start for point in loose):
        loose = conn.execute(f"{_POINTS} AND seq >= ?", (run, row.key, start)).fetchall()
    points += sorted(loose, key=_seq)
    return [_point(row.name, value, timestamp, step) for step, _, timestamp, value in points]


_Numbered = tuple[int, int, int, float | None]
"""Step, arrival, timestamp and value of a point."""
_POINTS = "SELECT step, seq, timestamp, value FROM points WHERE run = ? AND key = ?"
_place = itemgetter(0, 1)
_seq = itemgetter(1)


def _decoded(chunk: Chunk) -> list[_Numbered]:
    steps, timestamps, values, _ = chunks.decode(chunk)
    return list(zip(steps, count(chunk.start), timestamps, values, strict=False))


class _Row(NamedTuple):
    key: int
    name: str
    value: float | None
    timestamp: int
    step: int
    total: int

    def metric(self) -> Metric:
        return _point(self.name, self.value, self.timestamp, self.step)


def _latest(conn: sqlite3.Connection, run: int) -> Iterator[_Row]:
    rows = conn.execute(
        "SELECT k.id, k.name, l.value, l.timestamp, l.step, l.count"
        " FROM latest l JOIN keys k ON k.id = l.key WHERE l.run = ? ORDER BY k.name",
        (run,),
    ).fetchall()
    return map(_Row._make, rows)


def _point(name: str, value: float | None, timestamp: int, step: int) -> Metric:
    return Metric(name, math.nan if value is None else value, timestamp, step)


def _time(point: Metric) -> int:
    return point.timestamp
