"""Which runs are children of which: by the tag that names the parent, as in MLflow."""

from __future__ import annotations

import re
import sqlite3

from tuiflow.entities import TAG_PARENT
from tuiflow.store.schema import TAG
from tuiflow.store.search import snapshot

_RUN_ID = re.compile(r"[0-9a-fA-F]{32}")


def parents(conn: sqlite3.Connection) -> dict[int, int]:
    """Row keys of children to those of their parents; parents that are gone are left out."""
    with snapshot(conn):
        key = conn.execute(
            "SELECT id FROM keys WHERE kind = ? AND name = ?", (TAG, TAG_PARENT)
        ).fetchone()
        if key is None:
            return {}
        known: dict[str, int | None] = {}
        found: dict[int, int] = {}
        # By the index of values: the children of one parent come together.
        for text, run in conn.execute("SELECT text, run FROM tags WHERE key = ?", key):
            if text not in known:
                known[text] = _row(conn, text)
            parent = known[text]
            if parent is not None:
                found[run] = parent
        return found


def _row(conn: sqlite3.Connection, text: str) -> int | None:
    if not _RUN_ID.fullmatch(text):
        return None
    row = conn.execute("SELECT id FROM runs WHERE uuid = ?", (bytes.fromhex(text),)).fetchone()
    return None if row is None else int(row[0])
