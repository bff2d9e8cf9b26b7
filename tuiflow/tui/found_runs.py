"""The runs a table shows: those that are pinned on top, then those that a query finds."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tuiflow.filters import And, In, Key, Kind, Op
from tuiflow.filters.tree import Compare
from tuiflow.protocols import RunQuery
from tuiflow.store import Store

_RUN_ID = Key(Kind.ATTRIBUTE, "run_id")
_STATUS = Key(Kind.ATTRIBUTE, "status")


@dataclass(frozen=True, slots=True)
class Found:
    """Row keys, of which the first `pinned` are pinned runs; `strangers` are those of them that the
    filter keeps out."""

    keys: array[int]
    pinned: int = 0
    strangers: frozenset[int] = frozenset()


def find_runs(
    store: Store, query: RunQuery, pins: Sequence[str] = (), limit: int | None = None
) -> Found:
    """The runs of a query in its order, but first the pinned ones of its experiments."""
    keys = store.search_keys(query, limit)
    if not pins:
        return Found(keys)
    pinned = In(_RUN_ID, tuple(pins))
    top = store.search_keys(replace(query, filter=pinned))
    matching = top
    if query.filter is not None:
        matching = store.search_keys(replace(query, filter=And((pinned, query.filter))))
    on_top = frozenset(top)
    rest = array("q", (key for key in keys if key not in on_top))
    return Found(top + rest, len(top), on_top - frozenset(matching))


def newest_live(store: Store, query: RunQuery) -> int | None:
    """The row key of the newest run of a query that is running."""
    running = Compare(_STATUS, Op.EQ, "RUNNING")
    node = running if query.filter is None else And((query.filter, running))
    found = store.search_keys(replace(query, filter=node, order_by=()), 1)
    return found[0] if found else None
