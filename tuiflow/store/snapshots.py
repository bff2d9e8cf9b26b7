"""Several reads of one state of the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from tuiflow.store.guarded import guarded


@guarded
def snapshot(conn: sqlite3.Connection) -> Iterator[None]:
    """One state of the store for the reads of the block; that of the block around it, if any."""
    if conn.in_transaction:
        yield
        return
    try:
        conn.execute("BEGIN")
        yield
    finally:
        if conn.in_transaction:
            conn.execute("COMMIT")
