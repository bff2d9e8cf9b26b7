"""Bring a store of an older version to this one: after a backup, all or nothing."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tuiflow.errors import StoreError
from tuiflow.store.schema import SCHEMA_VERSION, statements


def backup_path(path: Path, version: int) -> Path:
    """Where the copy of a store of an older version is kept, beside it."""
    return path.with_name(f"{path.name}.version-{version}.backup")


def run(conn: sqlite3.Connection, path: Path) -> Path | None:
    """Upgrade inside the write transaction that `conn` holds, and return where the backup is.

    None where another process was quicker. Raises StoreError, with the store as it was, where the
    backup can't be written.
    """
    version = conn.execute("PRAGMA user_version").fetchone()[0]
    if version >= SCHEMA_VERSION:
        return None
    backup = backup_path(path, version)
    try:
        copy(path, backup)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(
            f"The store {path} is of an older version and is upgraded only after a backup, which"
            f" can't be written to {backup} ({reason}); nothing was changed."
        ) from error
    for statement in statements(version):
        conn.execute(statement)
    return backup


def copy(path: Path, target: Path) -> None:
    """Write a consistent copy of a store's database, as last committed, 0600; it replaces `target`
    when it is whole. Raises OSError, sqlite3.Error."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(part)) as copied,
        ):
            source.backup(copied)
            copied.execute("PRAGMA journal_mode = DELETE")  # one file, without a -wal beside it
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
