"""A consistent copy of a database, taken while it is in use."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tuiflow.store.snapshots import snapshot

_PAGES = 2048
"""Pages copied between two calls of a progress function."""


def copy(
    conn: sqlite3.Connection,
    target: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Copy what `conn` reads, as last committed, to a file of mode 0600, synced to disk; it takes
    the place of `target` when it is whole.

    `progress` gets pages done and in all; what it raises ends the copy. Raises OSError,
    sqlite3.Error.
    """
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o600))
    try:
        # In one transaction: a copy would begin anew whenever another connection writes.
        with closing(sqlite3.connect(part)) as copied, snapshot(conn):
            conn.execute("SELECT 1 FROM sqlite_master").fetchone()
            conn.backup(
                copied,
                pages=_PAGES,
                progress=lambda _, remaining, total: progress(total - remaining, total),
                sleep=0,
            )
            copied.execute("PRAGMA journal_mode = DELETE")  # one file, without a -wal beside it
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
