"""Columns of many runs as Python's values."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tuiflow.filters.tree import Key, Kind, Measure
from tuiflow.protocols import RunQuery
from tuiflow.store.run_columns import Value
from tuiflow.store.vectors.find import find
from tuiflow.store.vectors.source import Rows, Source, has_column, is_number


def columns(
    source: Source, query: RunQuery, keys: Sequence[Key | Measure]
) -> tuple[array[int], list[list[Value]]]:
    """As `run_columns.read`."""
    found = find(source, replace(query, order_by=()))
    rows = np.frombuffer(found, np.int64)
    return found, [values(source, key, rows) for key in keys]


def values(source: Source, key: Key | Measure, rows: Rows) -> list[Value]:
    """What these runs have of one key."""
    if not has_column(key):
        assert isinstance(key, Key)
        own: list[Value] = source.sql_values(key, rows).tolist()
        return own
    if key.kind is Kind.ATTRIBUTE and not is_number(key):
        assert isinstance(key, Key)
        texts: list[Value] = text_column(source, key, rows).tolist()
        return texts
    numbers = source.numbers(key)
    there = numbers.present[rows]
    found: Any = numbers.values[rows]
    if key.kind is Kind.ATTRIBUTE:
        found = np.where(there, found, 0).astype(np.int64)
    column: list[Value] = found.tolist()
    for index in np.flatnonzero(~there).tolist():
        column[index] = None
    if isinstance(key, Key) and key.kind in (Kind.PARAM, Kind.TAG):
        others = np.flatnonzero(there & np.isnan(found))
        for index, text in zip(
            others.tolist(), text_column(source, key, rows[others]).tolist(), strict=True
        ):
            column[index] = math.nan if text.lower() == "nan" else text
    return column


def text_column(source: Source, key: Key, rows: Rows) -> Any:
    """The texts of these runs, None where there is none, as an array of objects."""
    if source.has_many_texts(key):
        return source.sql_values(key, rows)
    texts = source.texts(key)
    table = np.empty(len(texts.values) + 1, object)
    table[:-1] = texts.values
    return table[texts.codes[rows]]
