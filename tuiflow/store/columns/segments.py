"""Reading segments from the store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from tuiflow.store.columns.column import BLOCKS, LAST, Column
from tuiflow.store.schema import METRIC

_NUMBERS = "SELECT s.id - ?, s.data, 1 FROM segments s"
_PARTS = (
    "SELECT s.id - ?, coalesce(p.data, s.data), p.id IS NOT NULL FROM segments s"
    " LEFT JOIN segments p ON p.id = s.id + {distance}"
)
_LISTS = "SELECT s.id - ?, s.data FROM segment_texts s"
_TEXTS = "SELECT s.id - ?, s.data, t.data FROM segments s JOIN segment_texts t ON t.id = s.id"


def of_numbers(
    conn: sqlite3.Connection, column: Column, blocks: Sequence[int] | None = None
) -> Iterator[tuple[int, bytes, bool]]:
    """Block and segment of those blocks (all: None) that have the column, in order.

    A metric's part for which a block has no segment comes as the last values and False.
    """
    if column.kind == METRIC and column.part != LAST:
        last = Column(METRIC, column.key)
        distance = column.first_segment - last.first_segment
        return _read(conn, last, blocks, _PARTS.format(distance=distance))
    return _read(conn, column, blocks, _NUMBERS)


def of_texts(
    conn: sqlite3.Connection, column: Column, blocks: Sequence[int] | None = None
) -> Iterator[tuple[int, bytes, bytes]]:
    """Block, segment and list of texts of those blocks that have the column, in order."""
    return _read(conn, column, blocks, _TEXTS)


def list_bytes(conn: sqlite3.Connection, column: Column) -> int:
    """Bytes of all lists of texts of a column."""
    first = column.first_segment
    row = conn.execute(
        "SELECT sum(length(data)) FROM segment_texts WHERE id BETWEEN ? AND ?",
        (first, first + BLOCKS - 1),
    ).fetchone()
    return row[0] or 0


def lists(
    conn: sqlite3.Connection, column: Column, blocks: Sequence[int] | None = None
) -> Iterator[tuple[int, bytes]]:
    """Block and list of texts of those blocks that have the column, in order."""
    return _read(conn, column, blocks, _LISTS)


def _read(
    conn: sqlite3.Connection, column: Column, blocks: Sequence[int] | None, sql: str
) -> Iterator[tuple[Any, ...]]:
    first = column.first_segment
    if blocks is None:
        where = "s.id BETWEEN ? AND ?"
        values: tuple[object, ...] = (first, first + BLOCKS - 1)
    else:
        where = "s.id IN (SELECT value FROM json_each(?))"
        values = (json.dumps([first + block for block in blocks]),)
    return conn.execute(f"{sql} WHERE {where} ORDER BY s.id", (first, *values))
