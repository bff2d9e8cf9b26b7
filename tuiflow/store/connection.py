"""SQLite connections of one store: one writer for the process, one reader for each thread."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

from tuiflow.errors import InvalidInput, StoreError
from tuiflow.store.schema import APPLICATION_ID, SCHEMA_VERSION, statements

BUSY_SECONDS = 30.0


class ReadInterrupted(StoreError):
    """A read was cancelled by `Database.interrupt`."""


class Database:
    """One database file, used from any thread and, by new connections, from a forked child.

    Raises StoreError where the file is missing (and `create` is false), is not a tuiflow store or
    was written by a newer tuiflow.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        self.path = path
        self._on_rollback: list[Callable[[], None]] = []
        self._reset()
        if not path.exists():
            if not create:
                raise StoreError(f"There is no tuiflow store at {path}.")
            _create_file(path)
        _databases.add(self)
        with self._using():
            _retry_busy(self._prepare)

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._gate = threading.Condition(threading.Lock())
        self._users = 0
        self._frozen = False
        self._writer: sqlite3.Connection | None = None
        self._local = threading.local()
        self._readers: dict[int, sqlite3.Connection] = {}

    def on_rollback(self, hook: Callable[[], None]) -> None:
        """Have `hook` called when a transaction was undone."""
        self._on_rollback.append(hook)

    @contextlib.contextmanager
    def _using(self) -> Iterator[None]:
        """Hold off a fork while connections are in use, and translate SQLite's errors."""
        with self._gate:
            while self._frozen:
                self._gate.wait()
            self._users += 1
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise _store_error(error, self.path) from error
        except UnicodeEncodeError as error:
            raise InvalidInput("A text holds a lone surrogate; it is not valid text.") from error
        finally:
            with self._gate:
                self._users -= 1
                if not self._users:
                    self._gate.notify_all()

    def freeze(self) -> None:
        """Before a fork: wait until nothing uses the connections and close them.

        SQLite's locks belong to a process, and its memory of them to the connections: a child that
        inherited any would believe in locks that only its parent holds.
        """
        with self._gate:
            self._frozen = True
            while self._users:
                self._gate.wait()
        self._close()

    def thaw(self) -> None:
        """After a fork, in the parent: go on with new connections."""
        with self._gate:
            self._frozen = False
            self._gate.notify_all()

    def thaw_child(self) -> None:
        """After a fork, in the child: begin anew."""
        self._reset()

    def _close(self) -> None:
        for conn in [*self._readers.values(), self._writer]:
            if conn is not None:
                conn.close()
        self._writer = None
        self._local = threading.local()
        self._readers = {}

    def _prepare(self) -> None:
        """Check the file, and make the tables in a new one; can be called again when busy."""
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
        if application == APPLICATION_ID and version > 0:
            from tuiflow.store import upgrade

            with self._transaction(synced=True) as conn:
                upgrade.run(conn, self.path)
            return
        if conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            if conn.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
                return  # another process has just created it
            raise StoreError(
                f"{self.path} is an SQLite file, but not a tuiflow store; name another path"
                " (MLflow's own databases can't be opened directly)."
            )
        conn.execute("PRAGMA journal_mode = WAL")
        with self._transaction(synced=False) as conn:
            if not conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in statements(0):
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
        Raises StoreError when other writers keep the store for `BUSY_SECONDS`. Blocks don't nest.
        """
        with self._using(), self._lock, self._transaction(synced) as conn:
            yield conn

    @contextlib.contextmanager
    def _transaction(self, synced: bool) -> Iterator[sqlite3.Connection]:
        conn = self._open_writer()
        if conn.in_transaction:  # a signal handler that writes, called inside a write
            raise StoreError("A write was started inside another write of the same thread.")
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
        with self._using():
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
        """Close all connections; a later call opens new ones."""
        self.freeze()
        self.thaw()


_databases: weakref.WeakSet[Database] = weakref.WeakSet()


def _before_fork() -> None:
    for database in list(_databases):
        database.freeze()


def _after_fork_in_parent() -> None:
    for database in list(_databases):
        database.thaw()


def _after_fork_in_child() -> None:
    for database in list(_databases):
        database.thaw_child()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)


def _create_file(path: Path) -> None:
    try:
        make_private(path.parent)
        # SQLite gives its -wal and -shm files the mode of the database.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"Can't create a store at {path}: {error.strerror}.") from error


def make_private(folder: Path) -> None:
    """Make a folder and those above it that are missing, all for the owner alone (0700)."""
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


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
        time.sleep(pause * (0.5 + os.urandom(1)[0] / 256))
        pause = min(pause * 1.5, 0.01)


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
