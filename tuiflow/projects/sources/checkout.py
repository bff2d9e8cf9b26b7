"""Folders in the user's cache that hold a project as fetched, each used by one run at a time.

A folder is named after what is in it, so that runs of the same commit get the same paths. What a
command left in its folder is the user's: such a folder is not used again and not removed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO

_IGNORED = (".git", "__pycache__")


@contextmanager
def held_folder(
    base: Path, name: str, fill: Callable[[Path], None], say: Callable[[str], None]
) -> Iterator[Path]:
    """The folder `name` below `base`, or `name-2` …, filled by `fill` and locked for this block."""
    base.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        folder = base / (name if number == 1 else f"{name}-{number}")
        with _lock(base / f"{folder.name}.lock") as held:
            if not held:
                continue
            record = base / f"{folder.name}.json"
            if not folder.exists():
                _make(folder, fill)
                record.write_text(json.dumps(_listing(folder)))
            elif not record.exists() or json.loads(record.read_text()) != _listing(folder):
                continue
            try:
                yield folder
            finally:
                _conclude(folder, json.loads(record.read_text()), number == 1, say)
            return


def _conclude(
    folder: Path, before: dict[str, list[int]], keep: bool, say: Callable[[str], None]
) -> None:
    after = _listing(folder)
    if after == before:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_name(f"{folder.name}.json").unlink(missing_ok=True)
        return
    changed = sorted(path for path in after if after[path] != before.get(path))
    many = "a file" if len(changed) == 1 else f"{len(changed)} files"
    if changed:
        say(f"the command left {many} in {folder}: {changed[0]}{' …' if changed[1:] else ''}")


def _make(folder: Path, fill: Callable[[Path], None]) -> None:
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
    try:
        fill(part)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _listing(folder: Path) -> dict[str, list[int]]:
    """Size and time of change of every file, by its path in the folder."""
    found: dict[str, list[int]] = {}
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _IGNORED]
        for name in files:
            path = Path(parent, name)
            with suppress(FileNotFoundError):
                state = path.lstat()
                found[str(path.relative_to(folder))] = [state.st_size, state.st_mtime_ns]
    return found


@contextmanager
def _lock(path: Path) -> Iterator[bool]:
    """Hold the lock file; False where another process does."""
    file: IO[str]
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError:  # a file system without locks
            pass
        yield True
