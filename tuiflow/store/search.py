"""Which runs, in which order: a `RunQuery` to row keys; and which keys there are."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

from tuiflow.entities import RunStatus, ViewType
from tuiflow.filters.tree import And, Compare, IsNull, Key, Kind, Node, Op, OrderKey
from tuiflow.protocols import KeyNames, RunQuery
from tuiflow.store.experiments import parse_id
from tuiflow.store.predicates import MISSABLE, TABLES, Builder, number_column
from tuiflow.store.processes import now_ms
from tuiflow.store.snapshots import snapshot

_Statement = tuple[str, Sequence[object]]


def search_keys(
    conn: sqlite3.Connection,
    root: Path,
    query: RunQuery,
    limit: int | None = None,
    offset: int = 0,
    *,
    walk: bool = False,
) -> array[int]:
    """Row keys of the matching runs in order, from `offset` on, at most `limit`.

    With `walk` a page is read along an index of the first sort key, where there is one: quick where
    many runs match, but slow where few do. Raises NotFound for an experiment id that can't be one.
    """
    found = array("q")
    with snapshot(conn):
        if limit is None:
            sql, values = _all_at_once(conn, root, query, now_ms())
            found.extend(row[0] for row in conn.execute(sql, values))
        else:
            pages = _along_index if walk else _in_one
            for sql, values in pages(conn, root, query, now_ms()):
                left = offset + limit - len(found)
                found.extend(row[0] for row in conn.execute(f"{sql} LIMIT {left}", values))
                if len(found) >= offset + limit:
                    break
    return found[offset:] if offset else found


def count_runs(conn: sqlite3.Connection, root: Path, query: RunQuery) -> int:
    """How many runs match; the order does not matter."""
    with snapshot(conn):
        builder = Builder(conn, root, now_ms())
        sql = f"SELECT count(*) FROM {_runs(query)} WHERE {matching(builder, query)}"
        return int(conn.execute(sql, builder.values).fetchone()[0])


def key_names(conn: sqlite3.Connection, experiment_ids: tuple[str, ...] | None = None) -> KeyNames:
    """Names of the metrics, params and tags of these experiments' runs (None: of all runs)."""
    with snapshot(conn):
        return KeyNames(
            *(
                tuple(sorted(_names(conn, kind, experiment_ids)))
                for kind in (Kind.METRIC, Kind.PARAM, Kind.TAG)
            )
        )


def _all_at_once(
    conn: sqlite3.Connection, root: Path, query: RunQuery, now: int, runs: str | None = None
) -> _Statement:
    builder = Builder(conn, root, now)
    where = matching(builder, query)
    joins, terms = _order(builder, query.order_by)
    return (
        f"SELECT r.id FROM {runs or _runs(query)} {joins} WHERE {where} ORDER BY {terms}",
        builder.values,
    )


def _in_one(
    conn: sqlite3.Connection, root: Path, query: RunQuery, now: int
) -> Iterator[_Statement]:
    yield _all_at_once(conn, root, query, now)


def _along_index(
    conn: sqlite3.Connection, root: Path, query: RunQuery, now: int
) -> Iterator[_Statement]:
    """Statements whose rows, one after the other, are the runs in order; few are read of each."""
    first = query.order_by[0] if query.order_by else None
    if first is not None and first.key == _RUN_NAME:
        yield _all_at_once(conn, root, query, now, "runs r INDEXED BY runs_by_name")
        return
    if first is None or first.key.kind not in TABLES or not isinstance(first.key, Key):
        yield _all_at_once(conn, root, query, now)
        return
    # Along the index of the first key: its numbers, then NaN or texts; then runs without the key.
    table, _ = TABLES[first.key.kind]
    column = "value" if first.key.kind is Kind.METRIC else "number"
    direction = "DESC" if first.descending else "ASC"
    by_number = f"s.{column} {direction}, "
    by_text = "" if first.key.kind is Kind.METRIC else f"s.text {direction}, "
    for null, leading in (("IS NOT NULL", by_number), ("IS NULL", by_text)):
        builder = Builder(conn, root, now, run="s.run")
        if (key := builder.key_id(first.key)) is None:
            break
        where = matching(builder, query)
        joins, terms = _order(builder, query.order_by[1:])
        yield (
            f"SELECT r.id FROM {table} s CROSS JOIN runs r ON r.id = s.run {joins}"
            f" WHERE s.key = {builder.bind(key)} AND s.{column} {null} AND {where}"
            f" ORDER BY {leading}{terms}",
            builder.values,
        )
    builder = Builder(conn, root, now)
    where = f"{matching(builder, query)} AND {builder.condition(IsNull(first.key))}"
    joins, terms = _order(builder, query.order_by[1:])
    yield f"SELECT r.id FROM runs r {joins} WHERE {where} ORDER BY {terms}", builder.values


