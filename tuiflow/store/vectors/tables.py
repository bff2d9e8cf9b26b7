"""Many runs as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tuiflow.filters.tree import Key, Kind
from tuiflow.store.predicates import TABLES
from tuiflow.store.run_table import RunTable
from tuiflow.store.vectors.frames import text_column, values
from tuiflow.store.vectors.source import STATUS, Rows, Source


def table(source: Source, rows: Rows) -> RunTable:
    """The table of the runs of these row keys, as `run_table.table_of` makes it of entities."""
    view = source.view
    experiments, member = np.unique(view.experiment[rows], return_inverse=True)
    experiment_ids = np.array([str(row) for row in experiments.tolist()], object)[member]
    stored = view.texts(STATUS)
    statuses = np.array(stored.values, object)[stored.codes[rows]]
    return RunTable(
        _own(source, "run_id", rows),
        experiment_ids.tolist(),
        statuses.tolist(),
        _own(source, "artifact_uri", rows),
        _own(source, "start_time", rows),
        _own(source, "end_time", rows),
        {key.name: _numbers(source, key, rows) for key in _keys(source, Kind.METRIC, rows)},
        {key.name: text_column(source, key, rows) for key in _keys(source, Kind.PARAM, rows)},
        {key.name: text_column(source, key, rows) for key in _keys(source, Kind.TAG, rows)},
    )


def _own(source: Source, name: str, rows: Rows) -> Any:
    return values(source, Key(Kind.ATTRIBUTE, name), rows)


def _numbers(source: Source, key: Key, rows: Rows) -> Any:
    return source.numbers(key).values[rows]


def _keys(source: Source, kind: Kind, rows: Rows) -> Iterator[Key]:
    """The keys that the runs have, in the order in which they have them first."""
    names = source.view.conn.execute(
        "SELECT name FROM keys WHERE kind = ? ORDER BY id", (TABLES[kind][1],)
    )
    first: list[tuple[int, Key]] = []
    for (name,) in names.fetchall():
        key = Key(kind, name)
        there = source.present(key)[rows]
        place = int(there.argmax()) if len(there) else 0
        if len(there) and there[place]:
            first.append((place, key))
    first.sort(key=lambda item: item[0])
    return (key for _, key in first)
