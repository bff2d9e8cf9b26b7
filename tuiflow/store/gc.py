"""Remove for good what has been deleted: runs, their files, and what only they used.

A run goes in three steps, so that a stop between any two leaves nothing that the next collection
does not find: its folder is renamed, its rows are deleted, the folder's content is removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tuiflow.config import ARTIFACTS_FOLDER
from tuiflow.store import pieces
from tuiflow.store.changes import mark
from tuiflow.store.connection import Database
from tuiflow.store.experiments import artifact_root
from tuiflow.store.guarded import guarded
from tuiflow.store.pieces import REST, Pace, in_pieces
from tuiflow.store.processes import now_ms

_DOOMED = ".tuiflow-gc-"
_FIRST = 25
"""Runs that are removed in the first piece: each has rows in many tables and indexes."""
_CACHE_KIB = 64 << 10
_TABLES = ("latest", "points", "chunks", "params", "tags", "inputs", "run_contents", "servers")


@dataclass(frozen=True, slots=True)
class Garbage:
    """What a collection would remove, or has removed; `bytes` is of files, before the database.

    `registered` are ids of deleted runs that stay since versions of registered models use them.
    """

    run_ids: tuple[str, ...]
    experiments: tuple[str, ...]
    bytes: int
    registered: tuple[str, ...]


class _Doomed(NamedTuple):
    row: int
    run_id: str
    root: Path

    @property
    def folder(self) -> Path:
        return self.root / self.run_id

    @property
    def renamed(self) -> Path:
        return self.root / f"{_DOOMED}{self.run_id}"


def find(db: Database, root: Path, older_than_ms: int) -> Garbage:
    """What was deleted at least `older_than_ms` ago."""
    limit = now_ms() - older_than_ms
    ids: list[str] = []
    size = 0
    there: dict[Path, set[str]] = {}  # most runs have no folder: look once for all of a root
    with db.read() as conn:
        for run in _doomed(conn, root, _DUE, limit):
            ids.append(run.run_id)
            if run.root not in there:
                there[run.root] = _names(run.root)
            for name in {run.run_id, f"{_DOOMED}{run.run_id}"} & there[run.root]:
                size += _size(run.root / name)
        names = _experiments(conn, limit, f"NOT ({_DUE})")
        registered = _registered(conn, limit)
    return Garbage(tuple(ids), tuple(name for _, name in names), size, registered)


def collect(
    db: Database,
    root: Path,
    older_than_ms: int,
    progress: Callable[[int, int], None],
) -> Garbage:
    """Remove what was deleted at least `older_than_ms` ago; see `Upkeep.collect_garbage`."""
    limit = now_ms() - older_than_ms
    _sweep(db, root)
    with db.read() as conn:
        rows = array("q", (row for (row,) in conn.execute(_select("r.id", _DUE), {"limit": limit})))
        registered = _registered(conn, limit)
    gone: list[str] = []
    size = through = 0
    pace = Pace(min(_FIRST, pieces.FIRST))
    with _large_cache(db):
        while through < len(rows):
            progress(through, len(rows))
            piece = rows[through : through + pace.size]
            ids, freed, held = _remove(db, root, piece)
            gone += ids
            size += freed
            through += len(piece)
            pace.took(held)
            db.shorten_log(pieces.LOG_BYTES)
            time.sleep(REST)
        progress(len(rows), len(rows))
        names = _remove_unused(db, limit)
    return Garbage(tuple(gone), names, size, registered)


@guarded
def _large_cache(db: Database) -> Iterator[None]:
    """The rows of a run are all over the indexes: keep more of them in memory for a while."""
    with db.exclusive() as conn:
        before = conn.execute("PRAGMA cache_size").fetchone()[0]
        conn.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    try:
        yield
    finally:
        with db.exclusive() as conn:
            conn.execute(f"PRAGMA cache_size = {before}")


_DUE = (
    "r.deleted_at IS NOT NULL AND r.deleted_at <= :limit"
    " AND NOT EXISTS (SELECT 1 FROM model_versions WHERE run = r.id)"
)
"""Of a run `r`: that it is to be removed."""


def _select(what: str, condition: str) -> str:
    return (
        f"SELECT {what} FROM runs r JOIN experiments e ON e.id = r.experiment"
        f" WHERE {condition} ORDER BY r.id"
    )


def _doomed(
    conn: sqlite3.Connection, root: Path, condition: str, limit: int, rows: str = "[]"
) -> Iterator[_Doomed]:
    what = "r.id, r.uuid, r.experiment, coalesce(r.artifacts, e.artifact_location)"
    for row, uuid, experiment, location in conn.execute(
        _select(what, condition), {"limit": limit, "rows": rows}
    ):
        yield _Doomed(row, uuid.hex(), artifact_root(root, experiment, location))


def _registered(conn: sqlite3.Connection, limit: int) -> tuple[str, ...]:
    found = conn.execute(
        "SELECT DISTINCT r.id, r.uuid FROM model_versions v JOIN runs r ON r.id = v.run"
        " WHERE r.deleted_at <= ? ORDER BY r.id",
        (limit,),
    )
    return tuple(uuid.hex() for _, uuid in found)


def _experiments(conn: sqlite3.Connection, limit: int, staying: str) -> list[tuple[int, str]]:
    """Deleted experiments that have no run `r` of which the condition holds."""
    return conn.execute(
        "SELECT e.id, e.name FROM experiments e WHERE e.deleted_at <= :limit AND e.id != 0"
        f" AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.experiment = e.id AND {staying})"
        " ORDER BY e.id",
        {"limit": limit},
    ).fetchall()


def _remove(db: Database, root: Path, rows: Sequence[int]) -> tuple[list[str], int, float]:
    """Remove runs; their ids, the bytes of their files, and seconds that others had to wait."""
    listed = json.dumps(list(rows))
    with db.read() as conn:
        these = "r.id IN (SELECT value FROM json_each(:rows)) AND +r.deleted_at IS NOT NULL"
        runs = list(_doomed(conn, root, these, 0, listed))
    renamed = [run for run in runs if _rename(run.folder, run.renamed)]
    gone: set[int] = set()
    try:
        with db.write() as conn:
            start = time.perf_counter()
            # One that was restored since it was found stays.
            found = conn.execute(
                "DELETE FROM runs WHERE id IN (SELECT value FROM json_each(?))"
                " AND +deleted_at IS NOT NULL RETURNING id",
                (listed,),
            ).fetchall()
            left = [row for (row,) in found]
            mark(conn, left)
            for table in _TABLES:
                conn.execute(
                    f"DELETE FROM {table} WHERE run IN (SELECT value FROM json_each(?))",
                    (json.dumps(left),),
                )
        held = time.perf_counter() - start
        gone = set(left)
    finally:
        for run in renamed:
            if run.row not in gone:
                _rename(run.renamed, run.folder)
    size = 0
    for run in renamed:
        if run.row in gone:
            size += _size(run.renamed)
            _delete(run.renamed)
    return [run.run_id for run in runs if run.row in gone], size, held


def _remove_unused(db: Database, limit: int) -> tuple[str, ...]:
    """Remove what no run needs any more; returns the names of experiments.

    What is long to find is looked for before the write, and looked at again in it.
    """
    _remove_orphans(db, "datasets", "SELECT 1 FROM inputs WHERE dataset = datasets.id")
    _remove_orphans(db, "contents", "SELECT 1 FROM run_contents WHERE content = contents.id")
    with db.read() as conn:
        used = {row for (row,) in conn.execute("SELECT DISTINCT process FROM runs")}
        silent = conn.execute("SELECT id FROM processes WHERE heartbeat < ?", (limit,))
        processes = [row for (row,) in silent if row not in used]
    with db.write() as conn:
        names = _experiments(conn, limit, "1")
        for row, _ in names:
            conn.execute("DELETE FROM experiment_tags WHERE experiment = ?", (row,))
            conn.execute("DELETE FROM experiments WHERE id = ?", (row,))
        # A process that has taken up a run meanwhile has given a sign of life with it.
        conn.execute(
            "DELETE FROM processes WHERE heartbeat < ? AND id NOT IN (SELECT process FROM servers)"
            " AND id IN (SELECT value FROM json_each(?))",
            (limit, json.dumps(processes)),
        )
    return tuple(name for _, name in names)


def _remove_orphans(db: Database, table: str, users: str) -> None:
    with db.read() as conn:
        found = conn.execute(f"SELECT id FROM {table} WHERE NOT EXISTS ({users})").fetchall()

    def remove(conn: sqlite3.Connection, ids: Sequence[int]) -> None:
        conn.execute(
            f"DELETE FROM {table} WHERE id IN (SELECT value FROM json_each(?))"
            f" AND NOT EXISTS ({users})",
            (json.dumps(ids),),
        )

    for _ in in_pieces(db, [row for (row,) in found], remove):
        pass


def _sweep(db: Database, root: Path) -> None:
    """Finish what a collection that was stopped has left: folders of runs that are gone, and of
    those that are not after all."""
    with db.read() as conn:
        roots = {
            artifact_root(root, row, location)
            for row, location in conn.execute("SELECT id, artifact_location FROM experiments")
        }
        for folder in _subfolders(roots, root):
            run_id = folder.name.removeprefix(_DOOMED)
            with contextlib.suppress(ValueError):
                uuid = bytes.fromhex(run_id)
                if conn.execute("SELECT 1 FROM runs WHERE uuid = ?", (uuid,)).fetchone():
                    _rename(folder, folder.with_name(run_id))
                else:
                    _delete(folder)


def _subfolders(roots: set[Path], root: Path) -> Iterator[Path]:
    """Renamed folders of runs, also of experiments that are gone."""
    artifacts = root / ARTIFACTS_FOLDER
    known = roots | (set(artifacts.iterdir()) if artifacts.is_dir() else set())
    for folder in known:
        yield from folder.glob(f"{_DOOMED}*")


def _names(folder: Path) -> set[str]:
    if not folder.is_dir():
        return set()
    with os.scandir(folder) as entries:
        return {entry.name for entry in entries}


def _rename(folder: Path, target: Path) -> bool:
    try:
        folder.rename(target)
    except OSError:  # there is none: most runs have no files
        return False
    return True


def _delete(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _size(folder: Path) -> int:
    """Bytes of the files in a folder; links are not followed."""
    if folder.is_symlink() or not folder.is_dir():
        return 0
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
