"""Which runs are children of which: by the tag that names the parent, as in MLflow."""

from __future__ import annotations

import json
import re
import sqlite3
from array import array
from collections.abc import Sequence

from tuiflow.entities import TAG_PARENT
from tuiflow.nesting import Links
from tuiflow.store import keys
from tuiflow.store.schema import TAG
from tuiflow.store.snapshots import snapshot

_RUN_ID = re.compile(r"[0-9a-fA-F]{32}")


def links(conn: sqlite3.Connection, among: Sequence[int] | None = None) -> Links:
    """The children of all parents that are still there, or those `among` some row keys."""
    found = Links(array("q"), array("q"))
    with snapshot(conn):
        key = keys.find(conn, TAG, TAG_PARENT)
        if key is None:
            return found
        text, parent = "", None
        # By the index of values: the children of one parent come together.
        where, values = "key = ?", list[object]([key])
        if among is not None:
            where += " AND run IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(list(among)))
        for named, run in conn.execute(
            f"SELECT text, run FROM tags WHERE {where} ORDER BY number, text", values
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
