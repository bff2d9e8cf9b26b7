"""Which runs have changed since their columns were sealed, and when.

`changes` has a row for each run that isn't in its block's columns as it is now. Writers mark the
runs they write; a reader reads those marked since it last looked, the second it looked at
included; sealing takes marks away. The second of a mark never goes back, even if the clock does,
and as writers come one after the other, a write that is not committed yet can't get an earlier one
than what a reader has seen.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable


class Marks:
    """The marks of one connection's writes: a run is marked at most once a second."""

    def __init__(self) -> None:
        self._marked: set[int] = set()
        self._second = 0

    def forget(self) -> None:
        """After a transaction was undone, or in a child after a fork."""
        self._marked.clear()
        self._second = 0

    def mark(self, conn: sqlite3.Connection, run: int) -> None:
        """Say, inside a write, that a run changes."""
        now = int(time.time())
        if now == self._second and run in self._marked:
            return
        if now != self._second:
            self._marked.clear()
            self._second = now
        self._marked.add(run)
        mark(conn, (run,))


def second(conn: sqlite3.Connection) -> int:
    """The second of a mark made now."""
    last = conn.execute("SELECT max(at) FROM changes").fetchone()[0]
    return max(int(time.time()), last or 0)


def mark(conn: sqlite3.Connection, runs: Iterable[int]) -> None:
    """Say, inside a write, that these runs change."""
    at = second(conn)
    conn.executemany(
        "INSERT INTO changes VALUES (?, ?)"
        " ON CONFLICT (run) DO UPDATE SET at = excluded.at WHERE at != excluded.at",
        [(run, at) for run in runs],
    )
