"""Long changes, cut so that others can write in between."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from tuiflow.store.connection import Database

T = TypeVar("T")
R = TypeVar("R")

WHOLE = 500
"""Up to so many things are changed in one transaction, all or none."""
FIRST, MOST = 100, 5000
"""How many of more are changed in the first piece, and at most in a later one."""
AIM = 0.012
"""Seconds that a piece is to hold the write lock, a quarter of what others may be made to wait."""
LOG_BYTES = 8 << 20
"""How long the write-ahead log may get: half of what others would empty it at."""
REST = 0.005
"""Seconds between two pieces, in which one that waits for the lock gets it: longer than any pause
that it makes (see waiting.py)."""


class Pace:
    """How many things to change in the next piece: `size`, which is that of the first one."""

    def __init__(self, size: int) -> None:
        self.size = size

    def took(self, seconds: float) -> None:
        """The last piece held the write lock for so long."""
        # Now and then a commit takes long, of the disk or since the log is emptied after it.
        factor = min(max(AIM / max(seconds, 1e-6), 0.5), 2.0)
        self.size = max(1, min(int(self.size * factor), MOST))


def in_pieces(
    db: Database,
    things: Sequence[T],
    change: Callable[[sqlite3.Connection, Sequence[T]], R],
) -> Iterator[tuple[int, R]]:
    """Call `change` inside a write for one piece of `things` after another. After each commit comes
    how many things were gone through, and what the call returned.

    Up to `WHOLE` things are one piece; of more, a piece is what can be changed in some
    milliseconds. Whoever stops in between keeps what was committed.
    """
    pace = Pace(WHOLE if len(things) <= WHOLE else FIRST)
    through = 0
    while through < len(things):
        if through:
            time.sleep(REST)
        piece = things[through : through + pace.size]
        with db.write() as conn:
            start = time.perf_counter()
            result = change(conn, piece)
        pace.took(time.perf_counter() - start)
        db.shorten_log(LOG_BYTES)
        through += len(piece)
        yield through, result
