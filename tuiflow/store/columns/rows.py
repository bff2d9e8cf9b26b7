"""Columns read from the rows of runs, metrics, params and tags."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tuiflow.store.columns import column as columns
from tuiflow.store.columns.column import OWN, Column
from tuiflow.store.schema import METRIC, PARAM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tuiflow.store.columns.arrays import Ints

_OWN = {
    columns.UUID: "uuid",
    columns.EXPERIMENT: "experiment",
    columns.DELETED: "deleted_at",
    columns.NAME: "name",
    columns.USER: "user_id",
    columns.STATUS: "status",
    columns.START: "start_time",
    columns.END: "end_time",
}
_METRIC = {
    columns.LAST: "value",
    columns.MIN: "CASE WHEN count > 1 THEN min ELSE value END",
    columns.MAX: "CASE WHEN count > 1 THEN max ELSE value END",
    columns.FIRST: "CASE WHEN count > 1 THEN first ELSE value END",
    columns.COUNT: "count",
}
_AT_ONCE = 4096
"""Rows that are in memory at a time."""
_ONE_BY_ONE = 4
"""Reading a whole column costs about as much as looking up this part of its rows one by one."""


def numbers(
    conn: sqlite3.Connection, column: Column, runs: Ints, size: int, dtype: Any
) -> tuple[Ints, NDArray[Any]]:
    """Row keys and values of those of `runs` that have one.

    Of a param or tag, the number that the text reads as or NaN; of a deletion, that there is one.
    """
    keys, values = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=dtype)]
    for rows in _read(conn, column, runs, size, "number"):
        keys.append(_keys(rows))
        values.append(np.array([row[1] for row in rows], dtype=dtype))
    return np.concatenate(keys), np.concatenate(values)


def texts(
    conn: sqlite3.Connection, column: Column, runs: Ints, size: int
) -> Iterator[tuple[Ints, list[str], list[float]]]:
    """Row keys and texts of those of `runs` that have one, and the numbers (or NaN) that the texts
    read as; some at a time."""
    for rows in _read(conn, column, runs, size, "text, number"):
        numbers = np.array([row[2] for row in rows], dtype=np.float64).tolist()
        yield _keys(rows), [row[1] for row in rows], numbers


def uuids(conn: sqlite3.Connection, runs: Ints, size: int) -> dict[int, bytes]:
    """The ids (16 bytes) of those of `runs` that exist, by row key."""
    return {row[0]: row[1] for rows in _read(conn, columns.UUID, runs, size, "") for row in rows}


def _keys(rows: list[tuple[Any, ...]]) -> Ints:
    return np.array([row[0] for row in rows], dtype=np.int64)


def _read(
    conn: sqlite3.Connection, column: Column, runs: Ints, size: int, of_text: str
) -> Iterator[list[tuple[Any, ...]]]:
    if not len(runs):
        return
    table, run, condition = "latest", "run", f"key = {column.key:d}"
    if column.kind == OWN:
        table, run, value = "runs", "id", _OWN[column]
        condition = f"{value} IS NOT NULL"
        value += ", NULL"
    elif column.kind == METRIC:
        value = _METRIC[column.part]
    else:
        table, value = ("params" if column.kind == PARAM else "tags"), of_text
    wanted: list[bool] | None = None
    if len(runs) * _ONE_BY_ONE > size:
        mask = np.zeros(size, dtype=np.bool_)
        mask[runs[runs < size]] = True
        wanted = mask.tolist() if np.count_nonzero(mask) < size - 1 else None
        found = conn.execute(f"SELECT {run}, {value} FROM {table} WHERE {condition}")
    else:
        found = conn.execute(
            f"SELECT {run}, {value} FROM (SELECT value AS wanted FROM json_each(?))"
            f" CROSS JOIN {table} ON {run} = wanted WHERE {condition}",
            (as_json(runs),),
        )
    while rows := found.fetchmany(_AT_ONCE):
        yield rows if wanted is None else [row for row in rows if wanted[row[0]]]


def as_json(runs: Ints) -> str:
    """Row keys as a statement takes them, by json_each."""
    return f"[{','.join(map(str, runs.tolist()))}]"
