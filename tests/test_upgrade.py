"""A store of an older version: upgraded once, whole, after a backup."""

from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tuiflow.errors import StoreError
from tuiflow.store import Store, open_store, upgrade
from tuiflow.store.schema import APPLICATION_ID, SCHEMA_VERSION, STEPS


def write_version_1(root: Path) -> Path:
    """A store as version 1 left it, with a run of one metric."""
    root.mkdir()
    database = root / "tuiflow.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode = WAL")
        conn.executescript(STEPS[0])
        conn.executescript(
            f"""
            PRAGMA application_id = {APPLICATION_ID};
            PRAGMA user_version = 1;
            INSERT INTO experiments VALUES (0, 'Default', NULL, NULL, 1, 1);
            INSERT INTO runs VALUES
                (1, x'{"ab" * 16}', 0, 'old', 'me', 'FINISHED', 1, 2, NULL, NULL);
            INSERT INTO keys VALUES (1, 0, 'loss');
            INSERT INTO latest VALUES (1, 1, 0.5, 0, 1, 1, NULL, NULL, NULL, NULL);
            """
        )
    return database


def schema(database: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(database)) as conn:
        return sorted(
            conn.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        )


def version(database: Path) -> int:
    with closing(sqlite3.connect(database)) as conn:
        return int(conn.execute("PRAGMA user_version").fetchone()[0])


def test_an_old_store_is_upgraded_and_keeps_what_it_held(tmp_path: Path) -> None:
    database = write_version_1(tmp_path / "old")
    with closing(open_store(database)) as store:
        assert store.get_run("ab" * 16).data.metrics == {"loss": 0.5}
        store.set_experiment_tags("0", {"team": "a"})
    assert version(database) == SCHEMA_VERSION


def test_upgraded_and_new_stores_have_one_schema(tmp_path: Path) -> None:
    database = write_version_1(tmp_path / "old")
    open_store(database).close()
    with closing(open_store(tmp_path / "new")) as new:
        assert schema(database) == schema(new.database)


def test_the_backup_is_the_store_as_it_was(tmp_path: Path) -> None:
    database = write_version_1(tmp_path / "old")
    before = schema(database)
    open_store(database).close()
    backup = upgrade.backup_path(database, 1)
    assert schema(backup) == before
    assert version(backup) == 1
    assert backup.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(backup)) as conn:
        assert conn.execute("SELECT name FROM runs").fetchall() == [("old",)]


def test_without_a_backup_nothing_is_changed(tmp_path: Path) -> None:
    database = write_version_1(tmp_path / "old")
    upgrade.backup_path(database, 1).mkdir()  # in the way
    with pytest.raises(StoreError, match="nothing was changed"):
        open_store(database)
    assert version(database) == 1


def test_a_failing_step_leaves_the_old_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = write_version_1(tmp_path / "old")
    before = schema(database)
    monkeypatch.setattr(
        upgrade, "statements", lambda version: ["CREATE TABLE half (a)", "CREATE TABLE runs (a)"]
    )
    with pytest.raises(StoreError):
        open_store(database)
    assert schema(database) == before
    assert version(database) == 1


def _open(root: str) -> int:
    with closing(Store(Path(root), create=False)) as store:
        return len(store.list_experiments())


def test_several_processes_may_open_an_old_store_at_once(tmp_path: Path) -> None:
    database = write_version_1(tmp_path / "old")
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(_open, [str(database)] * 3) == [1, 1, 1]
    assert version(database) == SCHEMA_VERSION
