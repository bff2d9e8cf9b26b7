"""Where the demo store lives, and whose it is: only a store made by the demo is ever replaced."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from tuiflow.config import ARTIFACTS_FOLDER, DATABASE_NAME
from tuiflow.errors import InvalidState, StoreError
from tuiflow.store import Store, now_ms
from tuiflow.store.processes import is_alive

_MARKER = "demo.json"
_LOCK = "demo.lock"
_MADE_BY = "tuiflow demo"


class State(StrEnum):
    ABSENT = "absent"
    UNFINISHED = "unfinished"
    COMPLETE = "complete"


def demo_folder() -> Path:
    """The demo's folder when no other is named, in the user's data folder."""
    from platformdirs import user_data_path

    return user_data_path("tuiflow") / "demo"


def look(folder: Path) -> State:
    """What is in `folder`. Raises StoreError for anything that the demo did not make."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return State.ABSENT
    try:
        marker = json.loads((folder / _MARKER).read_text())
    except (OSError, ValueError):
        marker = None
    if not isinstance(marker, dict) or marker.get("made_by") != _MADE_BY:
        raise StoreError(
            f"{folder} was not made by `tuiflow demo`, which leaves it alone; name an empty or new"
            " folder with --store."
        )
    return State.COMPLETE if marker.get("complete") is True else State.UNFINISHED


@contextlib.contextmanager
def rebuilding(folder: Path) -> Iterator[Path]:
    """An empty demo store to fill; it counts as complete when the block ends well.

    What an earlier demo left in `folder` is removed first. Yields the database file. Raises
    StoreError where `folder` is not the demo's, InvalidState while another process fills it or a
    server of it is up.
    """
    look(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder):
        _mark(folder, complete=False)
        _refuse_while_serving(folder)
        _clear(folder)
        yield folder / DATABASE_NAME
        _mark(folder, complete=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidState(f"Another `tuiflow demo` is filling {folder} now.") from None
        yield
    finally:
        os.close(handle)


def _mark(folder: Path, *, complete: bool) -> None:
    part = folder / f"{_MARKER}.part"
    part.write_text(json.dumps({"made_by": _MADE_BY, "complete": complete}) + "\n")
    part.chmod(0o600)
    part.replace(folder / _MARKER)


def _refuse_while_serving(folder: Path) -> None:
    if not (folder / DATABASE_NAME).exists():
        return
    with contextlib.suppress(StoreError):  # a damaged store is replaced all the same
        store = Store(folder / DATABASE_NAME, create=False)
        try:
            up = [s.port for s in store.list_servers() if is_alive(s.process, now_ms())]
        finally:
            store.close()
        if up:
            raise InvalidState(
                f"A model of the demo store is being served on port {up[0]}; stop that server"
                " first."
            )


def _clear(folder: Path) -> None:
    """Remove a store's own files; whatever else someone put there stays."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        (folder / f"{DATABASE_NAME}{suffix}").unlink(missing_ok=True)
    for name in (ARTIFACTS_FOLDER, "servers"):
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
