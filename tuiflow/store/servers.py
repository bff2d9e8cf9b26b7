"""Rows of model servers; starting and stopping them is `serving/`'s."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tuiflow.entities import Process, ServerInfo
from tuiflow.errors import NotFound
from tuiflow.store.processes import now_ms
from tuiflow.store.runs import intern_process, row_key


def add(
    conn: sqlite3.Connection,
    run_id: str,
    model_path: str,
    host: str,
    port: int,
    process: Process,
    detached: bool,
    log_path: str,
) -> int:
    row = conn.execute(
        "INSERT INTO servers (run, model_path, host, port, process, detached, log_path, started_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            row_key(conn, run_id),
            model_path,
            host,
            port,
            intern_process(conn, process),
            int(detached),
            log_path,
            now_ms(),
        ),
    ).fetchone()
    return int(row[0])


def set_detached(conn: sqlite3.Connection, server_id: int, detached: bool) -> None:
    found = conn.execute("UPDATE servers SET detached = ? WHERE id = ?", (int(detached), server_id))
    if not found.rowcount:
        raise NotFound(f"No server {server_id}.")


def stop(conn: sqlite3.Connection, server_id: int) -> None:
    conn.execute(
        "UPDATE servers SET stopped_at = ? WHERE id = ? AND stopped_at IS NULL",
        (now_ms(), server_id),
    )


def list_all(conn: sqlite3.Connection, root: Path, include_stopped: bool) -> list[ServerInfo]:
    """Newest first."""
    where = "" if include_stopped else "WHERE s.stopped_at IS NULL"
    return [
        ServerInfo(
            server_id=server_id,
            run_id=uuid.hex(),
            run_name=run_name,
            experiment_name=experiment_name,
            model_path=model_path,
            host=host,
            port=port,
            process=Process(*process),
            detached=bool(detached),
            log_path=str(root / log_path),
            started_at=started_at,
            stopped_at=stopped_at,
        )
        for (
            server_id, uuid, run_name, experiment_name, model_path, host, port, detached, log_path,
            started_at, stopped_at, *process,
        ) in conn.execute(
            "SELECT s.id, r.uuid, r.name, e.name, s.model_path, s.host, s.port, s.detached,"
            " s.log_path, s.started_at, s.stopped_at, p.host, p.pid, p.started, p.boot_id,"
            " p.heartbeat FROM servers s JOIN runs r ON r.id = s.run"
            " JOIN experiments e ON e.id = r.experiment JOIN processes p ON p.id = s.process"
            f" {where} ORDER BY s.id DESC"
        )
    ]  # fmt: skip
