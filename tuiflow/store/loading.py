"""Reading whole runs by row key."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from tuiflow.entities import (
    LifecycleStage,
    Process,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunStatus,
)
from tuiflow.store import inputs
from tuiflow.store.experiments import artifact_root
from tuiflow.store.keys import Keys
from tuiflow.store.processes import is_alive, now_ms
from tuiflow.store.snapshots import snapshot

_CHUNK = 500
_NO_INPUTS = RunInputs()

_SELECT = """
SELECT r.id, r.uuid, r.experiment, e.name, coalesce(r.artifacts, e.artifact_location), r.name,
       r.user_id, r.status, r.start_time, r.end_time, r.deleted_at,
       p.host, p.pid, p.started, p.boot_id, p.heartbeat
FROM runs r
JOIN experiments e ON e.id = r.experiment
LEFT JOIN processes p ON p.id = r.process
"""


def load(conn: sqlite3.Connection, keys: Keys, root: Path, rows: Sequence[int]) -> list[Run]:
    """The runs of these row keys, in that order; keys that are gone are left out."""
    found: dict[int, Run] = {}
    with snapshot(conn):
        for start in range(0, len(rows), _CHUNK):
            found.update(_load_chunk(conn, keys, root, list(rows[start : start + _CHUNK])))
    return [found[key] for key in rows if key in found]


def _load_chunk(
    conn: sqlite3.Connection, keys: Keys, root: Path, chunk: list[int]
) -> dict[int, Run]:
    marks = f"({','.join('?' * len(chunk))})"
    names = keys.names(conn)
    metrics: dict[int, dict[str, float]] = {}
    for run, key, value in conn.execute(
        f"SELECT run, key, value FROM latest WHERE run IN {marks}", chunk
    ):
        metrics.setdefault(run, {})[names[key]] = math.nan if value is None else value
    params: dict[int, dict[str, str]] = {}
    tags: dict[int, dict[str, str]] = {}
    for table, texts in (("params", params), ("tags", tags)):
        for run, key, text in conn.execute(
            f"SELECT run, key, text FROM {table} WHERE run IN {marks}", chunk
        ):
            texts.setdefault(run, {})[names[key]] = text
    read = inputs.load(conn, chunk)
    now = now_ms()
    return {
        row[0]: Run(
            _info(row, root, now),
            RunData(metrics.get(row[0], {}), params.get(row[0], {}), tags.get(row[0], {})),
            read.get(row[0], _NO_INPUTS),
        )
        for row in conn.execute(f"{_SELECT} WHERE r.id IN {marks}", chunk)
    }


def _info(row: Sequence[object], root: Path, now: int) -> RunInfo:
    (
        _, uuid, experiment, experiment_name, location, name, user_id, status,
        start_time, end_time, deleted_at, host, pid, started, boot_id, heartbeat,
    ) = row  # fmt: skip
    process = (
        None
        if host is None
        else Process(str(host), _int(pid), _int(started), str(boot_id), _int(heartbeat))
    )
    assert isinstance(uuid, bytes)
    folder = artifact_root(root, _int(experiment), None if location is None else str(location))
    return RunInfo(
        run_id=uuid.hex(),
        run_name=str(name),
        experiment_id=str(experiment),
        experiment_name=str(experiment_name),
        user_id=str(user_id),
        status=str(status),
        start_time=_int(start_time),
        end_time=None if end_time is None else _int(end_time),
        lifecycle_stage=(
            LifecycleStage.ACTIVE if deleted_at is None else LifecycleStage.DELETED
        ).value,
        artifact_uri=str(folder / uuid.hex()),
        process=process,
        stale=status == RunStatus.RUNNING and (process is None or not is_alive(process, now)),
    )


def _int(value: object) -> int:
    assert isinstance(value, int | float)  # older versions let times with fractions in
    return int(value)
