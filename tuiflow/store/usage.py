"""Which keys the runs have and how often, and which values: what is worth showing or offering."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuiflow.entities import TAG_DATA_CONTEXT, Run
from tuiflow.filters.tree import Key, Kind
from tuiflow.protocols import KeyNames, RunQuery
from tuiflow.store.predicates import TABLES, Builder
from tuiflow.store.processes import now_ms
from tuiflow.store.search import scope
from tuiflow.store.snapshots import snapshot

SAMPLE = 2_000
"""Keys are counted in so many runs, spread evenly over all of them."""


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """How many of `runs` runs have each metric, param and tag, the most used first.

    `constant` are the params that have the same value in all of them.
    """

    runs: int
    metrics: Mapping[str, int]
    params: Mapping[str, int]
    tags: Mapping[str, int]
    constant: frozenset[str]

    @property
    def names(self) -> KeyNames:
        """The names alone, the most used first."""
        return KeyNames(tuple(self.metrics), tuple(self.params), tuple(self.tags))


def usage_of(runs: Sequence[Run]) -> KeyUsage:
    """The usage in runs that have been loaded already."""
    counts: dict[Kind, dict[str, int]] = {kind: {} for kind in TABLES}
    values: dict[str, set[str]] = {}
    for run in runs:
        for kind, names in (
            (Kind.METRIC, run.data.metrics),
            (Kind.PARAM, run.data.params),
            (Kind.TAG, run.data.tags),
        ):
            for name in names:
                counts[kind][name] = counts[kind].get(name, 0) + 1
        for name, value in run.data.params.items():
            values.setdefault(name, set()).add(value)
    same = {name for name, found in values.items() if len(found) == 1}
    return _usage(len(runs), counts, same)


def stride(runs: int) -> int:
    """Every how manieth of so many runs is taken for a sample."""
    return -(-runs // SAMPLE) or 1


def key_usage(conn: sqlite3.Connection, sample: Sequence[int]) -> KeyUsage:
    """The usage in the runs of these row keys."""
    with snapshot(conn):
        counts: dict[Kind, dict[str, int]] = {}
        same: set[str] = set()
        for kind, (table, _) in TABLES.items():
            differ = "0" if kind is Kind.METRIC else "min(t.text) <> max(t.text)"
            rows = conn.execute(
                f"SELECT k.name, count(*), {differ} FROM json_each(?) s"
                f" CROSS JOIN {table} t ON t.run = s.value JOIN keys k ON k.id = t.key"
                " GROUP BY t.key",
                (json.dumps(list(sample)),),
            ).fetchall()
            counts[kind] = {name: count for name, count, _ in rows}
            if kind is Kind.PARAM:
                same = {name for name, _, differs in rows if not differs}
        return _usage(len(sample), counts, same)


def _usage(runs: int, counts: Mapping[Kind, dict[str, int]], same: set[str]) -> KeyUsage:
    metrics, params, tags = (
        dict(sorted(counts[kind].items(), key=lambda item: (-item[1], item[0].count("/"), item[0])))
        for kind in (Kind.METRIC, Kind.PARAM, Kind.TAG)
    )
    constant = frozenset(name for name in same if runs > 1 and params[name] == runs)
    return KeyUsage(runs, metrics, params, tags, constant)


def has_columns(key: Key) -> bool:
    """Can the values of a key be counted in columns?"""
    return key.kind in (Kind.PARAM, Kind.TAG) or (key.kind is Kind.ATTRIBUTE and key.name in _FEW)


def value_counts(
    conn: sqlite3.Connection,
    root: Path,
    key: Key,
    experiment_ids: tuple[str, ...] | None = None,
    limit: int = 50,
) -> list[tuple[str, int]]:
    """The values of a param, tag or attribute that most active runs have, and how many have each.

    Nothing for metrics, times and ids, of which hardly two are alike.
    """
    with snapshot(conn):
        builder = Builder(conn, root, now_ms())
        where = scope(builder, RunQuery(experiment_ids))
        if key.kind in (Kind.PARAM, Kind.TAG):
            if (key_id := builder.key_id(key)) is None:
                return []
            rows = f"{TABLES[key.kind][0]} t JOIN runs r ON r.id = t.run"
            value, where = "t.text", f"t.key = {builder.bind(key_id)} AND {where}"
        elif key.kind is Kind.DATASET:
            rows = "inputs i JOIN datasets d ON d.id = i.dataset JOIN runs r ON r.id = i.run"
            value = {
                "name": "d.name",
                "digest": "d.digest",
                "context": f"json_extract(i.tags, '$.\"{TAG_DATA_CONTEXT}\"')",
            }[key.name]
        elif key.kind is Kind.ATTRIBUTE and key.name in _FEW:
            rows, value = "runs r", builder.attribute(key.name)
        else:
            return []
        found = conn.execute(
            f"SELECT {value}, count(DISTINCT r.id) FROM {rows} WHERE {where}"
            f" AND {value} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {limit:d}",
            builder.values,
        )
        return [(str(value), count) for value, count in found]


_FEW = ("status", "experiment", "user_id", "run_name", "parent")
