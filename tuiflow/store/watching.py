"""Long statements of SQLite, looked after while they run."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator

_INSTRUCTIONS = 50_000
"""Of SQLite's virtual machine between two looks: some milliseconds."""


@contextlib.contextmanager
def watched(conn: sqlite3.Connection, look: Callable[[], object]) -> Iterator[None]:
    """Call `look` again and again while statements run in the block. What it raises ends the
    statement, and comes out of the block."""
    raised: list[BaseException] = []

    def handle() -> bool:
        if not raised:
            try:
                look()
            except BaseException as error:
                raised.append(error)
        return bool(raised)

    conn.set_progress_handler(handle, _INSTRUCTIONS)
    try:
        yield
    except Exception:  # the interrupted statement's, by whatever name
        if raised:
            raise raised[0] from None
        raise
    finally:
        conn.set_progress_handler(None, 0)
