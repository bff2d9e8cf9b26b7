"""Experiments: create, change, read, count."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tuiflow.config import ARTIFACTS_FOLDER
from tuiflow.entities import Experiment, ExperimentCounts, LifecycleStage, Process, ViewType
from tuiflow.errors import AlreadyExists, InvalidInput, InvalidState, NotFound
from tuiflow.store import changes, pieces
from tuiflow.store.connection import Database
from tuiflow.store.pieces import in_pieces
from tuiflow.store.processes import is_alive, now_ms
from tuiflow.store.validate import check_experiment_name, check_experiment_tag

_SELECT = (
    "SELECT id, name, artifact_location, deleted_at, creation_time, last_update_time"
    " FROM experiments"
)


def create(
    conn: sqlite3.Connection,
    root: Path,
    name: str,
    artifact_location: str | None,
    tags: Mapping[str, str],
) -> str:
    """Insert an experiment and return its id. Raises AlreadyExists, InvalidInput."""
    _check_new_name(conn, name)
    for key, value in tags.items():
        check_experiment_tag(key, value)
    now = now_ms()
    location = None if artifact_location is None else _stored_location(root, artifact_location)
    row = conn.execute(
        "INSERT INTO experiments (name, artifact_location, creation_time, last_update_time)"
        " VALUES (?, ?, ?, ?) RETURNING id",
        (name, location, now, now),
    ).fetchone()
    conn.executemany(
        "INSERT INTO experiment_tags VALUES (?, ?, ?)",
        [(row[0], key, value) for key, value in tags.items()],
    )
    return str(row[0])


def _check_new_name(conn: sqlite3.Connection, name: str) -> None:
    check_experiment_name(name)
    row = conn.execute("SELECT deleted_at FROM experiments WHERE name = ?", (name,)).fetchone()
    if row is not None:
        state = "exists already" if row[0] is None else "exists already, but is deleted"
        raise AlreadyExists(f"Experiment {name!r} {state}; choose another name.")


def rename(conn: sqlite3.Connection, experiment_id: str, name: str) -> None:
    """Raises AlreadyExists, InvalidInput, NotFound, InvalidState when deleted."""
    experiment, old = _active(conn, experiment_id, "INVALID_STATE")
    if name != old:
        _check_new_name(conn, name)
    conn.execute(
        "UPDATE experiments SET name = ?, last_update_time = ? WHERE id = ?",
        (name, now_ms(), experiment),
    )


def delete(db: Database, experiment_id: str, progress: Callable[[int, int], None]) -> None:
    """See `Store.delete_experiment`. Raises NotFound, InvalidState."""
    experiment = parse_id(experiment_id)
    with db.write() as conn:
        row = _stage(conn, experiment)
        when = row[0]
        few = _few(conn, "experiment = ? AND deleted_at IS NULL", experiment)
        if when is not None and few == []:
            raise _is_deleted(experiment_id, "RESOURCE_DOES_NOT_EXIST")
        if when is None:
            # Later than any run of it was deleted, by which `restore` tells those apart.
            (when,) = conn.execute(
                "SELECT max(?, coalesce(max(deleted_at) + 1, 0)) FROM runs WHERE experiment = ?",
                (now_ms(), experiment),
            ).fetchone()
            conn.execute(
                "UPDATE experiments SET deleted_at = ?, last_update_time = ? WHERE id = ?",
                (when, when, experiment),
            )
        if few is not None:
            _mark(conn, few, experiment, None, when)
            return
    _in_pieces(db, experiment, None, when, progress)


def restore(db: Database, experiment_id: str, progress: Callable[[int, int], None]) -> None:
    """See `Store.restore_experiment`. Raises NotFound, InvalidState."""
    experiment = parse_id(experiment_id)
    with db.read() as conn:
        (when,) = _stage(conn, experiment)
        few = _few(conn, "experiment = ? AND deleted_at = ?", experiment, when)
    if few is None:
        _in_pieces(db, experiment, when, None, progress)
    with db.write() as conn:
        if _stage(conn, experiment)[0] is None:
            raise InvalidState(
                f"Experiment {experiment_id} is not deleted.", "RESOURCE_DOES_NOT_EXIST"
            )
        conn.execute(
            "UPDATE experiments SET deleted_at = NULL, last_update_time = ? WHERE id = ?",
            (now_ms(), experiment),
        )
        rest = conn.execute(
            "SELECT id FROM runs WHERE experiment = ? AND deleted_at = ?", (experiment, when)
        ).fetchall()
        _mark(conn, [row[0] for row in rest], experiment, when, None)


def _stage(conn: sqlite3.Connection, experiment: int) -> tuple[int | None]:
    """When it was deleted. Raises NotFound."""
    row: tuple[int | None] | None = conn.execute(
        "SELECT deleted_at FROM experiments WHERE id = ?", (experiment,)
    ).fetchone()
    if row is None:
        raise NotFound(f"No experiment with id {str(experiment)!r}.")
    return row


def _few(conn: sqlite3.Connection, condition: str, *values: object) -> list[int] | None:
    """Row keys of runs, None where there are more than are changed in one piece."""
    found = conn.execute(f"SELECT id FROM runs WHERE {condition} LIMIT {pieces.WHOLE + 1}", values)
    rows = [row[0] for row in found]
    return rows if len(rows) <= pieces.WHOLE else None


def _in_pieces(
    db: Database,
    experiment: int,
    before: int | None,
    after: int | None,
    progress: Callable[[int, int], None],
) -> None:
    """Change when the runs of an experiment were deleted, from `before` to `after`."""
    with db.read() as conn:
        found = conn.execute(
            "SELECT id FROM runs WHERE experiment = ? AND deleted_at IS ?", (experiment, before)
        )
        keys = array("q", sorted(row[0] for row in found))
    for through, _ in in_pieces(
        db, keys, lambda conn, piece: _mark(conn, piece, experiment, before, after)
    ):
        progress(through, len(keys))


def _mark(
    conn: sqlite3.Connection,
    keys: Sequence[int],
    experiment: int,
    before: int | None,
    after: int | None,
) -> None:
    changes.mark(conn, keys)
    conn.execute(
        "UPDATE runs SET deleted_at = ? WHERE id IN (SELECT value FROM json_each(?))"
        " AND +experiment = ? AND +deleted_at IS ?",  # looked up by id, not by an index
        (after, json.dumps(list(keys)), experiment, before),
    )


def set_tags(conn: sqlite3.Connection, experiment_id: str, tags: Mapping[str, str]) -> None:
    """Add or change tags. Raises InvalidInput, NotFound, InvalidState when deleted."""
    experiment, _ = _active(conn, experiment_id)
    for key, value in tags.items():
        check_experiment_tag(key, value)
    conn.executemany(
        "INSERT INTO experiment_tags VALUES (?, ?, ?)"
        " ON CONFLICT (experiment, key) DO UPDATE SET value = excluded.value",
        [(experiment, key, value) for key, value in tags.items()],
    )
    conn.execute("UPDATE experiments SET last_update_time = ? WHERE id = ?", (now_ms(), experiment))


def delete_tag(conn: sqlite3.Connection, experiment_id: str, key: str) -> None:
    """Raises NotFound when there is no such tag, InvalidState when the experiment is deleted."""
    experiment, _ = _active(conn, experiment_id)
    found = conn.execute(
        "DELETE FROM experiment_tags WHERE experiment = ? AND key = ?", (experiment, key)
    )
    if not found.rowcount:
        raise NotFound(f"Experiment {experiment_id} has no tag {key!r}.")


def check_active(conn: sqlite3.Connection, experiment: int) -> None:
    """Raises NotFound, InvalidState when it is deleted."""
    _active(conn, str(experiment))


def touch(conn: sqlite3.Connection, experiment: int) -> None:
    """Say that it changes now."""
    conn.execute("UPDATE experiments SET last_update_time = ? WHERE id = ?", (now_ms(), experiment))


def _active(
    conn: sqlite3.Connection, experiment_id: str, code: str | None = None
) -> tuple[int, str]:
    """Row id and name. Raises NotFound, InvalidState (with MLflow's `code` for what was asked)
    when deleted."""
    experiment = parse_id(experiment_id)
    row = conn.execute(
        "SELECT deleted_at, name FROM experiments WHERE id = ?", (experiment,)
    ).fetchone()
    if row is None:
        raise NotFound(f"No experiment with id {experiment_id!r}.")
    if row[0] is not None:
        raise _is_deleted(experiment_id, code)
    return experiment, str(row[1])


def _is_deleted(experiment_id: str, code: str | None) -> InvalidState:
    return InvalidState(f"Experiment {experiment_id} is deleted; restore it to change it.", code)


def _stored_location(root: Path, location: str) -> str:
    from urllib.parse import unquote, urlsplit

    scheme = urlsplit(location).scheme if "://" in location else ""
    if scheme == "file":
        location = unquote(urlsplit(location).path)
    elif scheme:
        raise InvalidInput(
            f"Artifact location {location!r} can't be used: {scheme}:// is not served yet;"
            " give a local folder."
        )
    path = Path(location).expanduser().absolute()
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def artifact_root(root: Path, experiment: int, location: str | None) -> Path:
    """The absolute folder under which an experiment's runs keep their artifacts."""
    return root / location if location is not None else root / ARTIFACTS_FOLDER / str(experiment)


def parse_id(experiment_id: object) -> int:
    """The row id of an experiment id. Raises NotFound for a text that can't be one."""
    text = str(experiment_id)
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise NotFound(f"No experiment with id {text!r}.")
    return int(text)


def get(conn: sqlite3.Connection, root: Path, experiment_id: str) -> Experiment:
    """Raises NotFound."""
    rows = _load(conn, root, "WHERE id = ?", (parse_id(experiment_id),))
    if not rows:
        raise NotFound(f"No experiment with id {experiment_id!r}.")
    return rows[0]


def get_by_name(conn: sqlite3.Connection, root: Path, name: str) -> Experiment | None:
    rows = _load(conn, root, "WHERE name = ?", (name,))
    return rows[0] if rows else None


def list_all(conn: sqlite3.Connection, root: Path, view: ViewType) -> list[Experiment]:
    """Newest change first, as MLflow lists them."""
    where = {
        ViewType.ACTIVE_ONLY: "WHERE deleted_at IS NULL",
        ViewType.DELETED_ONLY: "WHERE deleted_at IS NOT NULL",
        ViewType.ALL: "",
    }[view]
    return _load(conn, root, f"{where} ORDER BY last_update_time DESC, id DESC", ())


def _load(
    conn: sqlite3.Connection, root: Path, clause: str, values: tuple[object, ...]
) -> list[Experiment]:
    rows = conn.execute(f"{_SELECT} {clause}", values).fetchall()
    tags: dict[int, dict[str, str]] = {}
    for experiment, key, value in conn.execute(
        "SELECT experiment, key, value FROM experiment_tags"
    ):
        tags.setdefault(experiment, {})[key] = value
    return [
        Experiment(
            experiment_id=str(row_id),
            name=name,
            artifact_location=str(artifact_root(root, row_id, location)),
            lifecycle_stage=(
                LifecycleStage.ACTIVE if deleted_at is None else LifecycleStage.DELETED
            ).value,
            creation_time=created,
            last_update_time=updated,
            tags=tags.get(row_id, {}),
        )
        for row_id, name, location, deleted_at, created, updated in rows
    ]


def active_runs(conn: sqlite3.Connection) -> dict[int, int]:
    """How many active runs each active experiment has, by row id."""
    # One count after the other goes along an index alone.
    return dict(
        conn.execute(
            "SELECT id, (SELECT count(*) FROM runs WHERE experiment = e.id AND deleted_at IS NULL)"
            " FROM experiments e WHERE deleted_at IS NULL"
        )
    )


def counts(conn: sqlite3.Connection, active: Mapping[int, int]) -> dict[str, ExperimentCounts]:
    """`active` runs of every active experiment, and how many of them are running and alive."""
    running: dict[int, int] = {}
    now = now_ms()
    for experiment, number, *process in conn.execute(
        "SELECT r.experiment, count(*), p.host, p.pid, p.started, p.boot_id, p.heartbeat"
        " FROM runs r JOIN processes p ON p.id = r.process"
        " WHERE r.status = 'RUNNING' AND +r.deleted_at IS NULL GROUP BY r.experiment, r.process"
    ):
        if is_alive(Process(*process), now):
            running[experiment] = running.get(experiment, 0) + number
    ids = conn.execute("SELECT id FROM experiments WHERE deleted_at IS NULL")
    return {
        str(row_id): ExperimentCounts(active.get(row_id, 0), running.get(row_id, 0))
        for (row_id,) in ids
    }
