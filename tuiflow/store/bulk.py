"""Many runs at once, as an import or a benchmark brings them: streamed, and in few statements.

A store without runs is filled in one transaction outside of WAL, its indexes made at the end. As
SQLite's rollback journal keeps no pages that are new, everything is written to the disk once, and
what was stopped halfway is undone whole. A store with runs is filled in pieces beside other
writers.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tuiflow.config import MAX_PARAM_LENGTH, MAX_TAG_LENGTH
from tuiflow.entities import TAG_RUN_NAME, Metric, Param, RunStatus, RunTag
from tuiflow.errors import AlreadyExists, NotFound
from tuiflow.store import changes, experiments, metrics, sealing
from tuiflow.store.connection import Database
from tuiflow.store.guarded import guarded
from tuiflow.store.keys import Keys
from tuiflow.store.processes import now_ms
from tuiflow.store.runs import parse_id
from tuiflow.store.schema import METRIC, PARAM, TAG
from tuiflow.store.validate import check_key, check_metric, check_param, check_tag, read_number

Point = tuple[int, int, float]
"""Step, epoch ms, value."""

_PIECE = 200
"""Runs that are written in one transaction beside other writers: some 20 ms."""
_ALONE_PIECE = 2000
_CACHE_KIB = 256 << 10
_INDEXED = ("runs", "latest", "params", "tags")
_NUMBERS_KEPT = 1 << 16
_WORDS = {METRIC: "metric", PARAM: "param", TAG: "tag"}


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run with all that it has. Times are epoch ms; points in the order in which they came.

    The tag mlflow.runName need not be given; `run_id` is 32 hex digits, of no run of the store.
    """

    run_id: str
    experiment_id: str
    name: str
    user_id: str
    start_time: int
    end_time: int | None = None
    status: str = RunStatus.FINISHED.value
    deleted_at: int | None = None
    metrics: Mapping[str, Sequence[Point]] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


def add_runs(
    db: Database,
    keys: Keys,
    runs: Iterable[NewRun],
    progress: Callable[[int], None] = lambda done: None,
) -> int:
    """Write runs and return how many; `progress` gets how many are written.

    A store without runs gets all or none; in another, an error leaves the pieces before it.
    Raises AlreadyExists for the id of a run that is there, NotFound for an experiment that isn't,
    and InvalidInput.
    """
    writer = _Writer(keys)
    done = _write(db, keys, writer, iter(runs), progress)
    for run, key in writer.long:
        sealing.seal(db, run, key, limit=sys.maxsize)
    return done


def _write(
    db: Database,
    keys: Keys,
    writer: _Writer,
    stream: Iterator[NewRun],
    progress: Callable[[int], None],
) -> int:
    with db.read() as conn:
        empty = _has_no_runs(conn)
    if empty:
        with _alone(db, keys) as conn:
            if _has_no_runs(conn):
                return _fill(conn, writer, stream, progress)
    done = 0
    for piece in _pieces(stream, _PIECE):
        with db.write() as conn:
            writer.write(conn, piece)
        done += len(piece)
        progress(done)
    return done


def _has_no_runs(conn: sqlite3.Connection) -> bool:
    return conn.execute("SELECT 1 FROM runs LIMIT 1").fetchone() is None


@guarded
def _alone(db: Database, keys: Keys) -> Iterator[sqlite3.Connection]:
    """One transaction, outside of WAL unless others have the store open."""
    db.close()
    with db.exclusive() as conn:
        journal = conn.execute("PRAGMA journal_mode").fetchone()[0]
        cache = conn.execute("PRAGMA cache_size").fetchone()[0]
        with contextlib.suppress(sqlite3.OperationalError):
            conn.execute("PRAGMA journal_mode = DELETE")
        conn.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        try:
            conn.execute("BEGIN IMMEDIATE")
            yield conn
            conn.execute("COMMIT")
        except BaseException:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            keys.forget()
            raise
        finally:
            conn.execute(f"PRAGMA cache_size = {cache}")
            conn.execute(f"PRAGMA journal_mode = {journal}")


def _fill(
    conn: sqlite3.Connection,
    writer: _Writer,
    runs: Iterator[NewRun],
    progress: Callable[[int], None],
) -> int:
    indexes = conn.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        f" AND tbl_name IN ({', '.join('?' * len(_INDEXED))})",
        _INDEXED,
    ).fetchall()
    for name, _ in indexes:
        conn.execute(f"DROP INDEX {name}")
    done = 0
    for piece in _pieces(runs, _ALONE_PIECE):
        writer.write(conn, piece)
        done += len(piece)
        progress(done)
    for _, sql in indexes:
        conn.execute(sql)
    return done


