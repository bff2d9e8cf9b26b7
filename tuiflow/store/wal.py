"""Keeping the write-ahead log short.

SQLite's own checkpoints, one after each commit once the log has 1,000 pages, never come to an end
where several processes write all the time: the log grows, reads get slower, and each commit waits
for the disk. Here a writer empties the log when it is long: first what it can while others write,
then the rest, for which they wait a moment.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

LIMIT_BYTES = 16 << 20
"""How long the log may be before it is emptied."""
_PATIENCE_MS = (20, 40, 80, 160)
"""How long writers wait at most for readers of an older state, by attempts that were in vain."""
_EVERY = 16
"""Commits from one look at the log to the next."""


class WriteAheadLog:
    """The log beside a database file, for the one connection of a process that writes."""

    def __init__(self, database: Path) -> None:
        self._path = Path(f"{os.path.realpath(database)}-wal")
        self._commits = 0
        self._failed = 0
        self._due = 0

    def opened(self, conn: sqlite3.Connection) -> None:
        """A new connection that writes: leave checkpoints to this."""
        conn.execute("PRAGMA wal_autocheckpoint = 0")

    def committed(self, conn: sqlite3.Connection) -> None:
        """After a commit: empty the log if it is long."""
        self._commits += 1
        if not self._commits % _EVERY:
            self.shorten(conn, LIMIT_BYTES)

    def shorten(self, conn: sqlite3.Connection, limit: int) -> None:
        """Outside a transaction: empty the log if it is longer than `limit` bytes."""
        try:
            size = self._path.stat().st_size
        except OSError:  # not in WAL
            return
        if size < max(self._due, limit):
            return
        # What was committed stays so whether this works or not.
        with contextlib.suppress(sqlite3.Error):
            if _empty(conn, _PATIENCE_MS[min(self._failed, len(_PATIENCE_MS) - 1)]):
                self._failed = self._due = 0
                return
        # Long reads, one into the other: writers must not wait for them again and again.
        self._due = size + (LIMIT_BYTES << max(self._failed - len(_PATIENCE_MS), 0))
        self._failed += 1


def _empty(conn: sqlite3.Connection, patience_ms: int) -> bool:
    """Write the log into the database, and cut it off; False where readers or writers need it."""
    conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    conn.execute(f"PRAGMA busy_timeout = {patience_ms}")
    try:
        return not conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        conn.execute("PRAGMA busy_timeout = 0")
