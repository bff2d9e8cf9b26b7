"""The runs a table shows: those that are pinned on top, then those that a query finds, children
under their parents."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tuiflow.directions import direction
from tuiflow.entities import ViewType
from tuiflow.filters import And, In, Key, Kind, Op
from tuiflow.filters.tree import Compare, Measure
from tuiflow.nesting import Branch, Nested, nest
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, memory
from tuiflow.text import number

_RUN_ID = Key(Kind.ATTRIBUTE, "run_id")
_STATUS = Key(Kind.ATTRIBUTE, "status")


@dataclass(frozen=True, slots=True)
class Found:
    """Row keys of the rows, of which the first `pinned` are pinned runs; `strangers` are those of
    them that the filter keeps out.

    `depths` (by row, after the pinned ones) and `branches` (by row key) tell how the others are
    nested; `hidden` are found, but folded away. `line` sums up the metric that they are sorted by;
    with `partial` there may be more than are known yet. `deleted` tells that there are none because
    they were all deleted.
    """

    keys: array[int]
    pinned: int = 0
    strangers: frozenset[int] = frozenset()
    depths: Sequence[int] = b""
    branches: Mapping[int, Branch] = field(default_factory=dict)
    hidden: array[int] = field(default_factory=lambda: array("q"))
    line: str = ""
    partial: bool = False
    deleted: bool = False

    def depth(self, row: int) -> int:
        """How deep the run in that row stands under others."""
        return self.depths[row - self.pinned] if self.depths and row >= self.pinned else 0

    @property
    def count(self) -> int:
        """How many runs the query has found."""
        return len(self.keys) - len(self.strangers) + len(self.hidden)


def find_runs(
    store: Store,
    query: RunQuery,
    pins: Sequence[str] = (),
    limit: int | None = None,
    is_folded: Callable[[int], bool] | None = None,
) -> Found:
    """The runs of a query in its order, but first the pinned ones of its experiments.

    `is_folded` says of the row key of a parent whether its children are hidden; without it, runs
    aren't nested.
    """
    if limit is None:
        memory.give_back_at_once()  # before there are columns: what lies between them stays
    keys = store.search_keys(query, limit)
    top, strangers = array("q"), frozenset[int]()
    if pins:
        top, strangers = _pinned(store, query, pins)
        keys = _without(keys, top)
    nested = Nested(keys)
    if is_folded is not None:
        # Of a first page, no more is looked up than what it needs.
        links = store.parents(None if limit is None else keys)
        nested = nest(keys, links, is_folded)
    return Found(
        top + nested.keys,
        len(top),
        strangers,
        nested.depths,
        nested.branches,
        nested.hidden,
        _line(store, query) if limit is None else "",
        limit is not None and len(keys) >= limit,
        not (keys or top) and _are_deleted(store, query),
    )


def _are_deleted(store: Store, query: RunQuery) -> bool:
    """Whether there are deleted runs, where a query without a filter finds no others."""
    if query.filter is not None or query.view != ViewType.ACTIVE_ONLY:
        return False
    deleted = replace(query, view=ViewType.DELETED_ONLY, order_by=())
    return bool(store.search_keys(deleted, 1))


def _line(store: Store, query: RunQuery) -> str:
    """`best 0.7504 · median 0.7793` of the metric that comes first in the order."""
    key = query.order_by[0].key if query.order_by else None
    metric = key.key if isinstance(key, Measure) else key
    if key is None or metric is None or metric.kind is not Kind.METRIC:
        return ""
    summary = store.summarize(query, key)
    if summary.spread is None or summary.median is None:
        return ""
    low, high = number(summary.spread.minimum), number(summary.spread.maximum)
    lower = direction(metric.name, store.metric_directions())
    ends = f"min {low} · max {high}" if lower is None else f"best {low if lower else high}"
    some = summary.spread.count < summary.runs
    of = f" · n {summary.spread.count:,}" if some else ""
    return f"{ends} · median {number(summary.median)}{of}"


def _pinned(
    store: Store, query: RunQuery, pins: Sequence[str]
) -> tuple[array[int], frozenset[int]]:
    pinned = In(_RUN_ID, tuple(pins))
    top = store.search_keys(replace(query, filter=pinned))
    matching = top
    if query.filter is not None:
        matching = store.search_keys(replace(query, filter=And((pinned, query.filter))))
    return top, frozenset(top) - frozenset(matching)


def _without(keys: array[int], top: array[int]) -> array[int]:
    np = sys.modules.get("numpy")
    if np is not None and len(keys) > _MANY:
        found = np.frombuffer(keys, dtype=np.int64)
        return array("q", found[~np.isin(found, top)].tobytes())
    on_top = frozenset(top)
    return array("q", (key for key in keys if key not in on_top))


def newest_live(store: Store, query: RunQuery) -> int | None:
    """The row key of the newest run of a query that is running."""
    running = Compare(_STATUS, Op.EQ, "RUNNING")
    node = running if query.filter is None else And((query.filter, running))
    found = store.search_keys(replace(query, filter=node, order_by=()), 1)
    return found[0] if found else None


_MANY = 20_000


def position(keys: array[int], key: int | None) -> int | None:
    """Where a row key stands, None where it isn't there."""
    if key is None:
        return None
    np = sys.modules.get("numpy")  # so many were found with it
    if np is not None and len(keys) > _MANY:
        places = np.flatnonzero(np.frombuffer(keys, dtype=np.int64) == key)
        return int(places[0]) if len(places) else None
    try:
        return keys.index(key)
    except ValueError:
        return None


def newest(keys: array[int]) -> int:
    """The greatest row key, which is of the run that was made last; -1 where there is none."""
    np = sys.modules.get("numpy")
    if np is not None and len(keys) > _MANY:
        return int(np.frombuffer(keys, dtype=np.int64).max())
    return max(keys, default=-1)
