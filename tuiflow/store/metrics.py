"""Writing and reading metric points.

`latest` holds one row for each (run, metric); its history is in `points` from the second point on.
"""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuiflow.entities import Metric, MetricSummary

if TYPE_CHECKING:
    from tuiflow.protocols import History

_NAN = math.nan


@dataclass(slots=True)
class _Latest:
    value: float
    step: int
    timestamp: int
    count: int
    low: float
    high: float
    first: float
    first_step: int


def log(
    conn: sqlite3.Connection, run: int, key: int, points: Sequence[Metric], in_order: bool = False
) -> None:
    """Add points of one metric of one run, in order of arrival; call it inside a write.

    `in_order`: see `TrackingStore.log_batch`.
    """
    row = conn.execute(
        "SELECT value, step, timestamp, count, min, max, first, first_step"
        " FROM latest WHERE run = ? AND key = ?",
        (run, key),
    ).fetchone()
    rest: Sequence[Metric]
    if row is None:
        point = points[0]
        if len(points) == 1:
            conn.execute(
                "INSERT INTO latest (run, key, value, step, timestamp, count)"
                " VALUES (?, ?, ?, ?, ?, 1)",
                (run, key, point.value, point.step, point.timestamp),
            )
            return
        latest = _single(point.value, point.step, point.timestamp)
        rest = points[1:]
    else:
        value, step, timestamp, count, low, high, first, first_step = row
        if count == 1:
            latest = _single(_nan(value), step, timestamp)
        else:
            latest = _Latest(
                _nan(value), step, timestamp, count, _nan(low), _nan(high), _nan(first), first_step
            )
        rest = points
    rows: list[tuple[int, int, int, int, int, float]] = []
    if latest.count == 1:
        rows.append((run, key, latest.step, 0, latest.timestamp, latest.value))
    for point in rest:
        rows.append((run, key, point.step, latest.count, point.timestamp, point.value))
        _add(latest, point, in_order)
    conn.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?, ?)", rows)
    conn.execute(
        "INSERT OR REPLACE INTO latest VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run,
            key,
            latest.value,
            latest.step,
            latest.timestamp,
            latest.count,
            latest.low,
            latest.high,
            latest.first,
            latest.first_step,
        ),
    )


def _single(value: float, step: int, timestamp: int) -> _Latest:
    return _Latest(value, step, timestamp, 1, value, value, value, step)


def _add(latest: _Latest, point: Metric, in_order: bool) -> None:
    value = point.value
    new, old = (point.step, point.timestamp), (latest.step, latest.timestamp)
    # MLflow orders by (step, timestamp, value), with NaN counted as 0.
    if new > old or (new == old and (in_order or _rank(value) >= _rank(latest.value))):
        latest.value, latest.step, latest.timestamp = value, point.step, point.timestamp
    if not math.isnan(value):
        latest.low = value if math.isnan(latest.low) else min(latest.low, value)
        latest.high = value if math.isnan(latest.high) else max(latest.high, value)
    if point.step < latest.first_step:
        latest.first, latest.first_step = value, point.step
    latest.count += 1


def _rank(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _nan(value: float | None) -> float:
    return _NAN if value is None else value


def history(conn: sqlite3.Connection, run: int, key: int | None) -> History:
    """All points of one metric, by (step, timestamp, arrival); empty where there are none."""
    from tuiflow.protocols import History

    steps, timestamps, values = array("q"), array("q"), array("d")
    rows: Iterable[tuple[int, int, float | None]] = conn.execute(
        "SELECT step, timestamp, value FROM points WHERE run = ? AND key = ?"
        " ORDER BY step, timestamp, seq",
        (run, key),
    ).fetchall() or conn.execute(
        "SELECT step, timestamp, value FROM latest WHERE run = ? AND key = ?", (run, key)
    )
    for step, timestamp, value in rows:
        steps.append(step)
        timestamps.append(timestamp)
        values.append(_nan(value))
    return History(steps, timestamps, values)


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
