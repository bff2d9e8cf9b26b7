"""The columns of one store, for reading, and their sealing."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tuiflow.store.columns import sealing
from tuiflow.store.columns.cache import Cache
from tuiflow.store.columns.view import View
from tuiflow.store.connection import Database
from tuiflow.store.processes import now_ms


class Columns:
    """One for a store; safe to use from threads, which wait for one another."""

    def __init__(self, db: Database, root: Path, budget_bytes: int = 48 << 20) -> None:
        self._db = db
        self._root = root
        self._cache = Cache(budget_bytes)
        self._lock = threading.RLock()
        self._last: tuple[sqlite3.Connection, int] | None = None

    @contextlib.contextmanager
    def view(self, conn: sqlite3.Connection) -> Iterator[View]:
        """The columns as they are now: one snapshot, which `conn`, outside a transaction of its
        own, is in for as long as the block lasts."""
        with self._lock:
            conn.execute("BEGIN")
            try:
                version = conn.execute("PRAGMA data_version").fetchone()[0]
                if self._last != (conn, version):
                    self._cache.refresh(conn)
                    self._last = (conn, version)
                yield View(conn, self._root, now_ms(), self._cache)
            finally:
                conn.execute("COMMIT")

    def seal(
        self,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        """Write the columns of all blocks that have changed; `progress` gets blocks done and in
        all. When `cancelled` says so, the rest is left for another time.

        Raises StoreError where the store can't be written.
        """
        with self._db.read() as conn:
            due = sealing.due(conn)
        for done, block in enumerate(due):
            if cancelled is not None and cancelled():
                return
            if progress is not None:
                progress(done, len(due))
            sealing.seal(self._db, block)
        if progress is not None:
            progress(len(due), len(due))
