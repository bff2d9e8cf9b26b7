"""Texts that are many: what an index of the store tells more quickly than a column would."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Encoded:
    """The texts of some runs: `codes` of each run, -1 where it has none, below `count`.

    `read` gives the texts of codes, `order` says what sorts a code as its text.
    """

    codes: NDArray[np.int64]
    count: int
    read: Callable[[NDArray[np.int64]], list[str]]
    order: Callable[[int], Any]


def encoded(builder: Builder, key: Key, size: int, wanted: NDArray[np.int64]) -> Encoded:
    """The names, or texts of a param or tag that are no numbers, of the `wanted` runs, whose row
    keys are below `size`. Codes sort as the texts do."""
    rows, run, text, where = _rows(builder, key, size, wanted)
    if key.kind is not Kind.ATTRIBUTE:
        where += " AND r.number IS NULL"
    # Millions of numbers come fastest as a text.
    found = builder.conn.execute(
        "SELECT group_concat(runs), group_concat(count) FROM (SELECT group_concat("
        f"{run}) AS runs, count(*) AS count FROM {rows} WHERE {where} GROUP BY {text}"
        f" ORDER BY {text})",
        builder.values,
    ).fetchone()
    runs, counts = (np.fromstring(part or "", np.int64, sep=",") for part in found)
    codes = np.full(size, -1, np.int64)
    codes[runs] = np.repeat(np.arange(len(counts)), counts)
    some = runs[np.cumsum(counts) - 1] if len(counts) else runs
    conn, root, now = builder.conn, builder.root, builder.now

    def read(chosen: NDArray[np.int64]) -> list[str]:
        texts: list[str] = values(Builder(conn, root, now), key, size, some[chosen]).tolist()
        return texts

    return Encoded(codes[wanted], len(counts), read, int)


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
