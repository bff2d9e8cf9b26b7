"""What is asked of many runs, each question answered the quick way.

Of few runs that is plain SQL, without numpy. Of many, a first page is looked for along an index for
a moment; all else, and pages that aren't found that way, come from columns.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tuiflow.entities import ViewType
from tuiflow.filters.tree import And, Compare, In, Key, Kind, Node, Op
from tuiflow.protocols import KeyNames, RunQuery
from tuiflow.store import memory, search, walk
from tuiflow.store.connection import Database
from tuiflow.store.guarded import guarded
from tuiflow.store.predicates import Builder

if TYPE_CHECKING:
    import sqlite3

    from tuiflow.entities import ExperimentCounts
    from tuiflow.filters.tree import Measure
    from tuiflow.nesting import Links
    from tuiflow.store.column_values import ColumnSummary
    from tuiflow.store.columns import Columns
    from tuiflow.store.groups import Grouping, Summary
    from tuiflow.store.run_columns import Value
    from tuiflow.store.run_table import RunTable
    from tuiflow.store.usage import KeyUsage
    from tuiflow.store.vectors.source import Memory, Source

LARGE = 5_000
"""From so many runs on, columns are quicker than rows, even if they have to be loaded."""
_LARGE_IF_LOADED = 2_000
"""From so many on, where columns are in use already."""
_WALK = 2.5e-9
"""Seconds for each run of the store that a first page may take along an index, if columns can
answer at once; not less than `_LEAST_WALK` and not more than `_MOST_WALK`."""
_LEAST_WALK = 0.001
_MOST_WALK = 0.004
_COLD_WALK = 0.03
"""Seconds that it may take where numpy and the columns would have to be loaded."""
_COLD_WALKS = 0.2
"""Seconds of such walks together, after which loading them is the better deal."""
_DEEP = 5_000
"""A page this far down is likely one of many."""
_GIVEN_BACK = 200_000
"""From so many runs on, what is freed of long arrays is given back at once."""


class Searches:
    """Of one store. `columns` gives its columns, made when they are first needed."""

    def __init__(self, db: Database, root: Path, columns: Callable[[], Columns]) -> None:
        self._db = db
        self._root = root
        self._columns = columns
        self._memory: Memory | None = None
        """There from the first question on that was answered from columns."""
        self._walked = 0.0

    def keys(self, query: RunQuery, limit: int | None = None, offset: int = 0) -> array[int]:
        """See `Store.search_keys`."""
        with self._db.read() as conn:
            if not self._is_large(conn, query):
                return search.search_keys(conn, self._root, query, limit, offset)
            if limit is not None and offset + limit < LARGE:
                seconds = self._patience(conn, query)
                start = time.perf_counter()
                found = walk.first_page(conn, self._root, query, limit, offset, seconds)
                self._walked += time.perf_counter() - start
                if found is not None:
                    return found
            from tuiflow.store.vectors.find import find, page

            with self._source(conn, whole=limit is None or offset >= _DEEP) as source:
                if limit is not None and offset >= _DEEP:
                    return page(source, query, limit, offset)
                return find(source, query, limit, offset)

    def _patience(self, conn: sqlite3.Connection, query: RunQuery) -> float:
        """Seconds that a walk may take."""
        by_name = bool(query.order_by) and query.order_by[0].key == _RUN_NAME
        is_cold = self._memory is None and self._walked < _COLD_WALKS
        if is_cold or by_name:  # there are hardly two equal names
            return _COLD_WALK
        runs = conn.execute("SELECT max(id) FROM runs").fetchone()[0] or 0
        return float(min(max(runs * _WALK, _LEAST_WALK), _MOST_WALK))

    def count(self, query: RunQuery) -> int:
        """See `Store.count_runs`."""
        with self._db.read() as conn:
            plain = query.filter is None and self._memory is None
            if plain or not self._is_large(conn, query):
                return search.count_runs(conn, self._root, query)
            from tuiflow.store.vectors import masks

            with self._source(conn) as source:
                return int(masks.matching(source, query).sum())

    def columns(
        self, query: RunQuery, keys: Sequence[Key | Measure]
    ) -> tuple[array[int], list[list[Value]]]:
        """See `Store.run_columns`."""
        from tuiflow.store import run_columns

        with self._db.read() as conn:
            if not self._is_large(conn, query):
                return run_columns.read(conn, self._root, query, keys)
            from tuiflow.store.vectors import frames

            with self._source(conn, whole=True) as source:
                return frames.columns(source, query, keys)

    def table(self, query: RunQuery, limit: int | None = None, offset: int = 0) -> RunTable | None:
        """The runs that are found as a table; None where they are few, and their entities are
        quicker."""
        with self._db.read() as conn:
            if (limit is not None and limit < LARGE) or not self._is_large(conn, query):
                return None
            import numpy as np

            from tuiflow.store.vectors.find import find
            from tuiflow.store.vectors.tables import table

            with self._source(conn, whole=True) as source:
                found = find(source, query, limit, offset)
                if len(found) < LARGE:
                    return None
                return table(source, np.frombuffer(found, np.int64))

    def column_summary(self, query: RunQuery, key: Key) -> ColumnSummary:
        """See `Store.column_summary`."""
        from tuiflow.store import column_values, run_columns

        with self._db.read() as conn:
            if not self._is_large(conn, query):
                _, (values,) = run_columns.read(conn, self._root, query, (key,))
                return column_values.column_summary(values)
            from tuiflow.store.vectors import summaries

            with self._source(conn, whole=True) as source:
                return summaries.column_summary(source, query, key)

    def group(self, query: RunQuery, key: Key, measures: Sequence[Key | Measure]) -> Grouping:
        """See `Store.group_runs`."""
        from tuiflow.store import groups, run_columns

        groups.check_key(key)
        for measure in measures:
            groups.check_number(measure)
        with self._db.read() as conn:
            if not self._is_large(conn, query):
                _, (values, *columns) = run_columns.read(
                    conn, self._root, query, (key, *measures), keep_texts=True
                )
                return groups.group(key, values, columns)
            from tuiflow.store.vectors import groups as vector_groups

            with self._source(conn, whole=True) as source:
                return vector_groups.group(source, query, key, measures)

    def summarize(self, query: RunQuery, key: Key | Measure) -> Summary:
        """See `Store.summarize`."""
        from tuiflow.store import groups, run_columns

        with self._db.read() as conn:
            if not self._is_large(conn, query):
                rows, (values,) = run_columns.read(conn, self._root, query, (key,))
                return groups.summary(rows, values)
            from tuiflow.store.vectors import summaries

            with self._source(conn, whole=True) as source:
                return summaries.summary(source, query, key)

    def experiment_counts(self) -> dict[str, ExperimentCounts]:
        """See `Store.experiment_counts`."""
        from tuiflow.store import experiments

        with self._db.read() as conn:
            if self._memory is None:
                return experiments.counts(conn, experiments.active_runs(conn))
            from tuiflow.store.vectors import summaries

            with self._source(conn) as source:
                return experiments.counts(conn, summaries.active_runs(source))

    def parents(self, among: Sequence[int] | None) -> Links:
        """See `Store.parents`."""
        from tuiflow.store import parents

        with self._db.read() as conn:
            if among is not None or self._memory is None:
                return parents.links(conn, among)
            from tuiflow.store.vectors import nesting

            with self._source(conn) as source:
                return nesting.links(source)

    def key_names(self, experiment_ids: tuple[str, ...] | None) -> KeyNames:
        """See `Store.key_names`."""
        with self._db.read() as conn:
            query = RunQuery(experiment_ids, view=ViewType.ALL)
            if experiment_ids is None or not self._is_large(conn, query):
                return search.key_names(conn, experiment_ids)
            from tuiflow.store.vectors import names

            with self._source(conn) as source:
                return names.key_names(source, experiment_ids)

    def value_counts(
        self, key: Key, experiment_ids: tuple[str, ...] | None, limit: int
    ) -> list[tuple[str, int]]:
        """See `Store.value_counts`."""
        from tuiflow.store import usage

        query = RunQuery(experiment_ids)
        with self._db.read() as conn:
            if not usage.has_columns(key) or not self._is_large(conn, query):
                return usage.value_counts(conn, self._root, key, experiment_ids, limit)
            from tuiflow.store.vectors import summaries

            with self._source(conn) as source:
                return summaries.value_counts(source, query, key, limit)

    def key_usage(self, experiment_ids: tuple[str, ...] | None) -> KeyUsage:
        """See `Store.key_usage`."""
        from tuiflow.store import usage

        query = RunQuery(experiment_ids)
        with self._db.read() as conn:
            if not self._is_large(conn, query):
                found = search.search_keys(conn, self._root, query)
                return usage.key_usage(conn, found[:: usage.stride(len(found))])
            from tuiflow.store.vectors import masks

            with self._source(conn) as source:
                rows = masks.matching(source, query).nonzero()[0]
                return usage.key_usage(conn, rows[:: usage.stride(len(rows))].tolist())

    def _is_large(self, conn: sqlite3.Connection, query: RunQuery) -> bool:
        """Are there many runs to look at?"""
        large = LARGE if self._memory is None else min(LARGE, _LARGE_IF_LOADED)
        if query.filter is not None:
            if _names_runs(query.filter):
                return False
            if search.asks_running(query.filter):
                sql = f"{search.RUNNING} LIMIT 1 OFFSET {large}"
                return conn.execute(sql).fetchone() is not None
        builder = Builder(conn, self._root, 0)
        where = search.scope(builder, query)
        sql = f"SELECT 1 FROM runs r WHERE {where} LIMIT 1 OFFSET {large}"
        return conn.execute(sql, builder.values).fetchone() is not None

    @guarded
    def _source(self, conn: sqlite3.Connection, *, whole: bool = False) -> Iterator[Source]:
        """The columns to ask; `whole` where arrays as long as they are made several times."""
        from tuiflow.store.vectors.source import Memory, Source

        if self._memory is None:
            self._memory = Memory()
        with self._columns().view(conn) as view:
            try:
                yield Source(view, self._memory)
            except KeyboardInterrupt:  # in the middle of a change of it, perhaps
                self._memory = Memory()
                raise
            whole = whole and view.size > _GIVEN_BACK
        if whole:
            memory.give_back()


def _names_runs(node: Node) -> bool:
    """Does a filter ask for runs by their ids, of which there is an index?"""
    match node:
        case And(parts):
            return any(map(_names_runs, parts))
        case Compare(key, Op.EQ, _) | In(key, _, False):
            return key == _RUN_ID
    return False


_RUN_ID = Key(Kind.ATTRIBUTE, "run_id")
_RUN_NAME = Key(Kind.ATTRIBUTE, "run_name")
