"""The columns of one store, for reading, and their sealing."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tuiflow.errors import StoreError
from tuiflow.store.columns import sealing
from tuiflow.store.columns.cache import Cache
from tuiflow.store.columns.view import View
from tuiflow.store.connection import Database
from tuiflow.store.failures import ReadInterrupted
from tuiflow.store.guarded import guarded
from tuiflow.store.pieces import LOG_BYTES
from tuiflow.store.processes import now_ms

_MANY = 2048
"""Marked runs that make a search seal some of them."""
_FEW = 256
"""Marked runs of a block that are left to the rows, unless all blocks have as few."""
_SETTLED = 2
"""Seconds without a mark after which a run is worth sealing."""
_BACKLOG = 32
_MOMENT = 0.05
_LONG_MOMENT = 0.25
"""Seconds that a search spends on sealing; the longer where more than `_BACKLOG` blocks are due."""
_PATIENCE = 0.02
"""Seconds that it waits for writers."""
_PAUSE = 5.0
"""Seconds until it looks again, after there was nothing to seal."""


class Columns:
    """One for a store; safe to use from threads, which wait for one another."""

    def __init__(self, db: Database, root: Path, budget_bytes: int = 48 << 20) -> None:
        self._db = db
        self._root = root
        self._budget_bytes = budget_bytes
        self._cache = Cache(budget_bytes)
        self._lock = threading.RLock()
        self._sealed_at = -_PAUSE
        self._last: tuple[sqlite3.Connection, int] | None = None

    @property
    def held_bytes(self) -> int:
        """Bytes of the columns in memory."""
        return self._cache.nbytes

    @guarded
    def view(self, conn: sqlite3.Connection) -> Iterator[View]:
        """The columns as they are now: one snapshot, which `conn`, outside a transaction of its
        own, is in for as long as the block lasts.

        Where much has changed since it was sealed, some of that is sealed first.
        """
        with self._lock:
            try:
                self._begin(conn)
                if self._wants_sealing():
                    conn.execute("COMMIT")
                    self._seal_some(conn)
                    self._begin(conn)
                yield View(conn, self._root, now_ms(), self._cache)
            except KeyboardInterrupt:
                # It may have come in the middle of a change of what is kept.
                self._cache = Cache(self._budget_bytes)
                self._last = None
                raise
            finally:
                if conn.in_transaction:
                    conn.execute("COMMIT")

    def _begin(self, conn: sqlite3.Connection) -> None:
        conn.execute("BEGIN")
        version = conn.execute("PRAGMA data_version").fetchone()[0]
        if self._last != (conn, version):
            self._cache.refresh(conn)
            self._last = (conn, version)

    def _wants_sealing(self) -> bool:
        cache = self._cache
        if self._db.read_only or time.monotonic() < self._sealed_at + _PAUSE:
            return False
        return len(cache.marked) > _MANY or (cache.again > _MANY and time.time() > cache.second + 1)

    def _seal_some(self, conn: sqlite3.Connection) -> None:
        """Seal what has changed most, for a moment; not where others are writing."""
        now = time.monotonic()
        try:
            due = sealing.most_changed(conn, int(time.time()) - _SETTLED, _FEW)
            end = now + (_LONG_MOMENT if len(due) > _BACKLOG else _MOMENT)
            if not due:
                sealing.raise_fence(self._db, _PATIENCE)
            for block in due:
                sealing.seal(self._db, block, _PATIENCE)
                if time.monotonic() > end:
                    return
            self._sealed_at = now
        except ReadInterrupted:
            raise
        except StoreError:  # others are writing, or there is no room
            self._sealed_at = now

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
            if sealing.has_marks(conn, int(time.time()), _MANY):
                time.sleep(1 - time.time() % 1)  # marks of this second stay
        for done, block in enumerate(due):
            if cancelled is not None and cancelled():
                return
            if progress is not None:
                progress(done, len(due))
            sealing.seal(self._db, block)
            self._db.shorten_log(LOG_BYTES)
        if progress is not None:
            progress(len(due), len(due))
