"""Waiting for other connections that hold the store."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable

from tuiflow.store.failures import BUSY_SECONDS


def patiently(conn: sqlite3.Connection, statement: str, patience: float) -> None:
    """Execute a statement that other connections may hold up, for so many seconds at most."""
    try:
        conn.execute(statement)
    except sqlite3.OperationalError as error:
        if not _is_busy(error):
            raise
        retry_busy(lambda: conn.execute(statement), patience)


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


_PAUSES = ((0.03, 0.0032), (0.08, 0.001), (1.0, 0.0003))
"""Up to so many seconds of waiting, so many between two attempts. One in vain costs nearly as much
as a call, so that who has just come lets others go on."""
_LONG_PAUSE = 0.005


def retry_busy(call: Callable[[], object], patience: float = BUSY_SECONDS) -> None:
    """Call until SQLite is not busy, for `patience` seconds at most.

    SQLite's own back-off starves. Here who has waited longer asks more often, and so is served
    first, and pauses are random. Somebody who keeps the store for a second does long work.
    """
    start = time.monotonic()
    while True:
        try:
            call()
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
            waited = time.monotonic() - start
            if waited > patience:
                raise
        pause = next((pause for until, pause in _PAUSES if waited < until), _LONG_PAUSE)
        time.sleep(pause * (0.5 + os.urandom(1)[0] / 256))
