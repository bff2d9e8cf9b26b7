"""The only room that knows SQL: one SQLite file and the artifacts beside it."""

from __future__ import annotations

import os

from tuiflow.store.failures import ReadInterrupted
from tuiflow.store.locate import Location, database_path, locate
from tuiflow.store.processes import now_ms, this_process
from tuiflow.store.store import Store

__all__ = [
    "Location",
    "ReadInterrupted",
    "Store",
    "database_path",
    "locate",
    "now_ms",
    "open_store",
    "this_process",
]


def open_store(path: str | os.PathLike[str] | None = None, *, create: bool = True) -> Store:
    """Open the store at `path` (see `locate` for None), creating it unless `create` is false.

    Raises StoreError where it can't be opened, InvalidInput for a URI of another kind.
    """
    return Store(locate(path).database, create=create)
