"""Metric points as they come: the last ones of a run, and those since the last look."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tuiflow.entities import Metric
from tuiflow.store.search import snapshot


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
                continue
            rows = conn.execute(
                "SELECT value, timestamp, step FROM points WHERE run = ? AND key = ?"
                " ORDER BY step DESC, seq DESC LIMIT ?",
                (run, row.key, limit),
            )
            found += reversed([_point(row.name, *point) for point in rows])
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


def _arrived(conn: sqlite3.Connection, run: int, row: _Row, before: int) -> list[Metric]:
    """Points of one metric from the `before`-th on, in order of arrival.

    New points mostly have the greatest steps: looked for there first, since points lie by step.
    """
    missing = row.total - before
    points = conn.execute(
        "SELECT value, timestamp, step, seq FROM points WHERE run = ? AND key = ?"
        " ORDER BY step DESC, seq DESC LIMIT ?",
        (run, row.key, missing),
    ).fetchall()
    if any(point[3] < before for point in points):
        points = conn.execute(
            "SELECT value, timestamp, step, seq FROM points WHERE run = ? AND key = ? AND seq >= ?",
            (run, row.key, before),
        ).fetchall()
    points.sort(key=lambda point: int(point[3]))
    return [_point(row.name, *point[:3]) for point in points]


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
