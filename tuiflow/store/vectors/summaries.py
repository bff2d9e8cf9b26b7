"""A column of the runs that match, summed up."""

from __future__ import annotations

import heapq
import itertools
import math
from array import array
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from tuiflow.filters.tree import In, Key, Kind, Measure
from tuiflow.protocols import RunQuery
from tuiflow.store import column_values
from tuiflow.store.column_values import MOST_TEXTS, ColumnSummary
from tuiflow.store.groups import Spread, Summary, middle
from tuiflow.store.vectors.frames import values as values_of
from tuiflow.store.vectors.masks import condition, matching
from tuiflow.store.vectors.source import Rows, Source, has_column, is_number
from tuiflow.store.vectors.texts import Encoded

_SAMPLE = 5_000
"""Texts that are hardly ever the same are counted in about so many runs."""


def summary(source: Source, query: RunQuery, key: Key | Measure) -> Summary:
    """As `groups.summary`."""
    rows: Rows = np.flatnonzero(matching(source, query))
    if not has_column(key) or (key.kind is Kind.ATTRIBUTE and not is_number(key)):
        return Summary(len(rows))
    values = source.numbers(key).values[rows]
    there = ~np.isnan(values)
    if not there.all():
        values, rows_there = values[there], rows[there]
    else:
        rows_there = rows
    if not len(values):
        return Summary(len(rows))
    half = len(values) // 2
    halves = [half] if len(values) % 2 else [half - 1, half]
    parted = np.partition(values, halves)
    low, high = float(values.min()), float(values.max())
    return Summary(
        len(rows),
        Spread(len(values), mean(values), low, high),
        middle(float(parted[halves[0]]), float(parted[halves[-1]])),
        _newest(source, rows_there[values == low]),
        _newest(source, rows_there[values == high]),
    )


def _newest(source: Source, rows: Rows) -> int:
    return int(rows[source.rank[rows].argmin()])


def mean(values: NDArray[np.float64]) -> float:
    """The mean of numbers, even where their sum is no float."""
    scale = float(np.abs(values).max())
    if not 1e150 < scale < math.inf:
        with np.errstate(invalid="ignore", over="ignore"):  # there are infinities
            return float(values.mean())
    return float((values / scale).mean()) * scale


def column_summary(source: Source, query: RunQuery, key: Key) -> ColumnSummary:
    """As `column_values.column_summary`."""
    rows: Rows = np.flatnonzero(matching(source, query))
    if not has_column(key):
        return column_values.column_summary(values_of(source, key, rows))
    numbers = np.empty(0)
    nan = infinite = 0
    there = source.present(key)[rows]
    text_rows = rows[there]
    if key.kind is not Kind.ATTRIBUTE or is_number(key):
        found = source.numbers(key).values[text_rows]
        is_nan = np.isnan(found)
        numbers = found[np.isfinite(found)]
        infinite = len(found) - len(numbers) - int(is_nan.sum())
        text_rows = text_rows[is_nan]
        if is_number(key):
            nan, text_rows = len(text_rows), text_rows[:0]
    texts: list[tuple[str, int]] = []
    distinct = 0
    if len(text_rows):
        column = source.encoded(key, text_rows)
        counts = np.bincount(column.codes, minlength=column.count)
        if key.kind is not Kind.ATTRIBUTE:
            nan = _take_nan(source, key, text_rows, column, counts)
        texts = _most_frequent(column, counts, MOST_TEXTS)
        distinct = int(np.count_nonzero(counts))
    return ColumnSummary(
        len(rows),
        len(rows) - int(there.sum()),
        _summed_up(numbers) if len(numbers) else None,
        nan,
        infinite,
        tuple(texts),
        distinct,
    )


def _take_nan(
    source: Source, key: Key, rows: Rows, column: Encoded, counts: NDArray[np.int64]
) -> int:
    """How many of the rows have a text that says NaN; they are taken out of the counts."""
    written = tuple("".join(letters) for letters in itertools.product("nN", "aA", "nN"))
    is_nan = condition(source, In(key, written))[rows]
    counts[np.unique(column.codes[is_nan])] = 0
    return int(np.count_nonzero(is_nan))


def value_counts(source: Source, query: RunQuery, key: Key, limit: int) -> list[tuple[str, int]]:
    """The texts that most of the matching runs have of a key, and how many have each; of very many
    different texts, in a sample of the runs."""
    rows = np.flatnonzero(matching(source, query))
    if source.has_many_texts(key):
        there = source.sql_values(key, rows[:: len(rows) // _SAMPLE + 1])
        counted = Counter(text for text in there.tolist() if text is not None)
        return sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:limit]
    column = source.encoded(key, rows)
    counts = np.bincount(column.codes[column.codes >= 0], minlength=column.count)
    return _most_frequent(column, counts, limit)


def _most_frequent(column: Encoded, counts: NDArray[np.int64], most: int) -> list[tuple[str, int]]:
    """At most `most` texts that are there at all, by how often, then by themselves."""
    used = np.flatnonzero(counts)
    rest: list[int] = []
    if len(used) > most:
        last = len(used) - most
        least = np.partition(counts[used], last)[last]
        equal = used[counts[used] == least]
        used = used[counts[used] > least]
        rest = heapq.nsmallest(most - len(used), equal.tolist(), key=column.order)
    ranked = sorted(used.tolist(), key=lambda code: (-counts[code], column.order(code)))
    found = np.array([*ranked, *rest], np.int64)
    return list(zip(column.read(found), counts[found].tolist(), strict=True))


def _summed_up(numbers: NDArray[np.float64]) -> column_values.Numbers:
    numbers = np.sort(numbers)
    middle = min(max(mean(numbers), float(numbers[0])), float(numbers[-1]))
    scale = max(abs(float(numbers[0])), abs(float(numbers[-1]))) or 1.0
    deviation = scale * math.sqrt(float(np.square(numbers / scale - middle / scale).mean()))
    values = array("d")
    values.frombytes(numbers.tobytes())
    return column_values.described(values, middle, deviation)


def active_runs(source: Source) -> dict[int, int]:
    """As `experiments.active_runs`."""
    view = source.view
    counts = np.bincount(view.experiment[view.exists & ~view.deleted])
    ids = view.conn.execute("SELECT id FROM experiments WHERE deleted_at IS NULL")
    return {row: int(counts[row]) if row < len(counts) else 0 for (row,) in ids}
