"""SQLite connections of one store: one writer for the process, one reader for each thread."""

from __future__ import annotations

import contextlib
import gc
import math
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

from tuiflow.config import HEARTBEAT_SECONDS, STALE_AFTER_MS
from tuiflow.errors import InvalidInput, StoreError, TuiflowError
from tuiflow.store import file, filesystem
from tuiflow.store.failures import BUSY_SECONDS, moved, store_error
from tuiflow.store.guarded import end_abandoned, guarded
from tuiflow.store.schema import APPLICATION_ID, INCREMENTAL, SCHEMA_VERSION, statements
from tuiflow.store.waiting import patiently, retry_busy
from tuiflow.store.wal import WriteAheadLog

_Use = tuple[int, object]
"""Of the connections, by a thread."""
_LOOK_AT_FILE_SECONDS = 1.0
_LOOK_SECONDS = 0.1
"""Between looks whether any is left, should one have ended without a word."""


class Database:
    """One database file, used from any thread and, by new connections, from a forked child.

    Raises StoreError where the file is missing (and `create` is false), is not a tuiflow store or
    was written by a newer tuiflow.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        self.path = path
        self._on_rollback: list[Callable[[], None]] = []
        self._log = WriteAheadLog(path)
        self._reset()
        if not path.exists():
            if not create:
                raise StoreError(f"There is no tuiflow store at {path}.")
            file.create(path)
        _databases.add(self)
        self._file = file.identity(path)
        self._looked = -math.inf
        self.network = filesystem.network_name(path)
        self._hosts_checked = -math.inf
        self.read_only = not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))
        with self._using():
            if self.read_only:
                self._check_version(self._reader())
                return
            if self.network is not None:
                file.leave_wal(path)
            retry_busy(self._prepare)

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._mutex = threading.RLock()  # what ends a block may be called while one is begun
        self._gate = threading.Condition(self._mutex)
        self._uses: dict[_Use, bool] = {}
        """Under way, and whether they write."""
        self._unsure = False
        """Whether a write may have been undone without a word to who has to know."""
        self._frozen = False
        self._writer: sqlite3.Connection | None = None
        self._local = threading.local()
        self._readers: dict[int, sqlite3.Connection] = {}

    def on_rollback(self, hook: Callable[[], None]) -> None:
        """Have `hook` called when a transaction was undone."""
        self._on_rollback.append(hook)

    @guarded
    def _using(self) -> Iterator[None]:
        """Hold off a fork while connections are in use, and translate SQLite's errors."""
        use = (threading.get_ident(), object())
        try:
            self._enter(use)
            yield
        except (sqlite3.DatabaseError, UnicodeEncodeError) as error:
            raise self._meant(error) from error
        finally:
            self._uses.pop(use, None)  # by itself: a function could be interrupted before it does
            if self._frozen:
                self._left()

    def _enter(self, use: _Use) -> None:
        with self._mutex:
            while self._frozen and all(thread != use[0] for thread, _ in list(self._uses)):
                self._gate.wait()
            self._uses[use] = False

    def _left(self) -> None:
        with self._mutex:
            self._gate.notify_all()

    def _meant(self, error: sqlite3.DatabaseError | UnicodeEncodeError) -> TuiflowError:
        """The error to raise instead."""
        if isinstance(error, UnicodeEncodeError):
            return InvalidInput("A text holds a lone surrogate; it is not valid text.")
        return store_error(error, self.path)

    def freeze(self) -> None:
        """Before a fork: wait until nothing uses the connections and close them.

        SQLite's locks belong to a process, and its memory of them to the connections: a child that
        inherited any would believe in locks that only its parent holds.
        """
        end_abandoned()
        with self._gate:
            self._frozen = True
            while self._uses:
                self._gate.wait(_LOOK_SECONDS)
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
        version = self._check_version(conn)
        if version == SCHEMA_VERSION:
            self._enter_wal(conn)
            return
        if version > 0:
            from tuiflow.store import upgrade

            with self.write(synced=True) as conn:
                upgrade.run(conn, self.path)
            return
        conn.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")  # only before there is a table
        self._enter_wal(conn)
        with self.write() as conn:
            if not conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in statements(0):
                    conn.execute(statement)
                now = time.time_ns() // 1_000_000
                conn.execute(
                    "INSERT INTO experiments (id, name, creation_time, last_update_time)"
                    " VALUES (0, 'Default', ?, ?)",
                    (now, now),
                )

    def _check_version(self, conn: sqlite3.Connection) -> int:
        """The store's version, 0 for an empty file that may become one. Raises StoreError."""
        application = conn.execute("PRAGMA application_id").fetchone()[0]
        version = int(conn.execute("PRAGMA user_version").fetchone()[0])
        if application != APPLICATION_ID:
            # Creating a store is one transaction: a file with tables and no mark is another's.
            if not conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                version = 0
            elif conn.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
                return SCHEMA_VERSION  # another process has just created it
            else:
                raise StoreError(
                    f"{self.path} is an SQLite file, but not a tuiflow store; name another path"
                    " (MLflow's own databases can't be opened directly)."
                )
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} was written by a newer tuiflow (store version {version}, this one"
                f" reads {SCHEMA_VERSION}); upgrade tuiflow to open it."
            )
        if self.read_only and version < SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} is of store version {version} and read-only here, so it can't be"
                f" upgraded to {SCHEMA_VERSION}; open a copy of it."
            )
        return version

    def _enter_wal(self, conn: sqlite3.Connection) -> None:
        """Readers and writers don't wait for each other in WAL; a store that came from a network
        file system is not in it."""
        if self.network is None and conn.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            with contextlib.suppress(sqlite3.OperationalError):  # in use, or read-only
                conn.execute("PRAGMA journal_mode = WAL")

    def was_moved(self) -> bool:
        """See `Store.was_moved`."""
        return file.identity(self.path) != self._file

    def _check_file(self, *, at_once: bool = False) -> None:
        """Raise StoreError where another file or none is in the place of the one that was opened:
        what is written to that would be lost without a word. Looks once in a while, or `at_once`.
        """
        now = time.monotonic()
        if at_once or now > self._looked + _LOOK_AT_FILE_SECONDS:
            if self.was_moved():
                raise moved(self.path)
            self._looked = now

    def _open_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            self._check_file(at_once=True)
            writer = self._connect("mode=rw", timeout=0)
            writer.execute("PRAGMA synchronous = NORMAL")
            self._log.opened(writer)
            self._writer = writer
        return self._writer

    def _connect(self, mode: str, timeout: float) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{mode}",
            uri=True,
            timeout=timeout,
            isolation_level=None,
            check_same_thread=False,
        )

    @guarded
    def write(
        self, *, synced: bool = False, patience: float = BUSY_SECONDS
    ) -> Iterator[sqlite3.Connection]:
        """One `BEGIN IMMEDIATE` transaction, committed when the block ends, undone if it raises.

        With `synced` the commit, and everything before it, is on disk when the block has ended.
        Raises StoreError when other writers keep the store for `patience` seconds. Blocks don't
        nest, but one can be inside a `read`.
        """
        if self.read_only:
            raise StoreError(f"The store {self.path} can't be written: it is read-only here.")
        # One generator, not several in one another: each point that is logged comes by here.
        use = (threading.get_ident(), object())
        try:
            self._enter(use)
            with self._lock:
                self._check_file()
                conn = self._writer or self._open_writer()
                if len(self._uses) > 1 and any(list(self._uses.values())):  # a signal handler's
                    raise StoreError("A write was started inside another write of the same thread.")
                if conn.in_transaction or self._unsure:  # ctrl+C, and once more in its wake
                    self._undo(conn)
                self._uses[use] = self._unsure = True
                if synced:
                    conn.execute("PRAGMA synchronous = FULL")
                try:
                    patiently(conn, "BEGIN IMMEDIATE", patience)
                    if self.network is not None:
                        self._check_hosts(conn, self.network)
                    yield conn
                    # Outside WAL, readers hold up a commit.
                    patiently(conn, "COMMIT", patience)
                    self._unsure = False
                    self._log.committed(conn)
                except KeyboardInterrupt:
                    self._writer = None
                    self._undo(conn)
                    _close_cursors(conn)
                    raise
                except BaseException:
                    self._undo(conn)
                    raise
                finally:
                    if synced:
                        conn.execute("PRAGMA synchronous = NORMAL")
        except (sqlite3.DatabaseError, UnicodeEncodeError) as error:
            raise self._meant(error) from error
        finally:
            self._uses.pop(use, None)
            if self._frozen:
                self._left()

    def _undo(self, conn: sqlite3.Connection) -> None:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        for hook in self._on_rollback:
            hook()
        self._unsure = False

    def shorten_log(self, limit: int) -> None:
        """Empty the write-ahead log if it has more than `limit` bytes. For who writes much at once,
        so that it isn't left to the next who writes little."""
        with self._using(), self._lock:
            self._log.shorten(self._open_writer(), limit)

    @guarded
    def exclusive(self) -> Iterator[sqlite3.Connection]:
        """The writing connection outside a transaction, for statements that can't be in one."""
        if self.read_only:
            raise StoreError(f"The store {self.path} can't be written: it is read-only here.")
        with self._using(), self._lock:
            yield self._open_writer()

    def _check_hosts(self, conn: sqlite3.Connection, network: str) -> None:
        """Raise StoreError where another host writes too: locks of network file systems are not to
        be relied on between hosts."""
        now = time.monotonic()
        if now - self._hosts_checked < HEARTBEAT_SECONDS:
            return
        if not conn.execute("PRAGMA user_version").fetchone()[0]:
            return  # about to be created
        other = conn.execute(
            "SELECT host, heartbeat FROM processes WHERE host != ? AND heartbeat > ?"
            " ORDER BY heartbeat DESC LIMIT 1",
            (os.uname().nodename, time.time_ns() // 1_000_000 - STALE_AFTER_MS),
        ).fetchone()
        if other is not None:
            raise StoreError(
                f"The store {self.path} is on {network}, where one host at a time may write, and"
                f" {other[0]} is writing to it. Give this host a store of its own on a local disk"
                " (TUIFLOW_STORE), or write once that host has been silent for"
                f" {STALE_AFTER_MS // 1000} s; hosts that log together need a tracking"
                " server over HTTP, which is not served yet."
            )
        self._hosts_checked = now

    @guarded
    def read(self) -> Iterator[sqlite3.Connection]:
        """This thread's reading connection. Never blocks a writer, nor waits for one."""
        with self._using():
            self._check_file()
            conn = self._reader()
            try:
                yield conn
            except KeyboardInterrupt:
                self._local.reader = None
                _close_cursors(conn)
                raise

    def _reader(self) -> sqlite3.Connection:
        conn: sqlite3.Connection | None = getattr(self._local, "reader", None)
        state = self._file_state() if self.read_only else None
        if conn is not None and state != self._local.state:
            conn.close()
            conn = None
        if conn is None:
            self._check_file(at_once=True)
            # Without a WAL there is nothing to share, and in a read-only folder no way to.
            alone = state is not None and not state[0]
            conn = self._connect("immutable=1" if alone else "mode=rw", timeout=5)
            conn.execute("PRAGMA query_only = 1")
            self._close_those_of_ended_threads()
            self._local.reader = conn
            self._local.state = state
            self._readers[threading.get_ident()] = conn
        return conn

    def _close_those_of_ended_threads(self) -> None:
        """Nothing else does: a connection is in a cycle with what it has prepared."""
        threading.current_thread()  # which makes one that was not started by `threading` known
        # Not `sys._current_frames`, in which Python 3.11 can lock itself up.
        running = {thread.ident for thread in threading.enumerate()}
        for thread in [*(set(self._readers) - running), threading.get_ident()]:
            if conn := self._readers.pop(thread, None):
                conn.close()

    def _file_state(self) -> tuple[bool, int, int]:
        """Whether there is a WAL, and what changes when the file without one does."""
        info = self.path.stat()
        return Path(f"{self.path}-wal").exists(), info.st_mtime_ns, info.st_size

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


def _close_cursors(conn: sqlite3.Connection) -> None:
    """End what ctrl+C has left half read on a connection that is given up: for as long as somebody
    keeps the traceback, and so the cursors, it would hold on to the store as it is now."""
    for found in gc.get_objects():
        if type(found) is sqlite3.Cursor and found.connection is conn:
            found.close()
