"""The file of a database: which it is, how it is made, and what SQLite keeps beside it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from tuiflow.errors import StoreError


def identity(path: Path) -> tuple[int, int] | None:
    """Of the file that is at a path now, None where there is none."""
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino


def leave_wal(path: Path) -> None:
    """Take a store out of WAL, which needs memory that hosts can't share, before it is used.

    Exclusive locking keeps that memory out of use here too (sqlite.org/wal.html, "noshm").
    """
    with path.open("rb") as file:
        if file.read(20)[18:] != b"\x02\x02":  # sqlite.org/fileformat2.html: 2 is WAL
            return
    with contextlib.closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as conn:
        conn.execute("PRAGMA locking_mode = EXCLUSIVE")
        conn.execute("PRAGMA journal_mode = DELETE")


def create(path: Path) -> None:
    try:
        make_private(path.parent)
        # SQLite gives its -wal and -shm files the mode of the database.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"Can't create a store at {path}: {error.strerror}.") from error


def make_private(folder: Path) -> None:
    """Make a folder and those above it that are missing, all for the owner alone (0700)."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
