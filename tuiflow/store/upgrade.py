"""Bring a store of an older version to this one: after a backup, all or nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tuiflow.errors import StoreError
from tuiflow.store.copying import copy
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
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as reader:
            copy(reader, backup)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(
            f"The store {path} is of an older version and is upgraded only after a backup, which"
            f" can't be written to {backup} ({reason}); nothing was changed."
        ) from error
    for statement in statements(version):
        conn.execute(statement)
    return backup
