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
"""How long the log may be before it is emptied, and after each attempt that readers prevent."""
_PATIENCE_MS = 20
"""How long writers wait for readers of an older state, at most."""
_EVERY = 16
"""Commits from one look at the log to the next."""


class WriteAheadLog:
    """The log beside a database file, for the one connection of a process that writes."""

    def __init__(self, database: Path) -> None:
        self._path = Path(f"{os.path.realpath(database)}-wal")
        self._commits = 0
        self._due = 0

    def opened(self, conn: sqlite3.Connection) -> None:
        """A new connection that writes: leave checkpoints to this."""
        conn.execute("PRAGMA wal_autocheckpoint = 0")

    def committed(self, conn: sqlite3.Connection) -> None:
        """After a commit: empty the log if it is long."""
        self._commits += 1
        if self._commits % _EVERY:
            return
        try:
            size = self._path.stat().st_size
        except OSError:  # not in WAL
            return
        if size >= max(self._due, LIMIT_BYTES):
            # What was committed stays so whether this works or not.
            with contextlib.suppress(sqlite3.Error):
                self._due = 0 if _empty(conn) else size + LIMIT_BYTES


def _empty(conn: sqlite3.Connection) -> bool:
    conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    conn.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
    try:
        return not conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        conn.execute("PRAGMA busy_timeout = 0")
