"""Writing metric points, and what is known of each metric without its history.

`latest` holds one row for each (run, metric); its history is in `points` from the second point on,
and in time the older part of it in `chunks` (see sealing.py, histories.py).
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tuiflow.entities import Metric, MetricSummary
from tuiflow.store import chunks

_NAN = math.nan
_MANY = 8
"""From so many metrics on, the rows of all of the run's are read at once."""

_COLUMNS = "value, step, timestamp, count, min, max, first, first_step"
_SELECT = f"SELECT {_COLUMNS} FROM latest WHERE run = ? AND key = ?"
_SELECT_ALL = f"SELECT key, {_COLUMNS} FROM latest WHERE run = ?"
_FIRST = "INSERT INTO latest (run, key, value, step, timestamp, count) VALUES (?, ?, ?, ?, ?, 1)"
_UPDATE = (
    "UPDATE latest SET value = ?, step = ?, timestamp = ?, count = ?, min = ?, max = ?, first = ?,"
    " first_step = ? WHERE run = ? AND key = ?"
)
_REPLACE = "INSERT OR REPLACE INTO latest VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_POINT = "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?)"

_Point = tuple[int, int, int, int, int, float]
"""A row of `points`: run, key, step, seq, timestamp, value."""


class Latest(NamedTuple):
    """A row of `latest`, or what some points would be in it."""

    value: float
    step: int
    timestamp: int
    total: int
    low: float
    high: float
    first: float
    first_step: int


def log(
    conn: sqlite3.Connection,
    run: int,
    points: Mapping[int, Sequence[Metric]],
    in_order: bool = False,
) -> list[int]:
    """Add points of metrics of one run, by key, in order of arrival; call it inside a write.

    `in_order`: see `TrackingStore.log_batch`. Returns the keys whose points should be sealed.
    """
    if len(points) == 1:
        [(key, new)] = points.items()
        if len(new) == 1:
            return _log_one(conn, run, key, new[0], in_order)
    known = _rows(conn, run, points)
    singles: list[tuple[int, int, float, int, int]] = []
    latest: list[tuple[float, ...]] = []
    rows: list[_Point] = []
    due = []
    for key, new in points.items():
        old = known.get(key)
        if old is None and len(new) == 1:
            point = new[0]
            singles.append((run, key, point.value, point.step, point.timestamp))
            continue
        after, before = _summed(new, in_order), 0
        if old is not None:
            before = old.total
            after = _merged(old, after, in_order)
        latest.append((run, key, *after))
        taken = 0
        if len(new) >= chunks.SIZE:
            from tuiflow.store import sealing

            taken = sealing.seal_with(conn, run, key, old, new)
        if old is not None and before == 1 and not taken:
            rows.append((run, key, old.step, 0, old.timestamp, old.value))
        if chunks.is_due(before, after.total) and not taken:
            due.append(key)
        rows += [
            (run, key, point.step, seq, point.timestamp, point.value)
            for seq, point in enumerate(new[taken:] if taken else new, before + taken)
        ]
    if singles:
        conn.executemany(_FIRST, singles)
    if latest:
        conn.executemany(_REPLACE, latest)
        conn.executemany(_POINT, rows)
    return due


def _log_one(
    conn: sqlite3.Connection, run: int, key: int, point: Metric, in_order: bool
) -> list[int]:
    value, step, timestamp = point.value, point.step, point.timestamp
    row = conn.execute(_SELECT, (run, key)).fetchone()
    if row is None:
        conn.execute(_FIRST, (run, key, value, step, timestamp))
        return []
    old = _latest(*row)
    before = old.total
    if before == 1:
        conn.execute(_POINT, (run, key, old.step, 0, old.timestamp, old.value))
    latest = _merged(old, Latest(value, step, timestamp, 1, value, value, value, step), in_order)
    conn.execute(_UPDATE, (*latest, run, key))
    conn.execute(_POINT, (run, key, step, before, timestamp, value))
    return [key] if chunks.is_due(before, before + 1) else []


def _rows(
    conn: sqlite3.Connection, run: int, points: Mapping[int, Sequence[Metric]]
) -> dict[int, Latest]:
    if len(points) >= _MANY:
        return {row[0]: _latest(*row[1:]) for row in conn.execute(_SELECT_ALL, (run,))}
    found = ((key, conn.execute(_SELECT, (run, key)).fetchone()) for key in points)
    return {key: _latest(*row) for key, row in found if row is not None}


def _latest(
    value: float | None,
    step: int,
    timestamp: int,
    count: int,
    low: float | None,
    high: float | None,
    first: float | None,
    first_step: int | None,
) -> Latest:
    last = _nan(value)
    if count == 1 or first_step is None:
        return Latest(last, step, timestamp, 1, last, last, last, step)
    return Latest(last, step, timestamp, count, _nan(low), _nan(high), _nan(first), first_step)


def _summed(points: Sequence[Metric], in_order: bool) -> Latest:
    """What `latest` would say of these points alone."""
    if len(points) == 1:
        point = points[0]
        value, step = point.value, point.step
        return Latest(value, step, point.timestamp, 1, value, value, value, step)
    steps = [point.step for point in points]
    values = [point.value for point in points]
    first_step = min(steps)
    top = max(zip(steps, [point.timestamp for point in points], strict=True))
    last = [point.value for point in points if (point.step, point.timestamp) == top]
    numbers = [value for value in values if not math.isnan(value)]
    return Latest(
        last[-1] if in_order else max(reversed(last), key=_rank),
        *top,
        len(points),
        min(numbers, default=_NAN),
        max(numbers, default=_NAN),
        values[steps.index(first_step)],
        first_step,
    )


def _merged(old: Latest, new: Latest, in_order: bool) -> Latest:
    """What `latest` says after `new` points have come to `old` ones."""
    last, last_new = (old.step, old.timestamp), (new.step, new.timestamp)
    # MLflow orders by (step, timestamp, value), with NaN counted as 0.
    later = last_new > last or (
        last_new == last and (in_order or _rank(new.value) >= _rank(old.value))
    )
    earlier = new.first_step < old.first_step
    return Latest(
        *(new if later else old)[:3],
        old.total + new.total,
        _least(old.low, new.low),
        _greatest(old.high, new.high),
        *(new if earlier else old)[6:],
    )


def _least(one: float, other: float) -> float:
    """The lesser of two numbers, of which NaN is none."""
    return other if one > other or math.isnan(one) else one


def _greatest(one: float, other: float) -> float:
    return other if one < other or math.isnan(one) else one


def _rank(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _nan(value: float | None) -> float:
    return _NAN if value is None else value


def summaries(conn: sqlite3.Connection, run: int) -> list[MetricSummary]:
    """Every metric of a run, by name."""
    return [
        MetricSummary(
            key=name,
            value=_nan(value),
            step=step,
            timestamp=timestamp,
            count=count,
            min=_nan(low if count > 1 else value),
            max=_nan(high if count > 1 else value),
            first=_nan(first if count > 1 else value),
        )
        for name, value, step, timestamp, count, low, high, first in conn.execute(
            "SELECT k.name, l.value, l.step, l.timestamp, l.count, l.min, l.max, l.first"
            " FROM latest l JOIN keys k ON k.id = l.key WHERE l.run = ? ORDER BY k.name",
            (run,),
        )
    ]
