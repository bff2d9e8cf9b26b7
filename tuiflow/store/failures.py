"""What SQLite's errors mean for a person, and what to do about them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tuiflow.errors import StoreError

BUSY_SECONDS = 30.0
"""How long a write waits for other writers."""


class ReadInterrupted(StoreError):
    """A read was cancelled by `Database.interrupt`."""


def store_error(error: sqlite3.DatabaseError, path: Path) -> StoreError:
    """The error to raise instead, with the path and one sentence (sqlite.org/rescode.html)."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_INTERRUPT:
        return ReadInterrupted("The read was cancelled.")
    reason = _REASONS.get(code) or _REASONS.get(code & 0xFF) or f"failed: {error}"
    return StoreError(f"The store {path} {reason}.")


def moved(path: Path) -> StoreError:
    """The error where another file or none is at `path` now."""
    return StoreError(f"The store {path} {_REASONS[sqlite3.SQLITE_READONLY_DBMOVED]}.")


_UNREADABLE = "can't be read or written by its file system; look at the disk, then try again"
_REASONS = {
    sqlite3.SQLITE_BUSY: f"is held by another writer for more than {BUSY_SECONDS:.0f} s; try again"
    " when it has finished",
    sqlite3.SQLITE_FULL: "can't grow: the disk is full; nothing of this write was kept, all before"
    " it was; free some space and try again",
    sqlite3.SQLITE_IOERR: _UNREADABLE,
    sqlite3.SQLITE_IOERR_WRITE: "can't be written: the disk is full, a quota or limit is reached,"
    " or it fails; nothing of this write was kept, all before it was",
    sqlite3.SQLITE_READONLY: "can't be written: it is read-only here",
    sqlite3.SQLITE_READONLY_DBMOVED: "was moved or deleted while it was open; start again to use"
    " the one that is there now",
    sqlite3.SQLITE_CANTOPEN: "can't be opened; check the path and its permissions",
    sqlite3.SQLITE_NOTADB: "is not a tuiflow store (not an SQLite file)",
    sqlite3.SQLITE_CORRUPT: "is damaged; see what can be read with `tuiflow db check`, and restore"
    " it from a backup",
}
