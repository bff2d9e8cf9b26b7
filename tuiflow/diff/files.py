"""Artifacts of runs: their sizes, and digests where two runs have a file of one size."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tuiflow.diff.facts import FileFact
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.store import Store

MAX_FILES = 2000
"""Artifacts compared per run; the notes say so where there are as many."""

HASHED_TOTAL = 1 << 30
"""So many bytes are read for one comparison; after that, files are compared by size alone."""

HASH_SECONDS = 5.0
"""So long it may take."""

_CHUNK = 1 << 20


def list_files(store: Store, run_id: str) -> dict[str, FileFact]:
    """Sizes of up to MAX_FILES artifacts; a folder that can't be read counts as empty."""
    try:
        home = store.artifact_folder(run_id)
    except NotFound:
        return {}
    files: dict[str, FileFact] = {}
    folders = [""]
    while folders:
        try:
            entries = store.list_artifacts(run_id, folders.pop())
        except (OSError, NotFound, InvalidInput):
            continue
        for entry in entries:
            if entry.is_dir:
                folders.append(entry.path)
            else:
                files[entry.path] = FileFact(entry.file_size or 0, None, _changed(home, entry.path))
                if len(files) == MAX_FILES:
                    return files
    return files


def _changed(home: Path, path: str) -> int:
    try:
        return (home / path).stat(follow_symlinks=False).st_mtime_ns
    except OSError:
        return 0


@dataclass(frozen=True, slots=True)
class Digested:
    """The files with digests, and how many were too much to read."""

    files: tuple[Mapping[str, FileFact], ...]
    unread: int


def digest_files(
    store: Store,
    run_ids: Sequence[str],
    files: Sequence[Mapping[str, FileFact]],
    known: Sequence[Mapping[str, FileFact]],
    folders: Collection[str],
) -> Digested:
    """Read the files that at least two runs have at the same size, the small ones first.

    `known` are the files of each run as they were read before: one that has not changed since is
    not read again. Files in `folders` hold a model and are not read.
    """
    result: list[dict[str, FileFact]] = [dict(items) for items in files]
    deadline = time.monotonic() + HASH_SECONDS
    left = HASHED_TOTAL
    unread = 0
    for size, path, owners in sorted(_pairs(files, folders)):
        for index in owners:
            fact = result[index][path]
            before = known[index].get(path)
            if before is not None and before.digest and replace(before, digest=None) == fact:
                result[index][path] = before
        todo = [index for index in owners if result[index][path].digest is None]
        if todo and (size * len(todo) > left or time.monotonic() > deadline):
            unread += 1
            continue
        left -= size * len(todo)
        for index in todo:
            digest = _digest(store, run_ids[index], path, size)
            result[index][path] = replace(result[index][path], digest=digest)
    return Digested(tuple(result), unread)


def _pairs(
    files: Sequence[Mapping[str, FileFact]], folders: Collection[str]
) -> list[tuple[int, str, tuple[int, ...]]]:
    """(size, path, runs) of what several runs have."""
    owners: dict[tuple[int, str], list[int]] = {}
    for index, items in enumerate(files):
        for path, fact in items.items():
            if not any(inside(path, folder) for folder in folders):
                owners.setdefault((fact.size, path), []).append(index)
    return [(size, path, tuple(runs)) for (size, path), runs in owners.items() if len(runs) > 1]


def inside(name: str, folder: str) -> bool:
    """Whether an artifact lies in a folder, at any depth."""
    return name.startswith(folder.rstrip("/") + "/")


def _digest(store: Store, run_id: str, path: str, size: int) -> bytes | None:
    try:
        file = store.artifact_path(run_id, path)
        if not file.is_file():
            return None
        found = hashlib.sha256()
        left = size + 1  # one byte more than was announced: a file that is growing then differs
        with file.open("rb") as stream:
            while left > 0 and (chunk := stream.read(min(left, _CHUNK))):
                found.update(chunk)
                left -= len(chunk)
        return found.digest()
    except (OSError, NotFound, InvalidInput):
        return None
