"""SQLite connections of one store: one writer for the process, one reader for each thread."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tuiflow.errors import StoreError, TuiflowError
from tuiflow.store.schema import APPLICATION_ID, DDL, SCHEMA_VERSION

BUSY_SECONDS = 30.0

# Connections inherited over a fork: closing one in the child could checkpoint the parent's
# write-ahead log, so they are kept, unused, until the child ends.
_inherited: list[object] = []


class ReadInterrupted(StoreError):
    """A read was cancelled by `Database.interrupt`."""


class Database:
    """One database file, used from any thread and, by new connections, from a forked child.

    Raises StoreError where the file is missing (and `create` is false), is not a tuiflow store or
    was written by a newer tuiflow.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        self.path = path
        self._reset()
        if not path.exists():
            if not create:
                raise StoreError(f"There is no tuiflow store at {path}.")
            _create_file(path)
        with _translated(path):
            self._prepare()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._local = threading.local()
        self._readers: dict[int, sqlite3.Connection] = {}
        self._on_rollback: list[Callable[[], None]] = []

    def _leave_parent(self) -> None:
        _inherited.append((self._writer, self._readers, self._local))
        hooks = self._on_rollback
        self._reset()
        self._on_rollback = hooks
        for hook in hooks:
            hook()

    def on_rollback(self, hook: Callable[[], None]) -> None:
        """Have `hook` called when a transaction was undone (and in a forked child)."""
        self._on_rollback.append(hook)

    def _prepare(self) -> None:
        conn = self._open_writer()
        application = conn.execute("PRAGMA application_id").fetchone()[0]
        version = conn.execute("PRAGMA user_version").fetchone()[0]
        if application == APPLICATION_ID and version == SCHEMA_VERSION:
            return
        if application == APPLICATION_ID and version > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} was written by a newer tuiflow (store version {version}, this one"
                f" reads {SCHEMA_VERSION}); upgrade tuiflow to open it."
            )
        if conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            if conn.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
                return  # another process has just created it
            raise StoreError(
                f"{self.path} is an SQLite file, but not a tuiflow store; name another path"
                " (MLflow's own databases can't be opened directly)."
            )
        _retry_busy(lambda: conn.execute("PRAGMA journal_mode = WAL"))
        with self.write() as conn:
            if not conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in DDL.split(";\n"):
                    if statement.strip():
                        conn.execute(statement)
                now = time.time_ns() // 1_000_000
                conn.execute(
                    "INSERT INTO experiments (id, name, creation_time, last_update_time)"
                    " VALUES (0, 'Default', ?, ?)",
                    (now, now),
                )

    def _open_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = sqlite3.connect(
                self.path, timeout=0, isolation_level=None, check_same_thread=False
            )
            self._writer.execute("PRAGMA synchronous = NORMAL")
        return self._writer

    @contextlib.contextmanager
    def write(self, *, synced: bool = False) -> Iterator[sqlite3.Connection]:
        """One `BEGIN IMMEDIATE` transaction, committed when the block ends, undone if it raises.

        With `synced` the commit, and everything before it, is on disk when the block has ended.
        Raises StoreError when other writers keep the store for `BUSY_SECONDS`.
        """
        if self._pid != os.getpid():
            self._leave_parent()
        with self._lock, _translated(self.path):
            conn = self._open_writer()
            if conn.in_transaction:
                raise StoreError("A write was started inside another write.")
            if synced:
                conn.execute("PRAGMA synchronous = FULL")
            try:
                _retry_busy(lambda: conn.execute("BEGIN IMMEDIATE"))
                yield conn
                conn.execute("COMMIT")
            except BaseException:
                if conn.in_transaction:
                    conn.execute("ROLLBACK")
                for hook in self._on_rollback:
                    hook()
                raise
            finally:
                if synced:
                    conn.execute("PRAGMA synchronous = NORMAL")

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """This thread's reading connection. Never blocks a writer, nor waits for one."""
        if self._pid != os.getpid():
            self._leave_parent()
        with _translated(self.path):
            yield self._reader()

    def _reader(self) -> sqlite3.Connection:
        conn: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if conn is None:
            conn = sqlite3.connect(
                self.path, timeout=5, isolation_level=None, check_same_thread=False
            )
            conn.execute("PRAGMA query_only = 1")
            self._local.reader = conn
            self._readers[threading.get_ident()] = conn
        return conn

    def interrupt(self) -> None:
        """Cancel the reads that other threads have under way; they raise ReadInterrupted."""
        mine = threading.get_ident()
        for thread, conn in list(self._readers.items()):
            if thread != mine:
                with contextlib.suppress(sqlite3.ProgrammingError):
                    conn.interrupt()

    def close(self) -> None:
        """Close all connections of this process."""
        if self._pid != os.getpid():
            return
        with self._lock:
            for conn in [*self._readers.values(), self._writer]:
                if conn is not None:
                    conn.close()
            self._reset()


def _create_file(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives its -wal and -shm files the mode of the database.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"Can't create a store at {path}: {error.strerror}.") from error


def _retry_busy(call: Callable[[], object]) -> None:
    """Call until SQLite is not busy. SQLite's own back-off starves: pauses here are random."""
    deadline: float | None = None
    pause = 0.0002
    while True:
        try:
            call()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            now = time.monotonic()
            if deadline is None:
                deadline = now + BUSY_SECONDS
            elif now > deadline:
                raise
        time.sleep(random.uniform(0.5, 1.5) * pause)
        pause = min(pause * 1.5, 0.01)


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except TuiflowError:
        raise
    except sqlite3.DatabaseError as error:
        raise _store_error(error, path) from error


def _store_error(error: sqlite3.DatabaseError, path: Path) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_INTERRUPT:
        return ReadInterrupted("The read was cancelled.")
    reasons = {
        sqlite3.SQLITE_BUSY: f"is held by another writer for more than {BUSY_SECONDS:.0f} s;"
        " try again when it has finished",
        sqlite3.SQLITE_FULL: "can't grow: the disk is full; free some space and try again",
        sqlite3.SQLITE_READONLY: "can't be written: it is read-only here",
        sqlite3.SQLITE_CANTOPEN: "can't be opened; check the path and its permissions",
        sqlite3.SQLITE_NOTADB: "is not a tuiflow store (not an SQLite file)",
        sqlite3.SQLITE_CORRUPT: "is damaged; restore it from a copy",
    }
    reason = reasons.get(code, f"failed: {error}")
    return StoreError(f"The store {path} {reason}.")
