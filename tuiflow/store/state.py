"""What the app remembers between its runs: JSON values by name."""

from __future__ import annotations

import json
import sqlite3


def get(conn: sqlite3.Connection, name: str) -> object | None:
    """The value, or None."""
    row = conn.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
    return None if row is None else json.loads(row[0])


def put(conn: sqlite3.Connection, name: str, value: object) -> None:
    conn.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, json.dumps(value)))
