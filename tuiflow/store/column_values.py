"""What a column of many runs holds: numbers summed up and binned, or texts by how often."""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tuiflow.filters.tree import NUMBER_ATTRIBUTES, Key, Kind
from tuiflow.plot.ticks import linear
from tuiflow.protocols import RunQuery
from tuiflow.store.predicates import TABLES, Builder
from tuiflow.store.processes import now_ms
from tuiflow.store.search import matching, snapshot

BINS = 12
MOST_TEXTS = 200


@dataclass(frozen=True, slots=True)
class Bin:
    """How many values lie in [low, high), in the last bin [low, high]."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of finite numbers; quartiles interpolate linearly between neighbours, as numpy does."""

    count: int
    minimum: float
    maximum: float
    mean: float
    deviation: float
    quartiles: tuple[float, float, float]
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """A column of `runs` runs, of which `missing` have no value.

    `numbers` is None where there are none; `infinite` and `nan` count those outside of it.
    `texts` are values that are no numbers with how many runs have each, the most frequent first
    (`distinct` of them, of which at most `MOST_TEXTS` are listed).
    """

    runs: int
    missing: int
    numbers: Numbers | None
    nan: int
    infinite: int
    texts: tuple[tuple[str, int], ...]
    distinct: int


def column_summary(
    conn: sqlite3.Connection, root: Path, query: RunQuery, key: Key
) -> ColumnSummary:
    """Sum up a metric's last values, or a param, tag or attribute, over the runs that match."""
    builder = Builder(conn, root, now_ms())
    with snapshot(conn):
        condition = matching(builder, query)
        if key.kind is Kind.ATTRIBUTE:
            value = builder.attribute(key.name)
            number = value if key.name in NUMBER_ATTRIBUTES else "NULL"
            sql = f"SELECT {value} IS NOT NULL, {number}, {value} FROM runs r WHERE {condition}"
        else:
            table = TABLES[key.kind][0]
            metric = key.kind is Kind.METRIC
            columns = "t.value, NULL" if metric else "t.number, t.text"
            key_id = builder.bind(-1 if (found := builder.key_id(key)) is None else found)
            sql = (
                f"SELECT t.run IS NOT NULL, {columns} FROM runs r LEFT JOIN {table} t"
                f" ON t.run = r.id AND t.key = {key_id} WHERE {condition}"
            )
        return _summary(conn.execute(sql, builder.values))


def _summary(rows: sqlite3.Cursor) -> ColumnSummary:
    runs = missing = nan = infinite = 0
    numbers = array("d")
    texts: Counter[str] = Counter()
    for there, number, text in rows:
        runs += 1
        if not there:
            missing += 1
        elif number is not None:
            if math.isfinite(number):
                numbers.append(number)
            else:
                infinite += 1
        elif text is None or text.lower() == "nan":
            nan += 1
        else:
            texts[text] += 1
    ranked = sorted(texts.items(), key=lambda item: (-item[1], item[0]))
    summed = summed_up(numbers) if numbers else None
    return ColumnSummary(
        runs, missing, summed, nan, infinite, tuple(ranked[:MOST_TEXTS]), len(texts)
    )


def summed_up(numbers: Sequence[float]) -> Numbers:
    """Sum up finite numbers, at least one. The deviation is that of the whole population."""
    values = sorted(numbers)
    mean = math.fsum(value / len(values) for value in values)
    scale = max(abs(values[0]), abs(values[-1])) or 1.0
    squares = math.fsum(((value - mean) / scale) ** 2 for value in values)
    return Numbers(
        len(values),
        values[0],
        values[-1],
        min(max(mean, values[0]), values[-1]),
        scale * math.sqrt(squares / len(values)),
        _quartiles(values),
        binned(values),
    )


def _quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    return _quantile(values, 0.25), _quantile(values, 0.5), _quantile(values, 0.75)


def _quantile(values: Sequence[float], share: float) -> float:
    place, part = divmod(share * (len(values) - 1), 1)
    low, high = values[int(place)], values[min(int(place) + 1, len(values) - 1)]
    return min(max(low * (1 - part) + high * part, low), high)


def binned(values: Sequence[float], count: int = BINS) -> tuple[Bin, ...]:
    """About `count` bins with round ends over finite, sorted numbers; one where all are equal."""
    low, high = values[0], values[-1]
    ticks = linear(low, high, count)
    if low == high or len(ticks) < 2:
        return (Bin(low, high, len(values)),)
    step = ticks[1] - ticks[0]
    edges = list(ticks)
    if edges[0] > low:
        edges.insert(0, ticks[0] - step)
    if edges[-1] < high:
        edges.append(ticks[-1] + step)
    counts = [0] * (len(edges) - 1)
    place = 0
    for value in values:
        while place < len(counts) - 1 and value >= edges[place + 1]:
            place += 1
        counts[place] += 1
    return tuple(
        Bin(start, end, count) for (start, end), count in zip(pairwise(edges), counts, strict=True)
    )
