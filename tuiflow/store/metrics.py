"""Writing metric points, and what is known of each metric without its history.

`latest` holds one row for each (run, metric); its history is in `points` from the second point on,
and in time the older part of it in `chunks` (see sealing.py, histories.py).
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence

from tuiflow.entities import Metric, MetricSummary
from tuiflow.store import chunks

_NAN = math.nan
_MANY = 8
"""From so many metrics on, the rows of all of the run's are read at once."""

_COLUMNS = "value, step, timestamp, count, min, max, first, first_step"
_SELECT = f"SELECT {_COLUMNS} FROM latest WHERE run = ? AND key = ?"
_SELECT_ALL = f"SELECT {_COLUMNS}, key FROM latest WHERE run = ?"
_FIRST = "INSERT INTO latest (run, key, value, step, timestamp, count) VALUES (?, ?, ?, ?, ?, 1)"
_REPLACE = (
    f"INSERT OR REPLACE INTO latest ({_COLUMNS}, run, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_POINT = "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?)"

_Point = tuple[int, int, int, int, int, float | None]
"""A row of `points`: run, key, step, seq, timestamp, value."""


Row = tuple[float | None, int, int, int, float | None, float | None, float | None, int | None]
"""Value, step, timestamp, count, min, max, first value and step of a metric; None for NaN, and the
last four None where the count is 1."""


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
    latest: list[tuple[float | None, ...]] = []
    rows: list[_Point] = []
    due = []
    for key, new in points.items():
        old = known.get(key)
        point = new[0]
        if len(new) > 1:
            after = _summed(new, in_order)
            if old is not None:
                after = _merged(old, after, in_order)
        elif old is not None:
            after = _with_point(old, point.value, point.step, point.timestamp, in_order)
        else:
            singles.append((run, key, point.value, point.step, point.timestamp))
            continue
        latest.append((*after, run, key))
        before = 0 if old is None else old[3]
        taken = 0
        if len(new) >= chunks.SIZE:
            from tuiflow.store import sealing

            taken = sealing.seal_with(conn, run, key, old, new)
        if before == 1 and old is not None and not taken:
            rows.append((run, key, old[1], 0, old[2], old[0]))
        if chunks.is_due(before, after[3]) and not taken:
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
    old: Row | None = conn.execute(_SELECT, (run, key)).fetchone()
    if old is None:
        conn.execute(_FIRST, (run, key, value, step, timestamp))
        return []
    before = old[3]
    if before == 1:
        conn.execute(_POINT, (run, key, old[1], 0, old[2], old[0]))
    latest = _with_point(old, value, step, timestamp, in_order)
    conn.execute(_REPLACE, (*latest, run, key))
    conn.execute(_POINT, (run, key, step, before, timestamp, value))
    return [key] if chunks.is_due(before, before + 1) else []


def _rows(
    conn: sqlite3.Connection, run: int, points: Mapping[int, Sequence[Metric]]
) -> dict[int, Row]:
    if len(points) >= _MANY:
        return {row[-1]: row[:-1] for row in conn.execute(_SELECT_ALL, (run,))}
    found = ((key, conn.execute(_SELECT, (run, key)).fetchone()) for key in points)
    return {key: row for key, row in found if row is not None}


def _with_point(old: Row, value: float, step: int, timestamp: int, in_order: bool) -> Row:
    """What `latest` says after one more point: `_merged`, on the way of every point."""
    last, last_step, last_time, count, low, high, first, first_step = old
    if count == 1 or first_step is None:
        low = high = first = last
        first_step = last_step
    # MLflow orders by (step, timestamp, value), with NaN counted as 0.
    if step > last_step or (
        step == last_step
        and (
            timestamp > last_time
            or (timestamp == last_time and (in_order or _rank(value) >= _rank(last)))
        )
    ):
        last, last_step, last_time = value, step, timestamp
    if not math.isnan(value):
        if low is None or value < low:
            low = value
        if high is None or value > high:
            high = value
    if step < first_step:
        first, first_step = value, step
    return last, last_step, last_time, count + 1, low, high, first, first_step


def _summed(points: Sequence[Metric], in_order: bool) -> Row:
    """What `latest` would say of these points alone."""
    steps = [point.step for point in points]
    values = [point.value for point in points]
    first_step = min(steps)
    top = max(zip(steps, [point.timestamp for point in points], strict=True))
    last = [point.value for point in points if (point.step, point.timestamp) == top]
    numbers = [value for value in values if not math.isnan(value)]
    return (
        last[-1] if in_order else max(reversed(last), key=_rank),
        *top,
        len(points),
        min(numbers, default=None),
        max(numbers, default=None),
        values[steps.index(first_step)],
        first_step,
    )


def _merged(old: Row, new: Row, in_order: bool) -> Row:
    """What `latest` says after `new` points, of which there are several, have come to `old`."""
    value, step, timestamp, count, low, high, first, first_step = old
    if count == 1 or first_step is None:
        low = high = first = value
        first_step = step
    newest, last = new[1:3], (step, timestamp)
    if newest > last or (newest == last and (in_order or _rank(new[0]) >= _rank(value))):
        value, step, timestamp = new[:3]
    if new[7] is not None and new[7] < first_step:
        first, first_step = new[6:]
    lows = [number for number in (low, new[4]) if number is not None]
    highs = [number for number in (high, new[5]) if number is not None]
    return (
        value,
        step,
        timestamp,
        count + new[3],
        min(lows, default=None),
        max(highs, default=None),
        first,
        first_step,
    )


def _rank(value: float | None) -> float:
    return 0.0 if value is None or math.isnan(value) else value


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
