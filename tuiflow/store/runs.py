"""Writing runs: create, log, finish, delete."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from tuiflow.entities import (
    TAG_RUN_NAME,
    TAG_USER,
    Metric,
    Param,
    Process,
    RunStatus,
    RunTag,
)
from tuiflow.errors import InvalidInput, InvalidState, NotFound
from tuiflow.store import experiments, metrics
from tuiflow.store.changes import mark
from tuiflow.store.keys import Keys
from tuiflow.store.names import random_name
from tuiflow.store.processes import now_ms, this_process
from tuiflow.store.schema import METRIC, PARAM, TAG
from tuiflow.store.validate import (
    check_batch,
    check_final_status,
    read_number,
    read_time,
    same_value,
)


def parse_id(run_id: object) -> bytes:
    """The 16 bytes of a 32-hex run id. Raises NotFound for a text that can't be one."""
    if isinstance(run_id, str) and len(run_id) == 32:
        try:
            return bytes.fromhex(run_id)
        except ValueError:
            pass
    raise NotFound(f"No run with id {run_id!r}.")


def row_key(conn: sqlite3.Connection, run_id: str) -> int:
    """Raises NotFound."""
    row = conn.execute("SELECT id FROM runs WHERE uuid = ?", (parse_id(run_id),)).fetchone()
    if row is None:
        raise NotFound(f"No run with id {run_id!r}.")
    return int(row[0])


def writable_key(conn: sqlite3.Connection, run_id: str) -> int:
    """The row key of a run that may be written. Raises NotFound, InvalidState when deleted."""
    row = conn.execute(
        "SELECT id, deleted_at FROM runs WHERE uuid = ?", (parse_id(run_id),)
    ).fetchone()
    if row is None:
        raise NotFound(f"No run with id {run_id!r}.")
    if row[1] is not None:
        raise InvalidState(f"Run {run_id} is deleted; restore it to write to it.")
    return int(row[0])


def intern_process(conn: sqlite3.Connection, process: Process) -> int:
    """The row of a process, made or refreshed."""
    row = conn.execute(
        "INSERT INTO processes (host, pid, started, boot_id, heartbeat) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (boot_id, host, pid, started)"
        " DO UPDATE SET heartbeat = max(heartbeat, excluded.heartbeat) RETURNING id",
        (process.host, process.pid, process.started, process.boot_id, process.heartbeat),
    ).fetchone()
    return int(row[0])


def create(
    conn: sqlite3.Connection,
    keys: Keys,
    experiment_id: str,
    run_name: str | None,
    start_time: int | None,
    tags: Mapping[str, str],
    params: Mapping[str, str],
) -> str:
    """Insert a RUNNING run of this process with its tags and params; return its id."""
    experiment = experiments.parse_id(experiment_id)
    row = conn.execute("SELECT deleted_at FROM experiments WHERE id = ?", (experiment,)).fetchone()
    if row is None:
        raise NotFound(f"No experiment with id {experiment_id!r}.")
    if row[0] is not None:
        raise InvalidState(f"Experiment {experiment_id} is deleted; restore it to add runs.")
    start = read_time("start_time", start_time)
    name = run_name or tags.get(TAG_RUN_NAME) or random_name()
    run_id = _new_id()
    inserted = conn.execute(
        "INSERT INTO runs (uuid, experiment, name, user_id, status, start_time, process)"
        " VALUES (?, ?, ?, ?, 'RUNNING', ?, ?) RETURNING id",
        (
            run_id,
            experiment,
            name,
            tags.get(TAG_USER) or _user(),
            now_ms() if start is None else start,
            intern_process(conn, this_process()),
        ),
    ).fetchone()
    conn.execute("UPDATE experiments SET last_update_time = ? WHERE id = ?", (now_ms(), experiment))
    log(
        conn,
        keys,
        run_id.hex(),
        int(inserted[0]),
        (),
        [Param(key, value) for key, value in params.items()],
        [RunTag(key, value) for key, value in {**tags, TAG_RUN_NAME: name}.items()],
    )
    return run_id.hex()


def _new_id() -> bytes:
    """A random UUID (RFC 9562, version 4), as MLflow's run ids are; `uuid` is slow to import."""
    random = bytearray(os.urandom(16))
    random[6] = random[6] & 0x0F | 0x40
    random[8] = random[8] & 0x3F | 0x80
    return bytes(random)


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no entry for this uid in a container
        return "unknown"


def log(
    conn: sqlite3.Connection,
    keys: Keys,
    run_id: str,
    run: int,
    new_metrics: Sequence[Metric],
    new_params: Sequence[Param],
    new_tags: Sequence[RunTag],
) -> None:
    """Write a batch; raises InvalidInput for a rule that it breaks or a param that would change."""
    check_batch(new_metrics, new_params, new_tags)
    log_checked(conn, keys, run_id, run, new_metrics, new_params, new_tags)


