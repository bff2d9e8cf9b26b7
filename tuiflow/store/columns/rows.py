"""Columns read from the rows of runs, metrics, params and tags."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import numpy as np

from tuiflow.store.columns import column as columns
from tuiflow.store.columns.column import OWN, Column
from tuiflow.store.schema import METRIC, PARAM

if TYPE_CHECKING:
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
_ONE_BY_ONE = 4
"""Reading a whole column costs about as much as looking up this part of its rows one by one."""


def numbers(
    conn: sqlite3.Connection, column: Column, runs: Ints, size: int
) -> tuple[Ints, list[float | None]]:
    """Row keys and values of those of `runs` that have one; None stands for NaN.

    Of a param or tag, the number that the text reads as; of the deletion, its epoch ms.
    """
    found = _read(conn, column, runs, size, "number")
    return _keys(found), [row[1] for row in found]


def texts(
    conn: sqlite3.Connection, column: Column, runs: Ints, size: int
) -> tuple[Ints, list[str], list[float | None]]:
    """Row keys and texts of those of `runs` that have one, and the numbers the texts read as."""
    found = _read(conn, column, runs, size, "text, number")
    return _keys(found), [row[1] for row in found], [row[2] for row in found]


def uuids(conn: sqlite3.Connection, runs: Ints, size: int) -> tuple[Ints, list[bytes]]:
    """Row keys and ids (16 bytes) of those of `runs` that exist."""
    found = _read(conn, columns.UUID, runs, size, "")
    return _keys(found), [row[1] for row in found]


def _keys(found: list[tuple[Any, ...]]) -> Ints:
    return np.array([row[0] for row in found], dtype=np.int64)


def _read(
    conn: sqlite3.Connection, column: Column, runs: Ints, size: int, of_text: str
) -> list[tuple[Any, ...]]:
    if not len(runs):
        return []
    table, run, condition = "latest", "run", f"key = {column.key:d}"
    if column.kind == OWN:
        table, run, value = "runs", "id", _OWN[column]
        condition = f"{value} IS NOT NULL"
        value += ", NULL"
    elif column.kind == METRIC:
        value = _METRIC[column.part]
    else:
        table, value = ("params" if column.kind == PARAM else "tags"), of_text
    if len(runs) * _ONE_BY_ONE > size:
        wanted = np.zeros(size, dtype=np.bool_)
        wanted[runs[runs < size]] = True
        whole = conn.execute(f"SELECT {run}, {value} FROM {table} WHERE {condition}")
        return [row for row in whole if wanted[row[0]]]
    return conn.execute(
        f"SELECT {run}, {value} FROM (SELECT value AS wanted FROM json_each(?))"
        f" CROSS JOIN {table} ON {run} = wanted WHERE {condition}",
        (as_json(runs),),
    ).fetchall()


def as_json(runs: Ints) -> str:
    """Row keys as a statement takes them, by json_each."""
    return f"[{','.join(map(str, runs.tolist()))}]"
