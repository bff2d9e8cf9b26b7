"""What a connection remembers of its writes: interned names of metrics, params, tags; marks."""

from __future__ import annotations

import sqlite3

from tuiflow.store.changes import Marks


def find(conn: sqlite3.Connection, kind: int, name: str) -> int | None:
    """The id of a metric's, param's or tag's name; None where no run has it."""
    row = conn.execute("SELECT id FROM keys WHERE kind = ? AND name = ?", (kind, name)).fetchone()
    return None if row is None else int(row[0])


class Keys:
    """Name to integer id, cached, and the marks of changed runs; `forget` after a transaction was
    undone."""

    def __init__(self) -> None:
        self.marks = Marks()
        self._ids: dict[tuple[int, str], int] = {}
        self._names: dict[int, str] = {}

    def forget(self) -> None:
        self.marks.forget()
        self._ids.clear()
        self._names.clear()

    def intern(self, conn: sqlite3.Connection, kind: int, name: str) -> int:
        """The id of a name, made new where there is none; call it inside a write."""
        found = self._ids.get((kind, name))
        if found is not None:
            return found
        key_id = find(conn, kind, name)
        if key_id is None:
            row = conn.execute(
                "INSERT INTO keys (kind, name) VALUES (?, ?) RETURNING id", (kind, name)
            ).fetchone()
            key_id = int(row[0])
        self._ids[kind, name] = key_id
        return key_id

    def names(self, conn: sqlite3.Connection) -> dict[int, str]:
        """Names by id, as far as they are needed: call `name_of` for one."""
        highest = conn.execute("SELECT max(id) FROM keys").fetchone()[0] or 0
        if len(self._names) < highest:
            self._names = dict(conn.execute("SELECT id, name FROM keys"))
        return self._names
