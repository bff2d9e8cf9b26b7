"""Which runs, in which order: a query to row keys."""

from __future__ import annotations

from array import array

import numpy as np

from tuiflow.filters.tree import Key, Kind, OrderKey, keys_of
from tuiflow.protocols import RunQuery
from tuiflow.store.vectors.first import first
from tuiflow.store.vectors.masks import matching
from tuiflow.store.vectors.order import in_order
from tuiflow.store.vectors.source import DURATION, STATUS, Source

_NEWEST = OrderKey(Key(Kind.ATTRIBUTE, "start_time"), True)
_PART = 8
"""Up to this part of the runs, they are found without sorting the others."""


def page(source: Source, query: RunQuery, limit: int, offset: int) -> array[int]:
    """A page far down: all runs in order are remembered for the next one, until any changes."""
    keys = [order.key for order in query.order_by]
    if query.filter is not None:
        keys += keys_of(query.filter)
    if STATUS in keys or DURATION in keys:  # which change by themselves
        return find(source, query, limit, offset)
    conn = source.view.conn
    state = (conn, conn.execute("PRAGMA data_version").fetchone(), query)
    if source.memory.found is None or source.memory.found[0] != state:
        source.memory.found = state, find(source, query)
    return source.memory.found[1][offset : offset + limit]


def find(source: Source, query: RunQuery, limit: int | None = None, offset: int = 0) -> array[int]:
    """As `search.search_keys`."""
    found = matching(source, query)
    keys = list(query.order_by)
    while keys and keys[-1] == _NEWEST:
        keys.pop()  # the order of equals, anyway
    count = int(np.count_nonzero(found))
    end = count if limit is None else min(offset + limit, count)
    if not keys and end == count:
        newest = source.view.newest
        rows = newest[found[newest]].astype(np.int64)
    elif end * _PART < count:
        rows = first(source, found, keys, end)
    else:
        rows = in_order(source, np.flatnonzero(found), keys)
    page = array("q")
    page.frombytes(rows[offset:end].tobytes())
    return page
