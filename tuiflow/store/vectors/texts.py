"""Texts that are many: what an index of the store tells more quickly than a column would."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuiflow.filters.tree import Key, Kind
from tuiflow.store.predicates import TABLES, Builder

_ONE_BY_ONE = 4
"""Reading all rows costs about as much as looking up this part of them one by one."""
_AT_ONCE = 1 << 15


def rows_of(
    conn: sqlite3.Connection, sql: str, values: Sequence[object]
) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a statement, some ten thousand at a time."""
    found = conn.execute(sql, values)
    while rows := found.fetchmany(_AT_ONCE):
        yield rows


def ranks(builder: Builder, key: Key, size: int, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """By row key below `size`, a number that sorts as the run's text of `key` does: a name, or a
    param or tag that is no number. It is told of runs that have one and are `wanted`, and 0 of all
    others."""
    rows, run, text, where = _rows(builder, key, size, wanted)
    if key.kind is not Kind.ATTRIBUTE:
        where += " AND r.number IS NULL"
    sql = f"SELECT {run}, {text} FROM {rows} WHERE {where} ORDER BY {text}"
    found = np.zeros(size, np.int64)
    rank, last = 0, None
    for part in rows_of(builder.conn, sql, builder.values):
        numbers = []
        for _, value in part:
            if value != last:
                rank, last = rank + 1, value
            numbers.append(rank)
        found[[run for run, _ in part]] = numbers
    return found


def values(builder: Builder, key: Key, size: int, wanted: NDArray[np.int64]) -> Any:
    """What the `wanted` runs have of an attribute, param or tag: an array of objects, None where
    there is none."""
    rows, run, text, where = _rows(builder, key, size, wanted)
    found = np.empty(size, object)
    for part in rows_of(
        builder.conn, f"SELECT {run}, {text} FROM {rows} WHERE {where}", builder.values
    ):
        found[[row for row, _ in part]] = [value for _, value in part]
    return found[wanted]


def _rows(
    builder: Builder, key: Key, size: int, wanted: NDArray[np.int64]
) -> tuple[str, str, str, str]:
    """SQL: the rows of a key as `r`, at least those wanted; run and value in them; a condition."""
    if key.kind is Kind.ATTRIBUTE:
        table, run, text, where = "runs", "r.id", builder.attribute(key.name), "1"
    else:
        table, run, text = TABLES[key.kind][0], "r.run", "r.text"
        where = f"r.key = {builder.bind(builder.key_id(key) or -1)}"
    if len(wanted) * _ONE_BY_ONE > size:
        return f"{table} r", run, text, where
    ids = builder.bind(json.dumps(wanted.tolist()))
    return f"json_each({ids}) s CROSS JOIN {table} r ON {run} = s.value", run, text, where