def log_checked(
    conn: sqlite3.Connection,
    keys: Keys,
    run_id: str,
    run: int,
    new_metrics: Sequence[Metric],
    new_params: Sequence[Param],
    new_tags: Sequence[RunTag],
    in_order: bool = False,
) -> list[int]:
    """Write a batch that `check_batch` has passed; raises InvalidInput when a param would change.

    Returns the keys of metrics that should be sealed.
    """
    keys.marks.mark(conn, run)
    due: list[int] = []
    if new_metrics:
        by_name: dict[str, list[Metric]] = {}
        for metric in new_metrics:
            by_name.setdefault(metric.key, []).append(metric)
        points = {keys.intern(conn, METRIC, name): new for name, new in by_name.items()}
        due = metrics.log(conn, run, points, in_order)
    for param in new_params:
        _log_param(conn, run_id, run, keys.intern(conn, PARAM, param.key), param)
    for tag in new_tags:
        if tag.key == TAG_RUN_NAME and not tag.value:
            continue  # MLflow, too, keeps the name that a run has
        conn.execute(
            "INSERT INTO tags (run, key, text, number) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (run, key) DO UPDATE SET text = excluded.text, number = excluded.number",
            (run, keys.intern(conn, TAG, tag.key), tag.value, read_number(tag.value)),
        )
        if tag.key == TAG_RUN_NAME:
            conn.execute("UPDATE runs SET name = ? WHERE id = ?", (tag.value, run))
    return due


def _log_param(conn: sqlite3.Connection, run_id: str, run: int, key: int, param: Param) -> None:
    try:
        conn.execute(
            "INSERT INTO params (run, key, text, number) VALUES (?, ?, ?, ?)",
            (run, key, param.value, read_number(param.value)),
        )
    except sqlite3.IntegrityError:
        old = conn.execute(
            "SELECT text FROM params WHERE run = ? AND key = ?", (run, key)
        ).fetchone()[0]
        # `-P alpha=1` is recorded by `tuiflow run`, then logged as 1.0 by the script.
        if not same_value(old, param.value):
            raise InvalidInput(
                f"Param {param.key!r} of run {run_id} is {old!r} already and can't change to"
                f" {param.value!r}; log it under another name or in a new run."
            ) from None


def delete_tag(conn: sqlite3.Connection, keys: Keys, run_id: str, key: str) -> None:
    """Raises NotFound when the run has no such tag."""
    run = writable_key(conn, run_id)
    mark(conn, (run,))
    found = conn.execute(
        "DELETE FROM tags WHERE run = ? AND key = ?", (run, keys.intern(conn, TAG, key))
    )
    if not found.rowcount:
        raise NotFound(f"Run {run_id} has no tag {key!r}.")


def finish(conn: sqlite3.Connection, run_id: str, status: str, end_time: int | None) -> None:
    check_final_status(status)
    end = read_time("end_time", end_time)
    run = writable_key(conn, run_id)
    mark(conn, (run,))
    conn.execute(
        "UPDATE runs SET status = ?, end_time = ? WHERE id = ?",
        (status, now_ms() if end is None else end, run),
    )


def adopt(conn: sqlite3.Connection, run_id: str) -> None:
    run = writable_key(conn, run_id)
    mark(conn, (run,))
    conn.execute(
        "UPDATE runs SET status = 'RUNNING', end_time = NULL, process = ? WHERE id = ?",
        (intern_process(conn, this_process()), run),
    )


def update(
    conn: sqlite3.Connection,
    keys: Keys,
    run_id: str,
    status: str | None,
    name: str | None,
    end_time: int | None,
) -> None:
    """Change what is given. RUNNING and SCHEDULED clear the end time; RUNNING is this process's.

    Raises NotFound, InvalidInput for an unknown status, InvalidState when deleted.
    """
    run = writable_key(conn, run_id)
    if status is None:
        pass
    elif status == RunStatus.RUNNING:
        adopt(conn, run_id)
    elif status == RunStatus.SCHEDULED:
        mark(conn, (run,))
        conn.execute("UPDATE runs SET status = ?, end_time = NULL WHERE id = ?", (status, run))
    else:
        finish(conn, run_id, status, end_time)
    if name is not None:
        log(conn, keys, run_id, run, (), (), [RunTag(TAG_RUN_NAME, name)])


def set_deleted(conn: sqlite3.Connection, run_ids: Iterable[str], deleted: bool) -> None:
    """Mark runs deleted, or not. Raises NotFound, before any is marked, for an unknown id."""
    when = now_ms() if deleted else None
    rows = [row_key(conn, run_id) for run_id in run_ids]
    mark(conn, rows)
    conn.executemany("UPDATE runs SET deleted_at = ? WHERE id = ?", [(when, run) for run in rows])
