"""Artifacts copied out of a store: whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tuiflow.errors import AlreadyExists, InvalidInput
from tuiflow.store import artifacts


class Copied(NamedTuple):
    """How many files, and bytes of them, are there now; `left_out` are links that were not
    followed: those that lead out of the run's folder, and those to folders."""

    files: int
    size: int
    left_out: tuple[str, ...]


def copy_out(folder: Path, path: str, target: Path, replace: bool = False) -> Copied:
    """Copy an artifact, or a folder of them (all where `path` is empty), to the new path `target`.

    A file or folder that is at `target` is replaced where `replace` says so; until the copy is
    whole, it stays. Raises NotFound, InvalidInput where it can't be written, AlreadyExists.
    """
    source = artifacts.resolve(folder, path)
    if not replace and os.path.lexists(target):
        raise AlreadyExists(f"{str(target)!r} is there already.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".tuiflow-part-", dir=target.parent))
        try:
            copy = part / "copy"
            if source.is_dir():
                copied = _copy_tree(folder, path, copy)
            else:
                shutil.copyfile(source, copy)
                copied = Copied(1, copy.stat().st_size, ())
            _put(copy, target, part / "old")
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise InvalidInput(f"Can't write {str(target)!r}: {error.strerror or error}.") from error
    return copied


def _copy_tree(folder: Path, path: str, copy: Path) -> Copied:
    copy.mkdir()
    files = size = 0
    left_out = []
    for info in artifacts.walk(folder, path):
        place = copy / PurePosixPath(info.path).relative_to(path)
        if info.is_dir:
            place.mkdir()
            continue
        try:
            source = artifacts.resolve(folder, info.path)
        except InvalidInput:
            left_out.append(info.path)
            continue
        if not source.is_file():
            left_out.append(info.path)
            continue
        shutil.copyfile(source, place)
        files += 1
        size += place.stat().st_size
    return Copied(files, size, tuple(left_out))


def _put(copy: Path, target: Path, old: Path) -> None:
    """Move the copy into place; what stands there is moved aside first where it can't be
    replaced in one step."""
    if not os.path.lexists(target) or (copy.is_file() and not target.is_dir()):
        copy.replace(target)
        return
    target.rename(old)
    try:
        copy.rename(target)
    except OSError:
        old.rename(target)
        raise
