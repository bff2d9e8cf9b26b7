"""Look after a store: check it, copy it, make it compact."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tuiflow.errors import AlreadyExists, StoreError, TuiflowError
from tuiflow.store import gc, history_check, pieces, sealing
from tuiflow.store.connection import Database
from tuiflow.store.copying import copy
from tuiflow.store.failures import BUSY_SECONDS
from tuiflow.store.pieces import LOG_BYTES, REST, Pace
from tuiflow.store.schema import APPLICATION_ID, INCREMENTAL, SCHEMA_VERSION, statements
from tuiflow.store.waiting import patiently
from tuiflow.store.watching import watched

_ANALYSED = 1000
"""Rows of an index that SQLite looks at for its statistics."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a store, and what to do about it."""

    what: str
    remedy: str


def version_of(path: Path) -> int:
    """The version of a store's file, which is only read. Raises StoreError where it is none."""
    try:
        with contextlib.closing(_only_read(path)) as conn:
            if conn.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID:
                return int(conn.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as error:
        raise StoreError(f"{path} can't be read as a store: {error}.") from error
    raise StoreError(f"{path} is not a tuiflow store.")


def unopened(path: Path, error: StoreError) -> Problem | None:
    """What is wrong with a file that can't be opened as a store, as `error` says, since it is
    damaged; None where it isn't. The file is only read."""
    cause = error.__cause__
    if getattr(cause, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
        return None
    try:
        with contextlib.closing(_only_read(path)) as conn:
            found = _damage(conn, "quick_check")
    except sqlite3.Error as other:
        found = [str(other)]
    return _damaged(found or [str(cause)])


def _only_read(path: Path) -> sqlite3.Connection:
    # A file in WAL mode can't be opened in a read-only folder but as one that never changes.
    still = not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
    mode = "immutable=1" if still else "mode=ro"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)


class Upkeep:
    """What is done to a store as a whole."""

    def __init__(self, db: Database, root: Path) -> None:
        self._db = db
        self._root = root

    def check(self, progress: Callable[[str], None] = lambda step: None) -> list[Problem]:
        """Everything found wrong; an empty list is a sound store.

        `progress` gets the name of each step, again and again while it goes on; an exception that
        it raises ends the check. Looks at SQLite's own structures, the tables against
        this version's, and rows that belong to nothing.
        """
        step = ""

        def begin(name: str) -> None:
            nonlocal step
            step = name
            progress(step)

        with self._db.read() as conn, watched(conn, lambda: progress(step)):
            begin("pages and indexes")
            if damage := _damage(conn):
                return [_damaged(damage)]
            begin("tables")
            problems = _check_schema(conn)
            for table in ("latest", "points", "chunks", "params", "tags", "inputs", "run_contents"):
                begin(f"rows of {table}")
                lost = conn.execute(
                    f"SELECT count(*) FROM (SELECT DISTINCT run FROM {table})"
                    " WHERE run NOT IN (SELECT id FROM runs)"
                ).fetchone()[0]
                if lost:
                    problems.append(
                        Problem(
                            f"{table} has rows of {lost} runs that are not there.",
                            "They do no harm; please report it, with how it came to be.",
                        )
                    )
            begin("points")
            problems += [
                Problem(text, "Restore a backup if those points are missed.")
                for text in history_check.wrong(conn)
            ]
            begin("references")
            for row in conn.execute("PRAGMA foreign_key_check"):
                problems.append(
                    Problem(
                        f"Row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there.",
                        "Restore a backup if what it belongs to is missed.",
                    )
                )
        return problems

    def backup(
        self,
        target: Path,
        *,
        replace: bool = False,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> int:
        """Copy the database to a file of mode 0600 while it is in use; artifacts are not in it.

        Returns its size in bytes; `progress` gets pages done and in all, and an exception that it
        raises ends the copy. Raises AlreadyExists where there is a file and `replace` is false,
        StoreError where it can't be written, TuiflowError where the store is damaged; then `target`
        stays as it is, and nothing half-written is left.
        """
        if target.exists() and not replace:
            raise AlreadyExists(f"{target} exists already; name another file.")
        fresh = target.with_name(f".{target.name}.new")
        total = 1

        def count(done: int, of: int) -> None:
            nonlocal total
            total = of
            progress(done, of)

        try:
            with self._db.read() as conn:
                copy(conn, fresh, count)
            with (
                contextlib.closing(sqlite3.connect(fresh)) as copied,
                watched(copied, lambda: progress(total - 1, total)),
            ):
                damage = _damage(copied, "quick_check")
            if damage:
                raise TuiflowError(
                    f"No backup was written to {target}: the store is damaged"
                    f" ({damage[0]}); `tuiflow db check` says more.",
                    error_code="DATA_LOSS",
                )
            fresh.replace(target)
        except OSError as error:
            raise StoreError(
                f"The backup can't be written to {target}: {error.strerror}."
            ) from error
        finally:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
        return target.stat().st_size

    def vacuum(
        self, progress: Callable[[int, int | None], None] = lambda done, total: None
    ) -> tuple[int, int]:
        """Give free pages back to the disk, and fold in the WAL; bytes before and after.

        Done in pieces that others can write between: `progress` gets pages done and in all, and an
        exception that it raises leaves the rest. A store that was made by an older tuiflow is
        written anew the first time, which needs as much free disk as it is large: `progress` is
        then called without a total, and StoreError raised while others write.
        """
        before = size_on_disk(self._db.path)
        with self._db.read() as conn:
            conn.execute("PRAGMA schema_version").fetchone()  # what follows is of the last read
            in_pieces = conn.execute("PRAGMA auto_vacuum").fetchone()[0] == INCREMENTAL
        if in_pieces:
            self._give_back(progress)
        with self._db.exclusive() as conn:
            if not in_pieces:
                conn.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
                with watched(conn, lambda: progress(0, None)):
                    conn.execute("VACUUM")
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return before, size_on_disk(self._db.path)

    def _give_back(self, progress: Callable[[int, int | None], None]) -> None:
        with self._db.read() as conn:
            total = left = conn.execute("PRAGMA freelist_count").fetchone()[0]
        pace = Pace(pieces.FIRST)
        while left:
            with self._db.write() as conn:
                start = time.perf_counter()
                for _ in range(pace.size):  # sqlite3 takes one step of it, which is one page
                    conn.execute("PRAGMA incremental_vacuum(1)")
                now = conn.execute("PRAGMA freelist_count").fetchone()[0]
            pace.took(time.perf_counter() - start)
            self._db.shorten_log(LOG_BYTES)
            if now >= left:  # others free pages faster than they are given back
                break
            left = now
            progress(max(total - left, 0), total)
            time.sleep(REST)

    def optimize(
        self,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> int:
        """Bring up to date what makes searches quick: seal the columns of all runs and the points
        of long metrics, renew SQLite's statistics. Returns how many blocks of runs were sealed.

        `progress` gets blocks done and in all; an exception that it raises leaves the rest.
        """
        from tuiflow.store.columns import Columns

        last = (0, 1)

        def count(done: int, total: int) -> None:
            nonlocal last
            last = (done, total)
            progress(done, total)

        # Looking for what is to be done takes a while, too: reads are of this thread's connection.
        with self._db.read() as conn, watched(conn, lambda: progress(*last)):
            sealing.seal_all(self._db)
            Columns(self._db, self._root).seal(count)
        with self._db.exclusive() as conn:
            conn.execute(f"PRAGMA analysis_limit = {_ANALYSED}")
            patiently(conn, "PRAGMA optimize", BUSY_SECONDS)
        return last[0]

    def find_garbage(self, older_than_ms: int) -> gc.Garbage:
        """What was deleted at least `older_than_ms` ago and can be removed for good."""
        return gc.find(self._db, self._root, older_than_ms)

    def collect_garbage(
        self,
        older_than_ms: int,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> gc.Garbage:
        """Remove for good what was deleted at least `older_than_ms` ago; returns what went.

        `progress` gets runs done and in all; an exception that it raises ends the collection
        between two pieces. Runs that are restored meanwhile stay, whole.
        """
        found = gc.collect(self._db, self._root, older_than_ms, progress)
        with self._db.read() as conn:
            sealed = conn.execute("SELECT 1 FROM blocks").fetchone()
        if found.run_ids and sealed is not None:
            from tuiflow.store.columns import Columns

            # What the runs said is in the columns of their blocks, too.
            Columns(self._db, self._root).seal()
        return found


def _damaged(found: list[str]) -> Problem:
    return Problem(
        f"The file is damaged: {'; '.join(found[:5])}.",
        "Restore a backup. Without one, `sqlite3 tuiflow.db .recover` saves what it can.",
    )


def _damage(conn: sqlite3.Connection, check: str = "integrity_check") -> list[str]:
    """What SQLite finds wrong in its own structures, each on one line."""
    try:
        rows = [row[0] for row in conn.execute(f"PRAGMA {check}(20)")]
        found = [" ".join(text.replace("*** in database main ***", "").split()) for text in rows]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_INTERRUPT:
            raise
        return [str(error)]
    return [] if found == ["ok"] else found


def _check_schema(conn: sqlite3.Connection) -> list[Problem]:
    """Compare tables and indexes, as SQL, with those of a new store."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        for statement in statements(0):
            fresh.execute(statement)
        wanted = _schema(fresh)
    found = _schema(conn)
    problems = []
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            remedy = "Restore a backup, or open the store with the tuiflow that wrote it."
            problems.append(Problem(f"{name} is missing.", remedy))
        elif name not in wanted:
            problems.append(
                Problem(
                    f"{name} is not one of tuiflow's (store version {SCHEMA_VERSION}).",
                    "It does no harm; drop it if nothing of yours needs it.",
                )
            )
        elif found[name] != wanted[name]:
            problems.append(Problem(f"{name} is not defined as it should be.", "Restore a backup."))
    return problems


def _schema(conn: sqlite3.Connection) -> dict[str, str]:
    """Definitions of the tables and indexes by name, without SQLite's own."""
    return {
        name: " ".join(sql.split())
        for name, sql in conn.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'"
        )
    }


def size_on_disk(path: Path) -> int:
    """Bytes of the database and of the -wal beside it."""
    return sum(part.stat().st_size for part in (path, Path(f"{path}-wal")) if part.exists())
