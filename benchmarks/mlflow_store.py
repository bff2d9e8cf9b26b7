"""MLflow's SQLite files, with the same runs as ours.

MLflow itself makes the tables; the rows go in by SQL, for through its client 100,000 runs take
hours.
"""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.data import experiment_names, history, runs
from tuiflow.entities import TAG_RUN_NAME
from tuiflow.store.bulk import NewRun

_PIECE = 5000
HISTORY_RUN = "1" * 32
_MADE_BY_MLFLOW = (
    "import sys, mlflow; mlflow.set_tracking_uri(sys.argv[1]); mlflow.search_experiments()"
)


def uri_of(file: Path) -> str:
    return f"sqlite:///{file}"


def build(python: Path, file: Path, count: int) -> None:
    """Make a store of the runs of `data.runs`."""
    with _database(python, file) as conn:
        ids = [
            str(_experiment(conn, file, number, name))
            for number, name in enumerate(experiment_names(), 1)
        ]
        stream = runs(count, ids)
        while piece := list(islice(stream, _PIECE)):
            _insert(conn, file.parent, piece)


def build_history(python: Path, file: Path, points: int) -> None:
    """Make a store of the run `HISTORY_RUN` with one metric of so many points."""
    with _database(python, file) as conn:
        _experiment(conn, file, 1, "history")
        _insert(conn, file.parent, [NewRun(HISTORY_RUN, "1", "long", "user", 1_700_000_000_000)])
        conn.executemany(
            "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)"
            " VALUES ('loss', ?, ?, ?, ?, 0)",
            ((value, time, HISTORY_RUN, step) for step, time, value in history(points)),
        )


@contextlib.contextmanager
def _database(python: Path, file: Path) -> Iterator[sqlite3.Connection]:
    """A new database with MLflow's tables, in one transaction; gone again where that fails."""
    file.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [python, "-c", _MADE_BY_MLFLOW, uri_of(file)],
        check=True,
        cwd=file.parent,
        env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"},
        stderr=subprocess.DEVNULL,
    )
    try:
        with contextlib.closing(sqlite3.connect(file)) as conn:
            conn.execute("PRAGMA synchronous = OFF")
            with conn:
                yield conn
    except BaseException:
        file.unlink()
        raise


def _experiment(conn: sqlite3.Connection, file: Path, number: int, name: str) -> int:
    conn.execute(
        "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage,"
        " creation_time, last_update_time) VALUES (?, ?, ?, 'active', ?, ?)",
        (number, name, f"{file.parent}/mlruns/{number}", 1_700_000_000_000, 1_700_000_000_000),
    )
    return number


def _insert(conn: sqlite3.Connection, folder: Path, piece: list[NewRun]) -> None:
    conn.executemany(
        "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id,"
        " status, start_time, end_time, source_version, lifecycle_stage, artifact_uri,"
        " experiment_id) VALUES (?, ?, 'UNKNOWN', '', '', ?, ?, ?, ?, '', 'active', ?, ?)",
        [
            (
                run.run_id,
                run.name,
                run.user_id,
                run.status,
                run.start_time,
                run.end_time,
                f"{folder}/mlruns/{run.experiment_id}/{run.run_id}/artifacts",
                int(run.experiment_id),
            )
            for run in piece
        ],
    )
    points = [
        (name, 0.0 if math.isnan(value) else value, time, run.run_id, step, math.isnan(value))
        for run in piece
        for name, history in run.metrics.items()
        for step, time, value in history
    ]
    for table in ("metrics", "latest_metrics"):
        conn.executemany(
            f"INSERT INTO {table} (key, value, timestamp, run_uuid, step, is_nan)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            points,
        )
    conn.executemany(
        "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
        [(key, value, run.run_id) for run in piece for key, value in run.params.items()],
    )
    conn.executemany(
        "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
        [
            (key, value, run.run_id)
            for run in piece
            for key, value in {**run.tags, TAG_RUN_NAME: run.name}.items()
        ],
    )