def _pieces(runs: Iterator[NewRun], size: int) -> Iterator[list[NewRun]]:
    while piece := list(islice(runs, size)):
        yield piece


class _Writer:
    """Writes pieces, and remembers keys, and what numbers texts read as."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._numbers: dict[str, float | None] = {}
        self._known: dict[int, dict[str, int]] = {kind: {} for kind in _WORDS}
        self.long: list[tuple[int, int]] = []
        """Runs and keys of metrics with points to be sealed, once they are committed."""

    def write(self, conn: sqlite3.Connection, runs: Sequence[NewRun]) -> None:
        """Call it inside a write."""
        first = conn.execute("SELECT coalesce(max(id), 0) + 1 FROM runs").fetchone()[0]
        self._insert_runs(conn, first, runs)
        known_metrics, known_params, known_tags = self._known.values()
        latest: list[tuple[object, ...]] = []
        params: list[tuple[object, ...]] = []
        tags: list[tuple[object, ...]] = []
        for row, run in enumerate(runs, first):
            for name, points in run.metrics.items():
                if not points:
                    continue
                key = known_metrics.get(name) or self._key(conn, METRIC, name)
                if len(points) == 1:
                    step, timestamp, value = points[0]
                    if type(step) is not int or type(timestamp) is not int or timestamp < 0:
                        check_metric(Metric(name, value, timestamp, step))
                    latest.append((row, key, value, step, timestamp))
                else:
                    self._log_history(conn, row, key, name, points)
            for name, text in run.params.items():
                if len(text) > MAX_PARAM_LENGTH:
                    check_param(Param(name, text))
                key = known_params.get(name) or self._key(conn, PARAM, name)
                params.append((row, key, text, self._number(text)))
            for name, text in {**run.tags, TAG_RUN_NAME: run.name}.items():
                if len(text) > MAX_TAG_LENGTH:
                    check_tag(RunTag(name, text))
                key = known_tags.get(name) or self._key(conn, TAG, name)
                tags.append((row, key, text, self._number(text)))
        conn.executemany(
            "INSERT INTO latest (run, key, value, step, timestamp, count)"
            " VALUES (?, ?, ?, ?, ?, 1)",
            latest,
        )
        conn.executemany("INSERT INTO params (run, key, text, number) VALUES (?, ?, ?, ?)", params)
        conn.executemany("INSERT INTO tags (run, key, text, number) VALUES (?, ?, ?, ?)", tags)
        changes.mark(conn, range(first, first + len(runs)))

    def _insert_runs(self, conn: sqlite3.Connection, first: int, runs: Sequence[NewRun]) -> None:
        rows = [
            (
                row,
                parse_id(run.run_id),
                experiments.parse_id(run.experiment_id),
                run.name,
                run.user_id,
                RunStatus(run.status).value,
                run.start_time,
                run.end_time,
                run.deleted_at,
            )
            for row, run in enumerate(runs, first)
        ]
        for experiment in {row[2] for row in rows}:
            found = conn.execute(
                "UPDATE experiments SET last_update_time = ? WHERE id = ?", (now_ms(), experiment)
            )
            if not found.rowcount:
                raise NotFound(f"No experiment with id {experiment}.")
        try:
            conn.executemany(
                "INSERT INTO runs (id, uuid, experiment, name, user_id, status, start_time,"
                " end_time, deleted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        except sqlite3.IntegrityError as error:
            raise AlreadyExists("A run with that id is there already.") from error

    def _log_history(
        self, conn: sqlite3.Connection, row: int, key: int, name: str, points: Sequence[Point]
    ) -> None:
        history = [Metric(name, value, timestamp, step) for step, timestamp, value in points]
        for metric in history:
            check_metric(metric)
        self.long += [(row, key) for key in metrics.log(conn, row, {key: history})]

    def _key(self, conn: sqlite3.Connection, kind: int, name: str) -> int:
        check_key(_WORDS[kind], name)
        self._known[kind][name] = key = self._keys.intern(conn, kind, name)
        return key

    def _number(self, text: str) -> float | None:
        try:
            return self._numbers[text]
        except KeyError:
            if len(self._numbers) >= _NUMBERS_KEPT:
                self._numbers.clear()
            self._numbers[text] = number = read_number(text)
            return number