def matching(builder: Builder, query: RunQuery) -> str:
    """The condition of everything the query says but the order."""
    where = scope(builder, query)
    return where if query.filter is None else f"{where} AND {builder.condition(query.filter)}"


RUNNING = "SELECT id FROM runs WHERE status = 'RUNNING'"


def _runs(query: RunQuery) -> str:
    """The runs to look at as `r`: those that are going on are few, and have an index."""
    if query.filter is not None and asks_running(query.filter):
        return f"({RUNNING}) live CROSS JOIN runs r ON r.id = live.id"
    return "runs r"


def asks_running(node: Node) -> bool:
    """Does a filter ask for runs that are going on, whether their process lives or not?"""
    match node:
        case And(parts):
            return any(map(asks_running, parts))
        case Compare(key, Op.EQ, str() as status):
            return key == _STATUS and status in (RunStatus.RUNNING, RunStatus.STALE)
    return False


def scope(builder: Builder, query: RunQuery) -> str:
    """The condition of the query's experiments and lifecycle stage."""
    tests = {
        ViewType.ACTIVE_ONLY: ["r.deleted_at IS NULL"],
        ViewType.DELETED_ONLY: ["r.deleted_at IS NOT NULL"],
        ViewType.ALL: [],
    }[query.view]
    if query.experiment_ids is not None:
        tests.append(f"r.experiment {_among(builder, query.experiment_ids)}")
    elif builder.conn.execute("SELECT 1 FROM experiments WHERE deleted_at IS NOT NULL").fetchone():
        # The + keeps SQLite on the index by start time.
        tests.append("+r.experiment IN (SELECT id FROM experiments WHERE deleted_at IS NULL)")
    return " AND ".join(tests) or "1"


def _among(builder: Builder, experiment_ids: Sequence[str]) -> str:
    ids = [builder.bind(parse_id(experiment_id)) for experiment_id in experiment_ids]
    return f"= {ids[0]}" if len(ids) == 1 else f"IN ({', '.join(ids)})"


def _order(builder: Builder, keys: Sequence[OrderKey]) -> tuple[str, str]:
    """Joins and ORDER BY terms: numbers, then NaN or texts, then missing; newest first in ties."""
    joins: list[str] = []
    terms: list[str] = []
    for index, order in enumerate(keys):
        direction = "DESC" if order.descending else "ASC"
        if order.key.kind is Kind.ATTRIBUTE:
            value = builder.attribute(order.key.name)
            if order.key.name in MISSABLE:
                terms.append(f"{value} IS NULL")
            terms.append(f"{value} {direction}")
            continue
        if (key := builder.key_id(order.key)) is None:
            continue
        table, o = TABLES[order.key.kind][0], f"o{index}"
        joins.append(f"LEFT JOIN {table} {o} ON {o}.run = r.id AND {o}.key = {builder.bind(key)}")
        number = number_column(order.key, f"{o}.")
        terms.append(f"({o}.run IS NULL) + ({number} IS NULL)")
        terms.append(f"{number} {direction}")
        if order.key.kind is not Kind.METRIC:
            terms.append(f"CASE WHEN {o}.number IS NULL THEN {o}.text END {direction}")
    if not (keys and keys[-1].key == _START_TIME):
        terms.append("r.start_time DESC")
    return " ".join(joins), ", ".join([*terms, "r.uuid"])


_START_TIME = Key(Kind.ATTRIBUTE, "start_time")
_STATUS = Key(Kind.ATTRIBUTE, "status")
_RUN_NAME = Key(Kind.ATTRIBUTE, "run_name")


def _names(
    conn: sqlite3.Connection, kind: Kind, experiment_ids: tuple[str, ...] | None
) -> list[str]:
    table, number = TABLES[kind]
    builder = Builder(conn, Path(), 0)
    if experiment_ids is None:
        used = f"EXISTS (SELECT 1 FROM {table} WHERE key = k.id)"
    else:
        within = f"r.experiment {_among(builder, experiment_ids)}"
        used = (
            f"id IN (SELECT DISTINCT t.key FROM runs r CROSS JOIN {table} t ON t.run = r.id"
            f" WHERE {within})"
        )
    sql = f"SELECT name FROM keys k WHERE kind = {number} AND {used}"
    return [row[0] for row in conn.execute(sql, builder.values)]
