"""Remove for good what has been deleted: runs, their files, and what only they used.

A run goes in three steps, so that a stop between any two leaves nothing that the next collection
does not find: its folder is renamed, its rows are deleted, the folder's content is removed.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuiflow.config import ARTIFACTS_FOLDER
from tuiflow.store.changes import mark
from tuiflow.store.connection import Database
from tuiflow.store.contents import drop_unused
from tuiflow.store.experiments import artifact_root
from tuiflow.store.processes import now_ms

_PIECE = 50
"""Runs that go in one transaction."""
_DOOMED = ".tuiflow-gc-"
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


@dataclass(frozen=True, slots=True)
class _Doomed:
    row: int
    run_id: str
    folder: Path

    @property
    def renamed(self) -> Path:
        return self.folder.with_name(f"{_DOOMED}{self.run_id}")


def find(db: Database, root: Path, older_than_ms: int) -> Garbage:
    """What was deleted at least `older_than_ms` ago."""
    with db.read() as conn:
        runs, registered = _deleted_runs(conn, root, now_ms() - older_than_ms)
        names = _deleted_experiments(conn, now_ms() - older_than_ms, {run.row for run in runs})
    size = sum(_size(run.folder) + _size(run.renamed) for run in runs)
    return Garbage(
        tuple(run.run_id for run in runs), tuple(name for _, name in names), size, registered
    )


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
        runs, registered = _deleted_runs(conn, root, limit)
    gone: list[str] = []
    size = 0
    for start in range(0, len(runs), _PIECE):
        progress(start, len(runs))
        ids, freed = _remove(db, runs[start : start + _PIECE])
        gone += ids
        size += freed
    progress(len(runs), len(runs))
    with db.write() as conn:
        names = _deleted_experiments(conn, limit, set())
        for row, _ in names:
            conn.execute("DELETE FROM experiment_tags WHERE experiment = ?", (row,))
            conn.execute("DELETE FROM experiments WHERE id = ?", (row,))
        conn.execute("DELETE FROM datasets WHERE id NOT IN (SELECT dataset FROM inputs)")
        drop_unused(conn)
        conn.execute(
            "DELETE FROM processes WHERE heartbeat < ? AND id NOT IN (SELECT process FROM runs"
            " WHERE process IS NOT NULL) AND id NOT IN (SELECT process FROM servers)",
            (limit,),
        )
    return Garbage(tuple(gone), tuple(name for _, name in names), size, registered)


def _deleted_runs(
    conn: sqlite3.Connection, root: Path, limit: int
) -> tuple[list[_Doomed], tuple[str, ...]]:
    found: list[_Doomed] = []
    registered: list[str] = []
    for row, uuid, experiment, location, used in conn.execute(
        "SELECT r.id, r.uuid, r.experiment, coalesce(r.artifacts, e.artifact_location),"
        " EXISTS (SELECT 1 FROM model_versions WHERE run = r.id)"
        " FROM runs r JOIN experiments e ON e.id = r.experiment"
        " WHERE r.deleted_at IS NOT NULL AND r.deleted_at <= ? ORDER BY r.id",
        (limit,),
    ):
        if used:
            registered.append(uuid.hex())
        else:
            folder = artifact_root(root, experiment, location) / uuid.hex()
            found.append(_Doomed(row, uuid.hex(), folder))
    return found, tuple(registered)


def _deleted_experiments(
    conn: sqlite3.Connection, limit: int, without: set[int]
) -> list[tuple[int, str]]:
    """Deleted experiments that have no run but those `without`."""
    used: set[int] = {
        experiment
        for row, experiment in conn.execute(
            "SELECT id, experiment FROM runs WHERE experiment IN"
            " (SELECT id FROM experiments WHERE deleted_at IS NOT NULL)"
        )
        if row not in without
    }
    return [
        (row, name)
        for row, name in conn.execute(
            "SELECT id, name FROM experiments WHERE deleted_at <= ? AND id != 0 ORDER BY id",
            (limit,),
        )
        if row not in used
    ]


def _remove(db: Database, runs: Sequence[_Doomed]) -> tuple[list[str], int]:
    renamed = [run for run in runs if _rename(run.folder, run.renamed)]
    gone: list[_Doomed] = []
    try:
        with db.write() as conn:
            for run in runs:
                # Restored since it was found: it stays.
                found = conn.execute(
                    "DELETE FROM runs WHERE id = ? AND deleted_at IS NOT NULL", (run.row,)
                )
                if found.rowcount:
                    gone.append(run)
            mark(conn, [run.row for run in gone])
            for table in _TABLES:
                conn.executemany(f"DELETE FROM {table} WHERE run = ?", [(run.row,) for run in gone])
    except BaseException:
        gone = []
        raise
    finally:
        for run in renamed:
            if run not in gone:
                _rename(run.renamed, run.folder)
    size = 0
    for run in gone:
        size += _size(run.renamed)
        _delete(run.renamed)
    return [run.run_id for run in gone], size


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
