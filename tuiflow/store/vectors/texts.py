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

_LOOKED_UP = 1 << 14
"""The texts of so many runs are looked up run by run."""
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
    if key.kind is Kind.ATTRIBUTE:
        table, run, text, where = "runs", "id", "name", ""
    else:
        table, run, text = TABLES[key.kind][0], "run", "text"
        where = f"WHERE t.key = {builder.bind(builder.key_id(key) or -1)} AND t.number IS NULL"
    rows = f"{table} t"
    if len(wanted) <= _LOOKED_UP:
        ids = builder.bind(json.dumps(wanted.tolist()))
        rows = f"json_each({ids}) s CROSS JOIN {rows} ON t.{run} = s.value"
    sql = f"SELECT t.{run}, t.{text} FROM {rows} {where} ORDER BY t.{text}"
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
