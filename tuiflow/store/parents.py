"""Which runs are children of which: by the tag that names the parent, as in MLflow."""

from __future__ import annotations

import re
import sqlite3
from array import array

from tuiflow.entities import TAG_PARENT
from tuiflow.nesting import Links
from tuiflow.store.schema import TAG
from tuiflow.store.search import snapshot

_RUN_ID = re.compile(r"[0-9a-fA-F]{32}")


def links(conn: sqlite3.Connection) -> Links:
    """The children of all parents that are still there."""
    found = Links(array("q"), array("q"))
    with snapshot(conn):
        key = conn.execute(
            "SELECT id FROM keys WHERE kind = ? AND name = ?", (TAG, TAG_PARENT)
        ).fetchone()
        text, parent = "", None
        # By the index of values: the children of one parent come together.
        for named, run in conn.execute(
            "SELECT text, run FROM tags WHERE key = ? ORDER BY number, text", key or (-1,)
        ):
            if named != text:
                text, parent = named, row_of(conn, named)
            if parent is not None:
                found.children.append(run)
                found.parents.append(parent)
    return found


def row_of(conn: sqlite3.Connection, run_id: str) -> int | None:
    """The row key of the run that a tag names, None where there is no such run."""
    if not _RUN_ID.fullmatch(run_id):
        return None
    row = conn.execute("SELECT id FROM runs WHERE uuid = ?", (bytes.fromhex(run_id),)).fetchone()
    return None if row is None else int(row[0])
