"""Single columns of many runs: last values of metrics, params, tags and attributes."""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections.abc import Sequence
from pathlib import Path

from tuiflow.filters.tree import Key, Kind, Measure
from tuiflow.protocols import RunQuery
from tuiflow.store.predicates import TABLES, Builder, number_column
from tuiflow.store.processes import now_ms
from tuiflow.store.search import scope
from tuiflow.store.snapshots import snapshot

Value = float | str | None


def read(
    conn: sqlite3.Connection,
    root: Path,
    query: RunQuery,
    keys: Sequence[Key | Measure],
    *,
    keep_texts: bool = False,
) -> tuple[array[int], list[list[Value]]]:
    """Row keys of the runs that match, newest first, and a column for each of `keys`.

    A param or tag that reads as a number is one, and so is NaN unless `keep_texts`; times are
    epoch ms, durations ms; None is for a run without the key.
    """
    builder = Builder(conn, root, now_ms())
    with snapshot(conn):
        columns, joins = [], []
        for number, key in enumerate(keys):
            if key.kind is Kind.ATTRIBUTE:
                value = builder.attribute(key.name)
                columns += [f"{value} IS NOT NULL", value, "NULL"]
                continue
            key_id = builder.key_id(key)
            t, table = f"t{number}", TABLES[key.kind][0]
            joins.append(
                f"LEFT JOIN {table} {t} ON {t}.run = r.id"
                f" AND {t}.key = {builder.bind(-1 if key_id is None else key_id)}"
            )
            text = "NULL" if key.kind is Kind.METRIC else f"{t}.text"
            value = f"{number_column(key, f'{t}.')}, {text}"
            columns += [f"{t}.run IS NOT NULL", value]
        where = scope(builder, query)
        if query.filter is not None:
            where += f" AND {builder.condition(query.filter)}"
        sql = (
            f"SELECT {', '.join(['r.id', *columns])} FROM runs r {' '.join(joins)}"
            f" WHERE {where} ORDER BY r.start_time DESC, r.uuid"
        )
        found = array("q")
        values: list[list[Value]] = [[] for _ in keys]
        for row in conn.execute(sql, builder.values):
            found.append(row[0])
            for number, column in enumerate(values):
                there, value, text = row[1 + 3 * number : 4 + 3 * number]
                column.append(_value(there, value, text, keep_texts))
    return found, values


def _value(there: int, value: float | str | None, text: str | None, keep_text: bool) -> Value:
    if not there:
        return None
    if value is not None:
        return value
    if text is None or (text.lower() == "nan" and not keep_text):
        return math.nan
    return text
