"""All runs in the order that ends every sort: newest first, then by id."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import numpy as np

from tuiflow.store.columns import rows

if TYPE_CHECKING:
    from tuiflow.store.columns.arrays import Codes, Ints
    from tuiflow.store.columns.held import Held, HeldNumbers


class Newest:
    """The order, brought up to date when it is asked for."""

    def __init__(self) -> None:
        self._order: Codes | None = None

    def changing(self, runs: Ints, start: Held | None) -> None:
        """Be told, before start times are changed, which may."""
        self._order = None

    def order(self, conn: sqlite3.Connection, start: HeldNumbers, size: int) -> Codes:
        """Row keys of all runs (int32)."""
        if self._order is None:
            existing = np.flatnonzero(start.present[:size])
            found, uuids = rows.uuids(conn, existing, size)
            by_id = [run for _, run in sorted(zip(uuids, found.tolist(), strict=True))]
            by_id.sort(key=lambda run: -start.values[run])
            self._order = np.array(by_id, dtype=np.int32)
        return self._order
