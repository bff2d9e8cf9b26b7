"""The part of a store that looks at many runs: which, in which order, and what they have."""

from __future__ import annotations

import functools
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tuiflow.entities import ExperimentCounts, Run
from tuiflow.store.connection import Database

if TYPE_CHECKING:
    from tuiflow.filters.tree import Key, Measure
    from tuiflow.nesting import Links
    from tuiflow.protocols import KeyNames, RunQuery
    from tuiflow.store.column_values import ColumnSummary
    from tuiflow.store.columns import Columns
    from tuiflow.store.groups import Grouping, Summary
    from tuiflow.store.run_columns import Value
    from tuiflow.store.run_table import RunTable
    from tuiflow.store.searches import Searches
    from tuiflow.store.usage import KeyUsage


class RunSearches:
    """What `Store` can tell of many runs. A logging script doesn't ask, so it loads nothing."""

    _db: Database
    root: Path

    def load_runs(self, keys: Sequence[int]) -> list[Run]:
        raise NotImplementedError

    def search_keys(self, query: RunQuery, limit: int | None = None, offset: int = 0) -> array[int]:
        return self._searches.keys(query, limit, offset)

    def count_runs(self, query: RunQuery) -> int:
        return self._searches.count(query)

    def search_runs(self, query: RunQuery, limit: int | None = None, offset: int = 0) -> list[Run]:
        return self.load_runs(self.search_keys(query, limit, offset))

    def run_table(self, query: RunQuery, limit: int | None = None, offset: int = 0) -> RunTable:
        """The runs that `search_runs` gives, as columns."""
        from tuiflow.store.run_table import table_of

        found = self._searches.table(query, limit, offset)
        return table_of(self.search_runs(query, limit, offset)) if found is None else found

    def parents(self, among: Sequence[int] | None = None) -> Links:
        """Row keys of all runs that are children, or of those `among` some, and of their
        parents."""
        return self._searches.parents(among)

    def key_names(self, experiment_ids: tuple[str, ...] | None = None) -> KeyNames:
        return self._searches.key_names(experiment_ids)

    def key_usage(self, experiment_ids: tuple[str, ...] | None = None) -> KeyUsage:
        """How often active runs have each key: the most used first, counted in a sample."""
        return self._searches.key_usage(experiment_ids)

    def value_counts(
        self, key: Key, experiment_ids: tuple[str, ...] | None = None, limit: int = 50
    ) -> list[tuple[str, int]]:
        """The values that most active runs have, and how many have each."""
        return self._searches.value_counts(key, experiment_ids, limit)

    def column_summary(self, query: RunQuery, key: Key) -> ColumnSummary:
        """What the matching runs have of a metric, param, tag or attribute, summed up."""
        return self._searches.column_summary(query, key)

    def run_columns(
        self, query: RunQuery, keys: Sequence[Key | Measure]
    ) -> tuple[array[int], list[list[Value]]]:
        """Row keys of the runs that match, newest first, and their values of each key."""
        return self._searches.columns(query, keys)

    def group_runs(
        self, query: RunQuery, key: Key, measures: Sequence[Key | Measure] = ()
    ) -> Grouping:
        """The matching runs by what they have of a key: how many each, and the count, mean, least
        and greatest of each of `measures` (metrics, and other keys with numbers).

        Raises InvalidInput for a key that runs can't be grouped by, or a measure without numbers.
        """
        return self._searches.group(query, key, measures)

    def summarize(self, query: RunQuery, key: Key | Measure) -> Summary:
        """How many runs match, and the numbers that they have of a key in a line."""
        return self._searches.summarize(query, key)

    @functools.cached_property
    def columns(self) -> Columns:
        """Columns of all runs as arrays; with them comes numpy."""
        from tuiflow.store.columns import Columns

        return Columns(self._db, self.root)

    @functools.cached_property
    def _searches(self) -> Searches:
        from tuiflow.store.searches import Searches

        return Searches(self._db, self.root, lambda: self.columns)

    def experiment_counts(self) -> dict[str, ExperimentCounts]:
        """Active runs of every active experiment, and how many of them are running and alive."""
        return self._searches.experiment_counts()
