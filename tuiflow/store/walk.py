"""A first page along an index, given up where it takes too long."""

from __future__ import annotations

import sqlite3
import time
from array import array
from pathlib import Path

from tuiflow.protocols import RunQuery
from tuiflow.store import search

_STEPS = 1_000
"""SQLite looks at the clock after so many of its instructions, some tens of microseconds."""
_WAITING = 5


def first_page(
    conn: sqlite3.Connection,
    root: Path,
    query: RunQuery,
    limit: int,
    offset: int,
    seconds: float,
) -> array[int] | None:
    """As `search.search_keys` with `walk`; None where the page isn't found within `seconds` of
    work, or of waiting for others and the disk within some more."""
    work = time.thread_time() + seconds
    deadline = time.perf_counter() + _WAITING * seconds
    spent = False

    def is_over() -> bool:
        nonlocal spent
        if spent:  # what ends the read may take its time
            return False
        spent = time.thread_time() > work or time.perf_counter() > deadline
        return spent

    conn.set_progress_handler(is_over, _STEPS)
    try:
        return search.search_keys(conn, root, query, limit, offset, walk=True)
    except sqlite3.OperationalError as error:
        if spent and error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    finally:
        conn.set_progress_handler(None, 0)
