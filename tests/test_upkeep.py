"""Check, back up, compact and collect: through the store and through the shell."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from shell import Cli

from tuiflow import MlflowClient, checkup
from tuiflow.entities import Dataset, DatasetInput, Metric, Param
from tuiflow.errors import AlreadyExists, NotFound
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, open_store
from tuiflow.store.bulk import NewRun
from tuiflow.store.locate import Location


def new_run(store: Store, experiment: str = "0", text: str = "x" * 1000) -> str:
    """A run of two metrics, a param and a file of 1000 bytes."""
    run_id = store.create_run(experiment).info.run_id
    points = [Metric("loss", 1.0, 1, step) for step in range(3)]
    store.log_batch(run_id, [*points, Metric("acc", 1.0, 1)], [Param("alpha", "1")])
    with store.writing_artifact(run_id, "notes/a.txt") as part:
        part.write_text(text)
    return run_id


def rows_left(store: Store) -> dict[str, int]:
    tables = ("runs", "latest", "points", "params", "tags", "inputs", "datasets")
    with closing(sqlite3.connect(store.database)) as conn:
        return {name: conn.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}


def test_what_is_deleted_goes_for_good_and_nothing_else(store: Store) -> None:
    kept, gone = new_run(store), new_run(store)
    before = rows_left(store)
    store.log_inputs(gone, [DatasetInput(Dataset("wine", "d1", "local", "{}"))])
    folder = Path(store.get_run(gone).info.artifact_uri)
    store.delete_runs([gone])
    found = store.upkeep.find_garbage(0)
    assert (found.run_ids, found.bytes, folder.exists()) == ((gone,), 1000, True)
    seen: list[tuple[int, int]] = []
    removed = store.upkeep.collect_garbage(0, lambda done, total: seen.append((done, total)))
    assert (removed.run_ids, removed.bytes) == ((gone,), 1000)
    assert seen == [(0, 1), (1, 1)]
    assert not folder.exists()
    with pytest.raises(NotFound):
        store.get_run(gone)
    assert store.artifact_path(kept, "notes/a.txt").read_text() == "x" * 1000
    assert rows_left(store) == {
        name: count // 2 if name not in ("inputs", "datasets") else 0
        for name, count in before.items()
    }
    assert store.upkeep.check() == []


def test_only_what_was_deleted_long_ago_goes(store: Store) -> None:
    old, new = new_run(store), new_run(store)
    store.delete_runs([old, new])
    with store._db.write() as conn:
        conn.execute("UPDATE runs SET deleted_at = 1000 WHERE id = ?", (store.row_key(old),))
    assert store.upkeep.collect_garbage(3_600_000).run_ids == (old,)
    store.restore_runs([new])
    assert store.upkeep.collect_garbage(0).run_ids == ()


def test_a_deleted_experiment_goes_when_it_is_empty(store: Store) -> None:
    wine = store.create_experiment("wine", tags={"a": "b"})
    new_run(store, wine)
    store.delete_experiment(wine)
    assert store.upkeep.find_garbage(0).experiments == ("wine",)
    assert store.upkeep.collect_garbage(0).experiments == ("wine",)
    assert store.get_experiment_by_name("wine") is None
    store.create_experiment("wine")


def test_an_experiment_with_a_restored_run_stays(store: Store) -> None:
    wine = store.create_experiment("wine")
    run_id = new_run(store, wine)
    store.delete_experiment(wine)
    store.restore_runs([run_id])
    assert store.upkeep.collect_garbage(0).experiments == ()
    assert store.get_run(run_id).info.experiment_name == "wine"


def test_runs_of_registered_versions_stay(store: Store) -> None:
    run_id = new_run(store)
    source = f"runs:/{run_id}/notes"
    MlflowClient(str(store.root)).create_registered_model("wine")
    MlflowClient(str(store.root)).create_model_version("wine", source, run_id)
    store.delete_runs([run_id])
    assert store.upkeep.find_garbage(0).registered == (run_id,)
    assert store.upkeep.collect_garbage(0).run_ids == ()
    assert store.artifact_path(run_id, "notes/a.txt").exists()


def test_a_collection_that_was_stopped_is_finished_by_the_next(store: Store) -> None:
    run_id, kept = new_run(store), new_run(store)
    folder = Path(store.get_run(run_id).info.artifact_uri)
    kept_folder = Path(store.get_run(kept).info.artifact_uri)
    store.delete_runs([run_id, kept])

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.upkeep.collect_garbage(0, stop)
    assert folder.exists()
    # Killed after the rename, before the rows: the run is whole again.
    kept_folder.rename(kept_folder.with_name(f".tuiflow-gc-{kept}"))
    store.restore_runs([kept])
    # Killed after the rows: only the folder is left.
    orphan = folder.with_name(f".tuiflow-gc-{'f' * 32}")
    orphan.mkdir()
    assert store.upkeep.collect_garbage(0).run_ids == (run_id,)
    assert kept_folder.exists()
    assert [path.name for path in folder.parent.iterdir()] == [kept]


def test_a_link_in_the_place_of_a_folder_is_not_followed(store: Store, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("keep me")
    run_id = store.create_run("0").info.run_id
    folder = Path(store.get_run(run_id).info.artifact_uri)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(precious)
    store.delete_runs([run_id])
    store.upkeep.collect_garbage(0)
    assert (precious / "file").read_text() == "keep me"
    assert not folder.is_symlink()


def test_gc_on_the_shell(store: Store, cli: Cli) -> None:
    assert cli("gc").out == "Nothing deleted is to be removed.\n"
    run_id = new_run(store)
    store.delete_runs([run_id])
    dry = cli("gc", "--dry-run")
    assert dry.out == f"Would remove 1 deleted run: {run_id[:8]}; files of 1000 B.\n"
    assert cli("gc", "--older-than", "30d").out == "Nothing deleted is to be removed.\n"
    refused = cli("gc")
    assert (refused.code, "add --yes" in refused.err) == (2, True)
    assert store.get_run(run_id)
    assert cli("gc", "--yes").out.startswith("Removed 1 deleted run and 1000 B of files.\n")
    store.delete_experiment("0")
    assert "The experiment Default stays" in cli("gc", "--yes").err
    wrong = cli("gc", "--older-than", "soon")
    assert (wrong.code, "30d" in wrong.err) == (2, True)


@pytest.mark.parametrize("span", ["999999999999d", "9" * 400 + "d"])
def test_gc_of_what_is_older_than_anything(store: Store, cli: Cli, span: str) -> None:
    store.delete_runs([new_run(store)])
    result = cli("gc", "--older-than", span, "--yes")
    assert (result.code, result.out) == (0, "Nothing deleted is to be removed.\n")


def test_check_finds_damage_and_strangers(store: Store, cli: Cli) -> None:
    run_id = new_run(store)
    assert cli("db", "check").out == f"✓ {store.database} is sound.\n"
    with store._db.write() as conn:
        conn.execute("DROP INDEX runs_by_name")
        conn.execute("CREATE TABLE mine (a)")
        conn.execute("DELETE FROM runs WHERE id = ?", (store.row_key(run_id),))
    result = cli("db", "check")
    assert result.code == 1
    for part in ("runs_by_name is missing", "mine is not one of tuiflow's", "latest has rows of 1"):
        assert part in result.out


def test_check_of_a_damaged_file(store: Store, cli: Cli) -> None:
    for _ in range(20):
        new_run(store)
    store.close()
    with store.database.open("r+b") as file:
        file.seek(store.database.stat().st_size // 2)
        file.write(b"\xff" * 8192)
    result = cli("db", "check")
    assert (result.code, "The file is damaged" in result.out) == (1, True)


def test_check_and_doctor_of_a_store_that_is_cut_off(store: Store, cli: Cli) -> None:
    for _ in range(20):
        new_run(store)
    store.close()
    with store.database.open("r+b") as file:
        file.truncate(store.database.stat().st_size // 2)
    Path(f"{store.database}-wal").unlink(missing_ok=True)
    assert "tuiflow db check" in cli("doctor").out
    result = cli("db", "check")
    assert (result.code, result.err) == (1, "")
    assert "The file is damaged: " in result.out
    assert "db check" not in result.out
    assert "Restore a backup" in result.out


def test_a_damaged_store_takes_the_place_of_no_backup(
    store: Store, cli: Cli, tmp_path: Path
) -> None:
    for _ in range(20):
        new_run(store)
    good = tmp_path / "good.db"
    store.upkeep.backup(good)
    before = good.read_bytes()
    store.close()
    with store.database.open("r+b") as file:
        file.seek(store.database.stat().st_size // 2)
        file.write(b"\xff" * 8192)
    result = cli("db", "backup", str(good), "--yes")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert "the store is damaged" in result.err
    assert good.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir() if item.is_file()] == ["good.db"]


def test_backup(store: Store, cli: Cli, tmp_path: Path) -> None:
    run_id = new_run(store)
    target = tmp_path / "copy.db"
    result = cli("db", "backup", str(target))
    assert result.out.startswith(f"Wrote {target}")
    assert target.stat().st_mode & 0o777 == 0o600
    with closing(open_store(target)) as copy:
        assert copy.get_run(run_id).data.params == {"alpha": "1"}
    refused = cli("db", "backup", str(target))
    assert (refused.code, "add --yes" in refused.err) == (2, True)
    assert cli("db", "backup", str(target), "--yes").code == 0
    with pytest.raises(AlreadyExists):
        store.upkeep.backup(target)
    assert cli("db", "backup", str(store.database)).code == 2
    assert cli("db", "backup", str(tmp_path / "no" / "folder")).code == 2
    assert cli("db", "backup").code == 0
    assert len(list(store.root.glob("tuiflow-*.backup.db"))) == 1


def test_vacuum_gives_pages_back(store: Store, cli: Cli) -> None:
    run_id = store.create_run("0").info.run_id
    store.log_batch(run_id, [Metric("loss", 1.0, 1, step) for step in range(20_000)])
    store.delete_runs([run_id])
    store.upkeep.collect_garbage(0)
    before, after = store.upkeep.vacuum()
    assert after < before / 2
    assert " now." in cli("db", "vacuum").out
    assert store.search_runs(RunQuery()) == []


def fill(store: Store) -> None:
    """Some 8 MB of the database, and 6 MB of free pages."""
    kept, gone = store.create_run("0").info.run_id, store.create_run("0").info.run_id
    for number in range(8):
        store.contents.put(kept, "source", f"kept{number}", os.urandom(1 << 20))
        store.contents.put(gone, "source", f"gone{number}", os.urandom(750_000))
    store.delete_runs([gone])
    store.upkeep.collect_garbage(0)


def add_rows(store: Store) -> None:
    """100,000 of them: what SQLite takes more than a moment for."""
    params = {f"p{number}": "1" for number in range(50)}
    store.add_runs(NewRun(f"{n:032x}", "0", "a", "b", n, params=params) for n in range(2000))


def test_a_store_is_vacuumed_while_others_write(store: Store) -> None:
    fill(store)
    seen: list[int] = []
    with closing(open_store(store.root)) as other:

        def progress(done: int, total: int | None) -> None:
            assert total is not None and total > 1000
            seen.append(done)
            other.create_run("0", f"meanwhile{len(seen)}")

        before, after = store.upkeep.vacuum(progress)
    assert after < before - 5_000_000
    assert len(seen) > 2 and seen == sorted(seen)
    assert store.count_runs(RunQuery()) == 1 + len(seen)
    assert store.upkeep.check() == []


def test_a_vacuum_that_is_stopped_has_given_back_something(store: Store, cli: Cli) -> None:
    fill(store)

    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.upkeep.vacuum(stop)
    assert store.upkeep.check() == []
    assert " now." in cli("db", "vacuum").out


def test_a_store_of_before_is_written_anew_and_then_vacuumed_in_pieces(store: Store) -> None:
    def mode() -> int:
        with closing(sqlite3.connect(store.database)) as conn:
            return int(conn.execute("PRAGMA auto_vacuum").fetchone()[0])

    with store._db.exclusive() as conn:
        conn.execute("PRAGMA auto_vacuum = 0")
        conn.execute("VACUUM")
    add_rows(store)
    fill(store)
    assert mode() == 0
    calls: list[int | None] = []

    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.upkeep.vacuum(stop)
    assert mode() == 0 and store.upkeep.check() == []
    before, after = store.upkeep.vacuum(lambda done, total: calls.append(total))
    assert after < before - 5_000_000
    assert mode() == 2 and set(calls) <= {None}
    fill(store)
    store.upkeep.vacuum(lambda done, total: calls.append(total))
    assert calls[-1] is not None


def test_a_backup_ends_while_others_write(store: Store, tmp_path: Path) -> None:
    fill(store)
    seen: list[tuple[int, int]] = []
    with closing(open_store(store.root)) as other:

        def progress(done: int, total: int) -> None:
            seen.append((done, total))
            other.create_run("0", "meanwhile")

        store.upkeep.backup(tmp_path / "copy.db", progress=progress)
    assert len(seen) > 1 and seen == sorted(seen) and seen[-1][0] == seen[-1][1]
    with closing(open_store(tmp_path / "copy.db")) as copy:
        assert copy.count_runs(RunQuery()) == 1
        assert copy.upkeep.check() == []


def test_a_backup_and_a_check_that_are_stopped_leave_nothing(store: Store, tmp_path: Path) -> None:
    fill(store)

    def stop(*progress: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.upkeep.backup(tmp_path / "copy.db", progress=stop)
    with pytest.raises(KeyboardInterrupt):
        store.upkeep.check(stop)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_a_check_is_stopped_in_the_middle_of_a_step(store: Store) -> None:
    add_rows(store)
    steps: list[str] = []

    def stop(step: str) -> None:
        if steps[-1:] == [step]:
            raise KeyboardInterrupt
        steps.append(step)

    with pytest.raises(KeyboardInterrupt):
        store.upkeep.check(stop)
    assert store.upkeep.check() == []


def test_optimizing_is_stopped_in_the_middle_of_a_block(store: Store) -> None:
    add_rows(store)
    seen: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        if seen[-1:] == [(done, total)] and total > done:
            raise KeyboardInterrupt
        seen.append((done, total))

    with pytest.raises(KeyboardInterrupt):
        store.upkeep.optimize(stop)
    assert store.upkeep.check() == []
    assert store.upkeep.optimize() == 1


def test_optimizing_seals_what_is_not(store: Store, cli: Cli) -> None:
    new_run(store)
    seen: list[tuple[int, int]] = []
    assert store.upkeep.optimize(lambda done, total: seen.append((done, total))) == 1
    assert seen == sorted(seen) and seen[-1] == (1, 1)
    with closing(sqlite3.connect(store.database)) as conn:
        assert conn.execute("SELECT count(*) FROM segments").fetchone()[0] > 5
    new_run(store)
    assert "sealed 1 block of runs" in cli("db", "optimize").out


def test_upgrade_says_what_it_did(store: Store, cli: Cli, tmp_path: Path) -> None:
    from test_upgrade import write_version_1

    assert "the newest there is" in cli("db", "upgrade").out
    database = write_version_1(tmp_path / "old")
    result = cli("db", "upgrade", "--store", str(database))
    assert result.out.startswith(f"Upgraded {database} from store version 1 to ")
    assert "backup" in result.out


def areas(findings: list[checkup.Finding]) -> dict[str, checkup.State]:
    return {item.area: item.state for item in findings}


def test_doctor_looks_at_everything(store: Store, cli: Cli) -> None:
    result = cli("doctor", "--format", "json")
    found = {item["area"]: item for item in json.loads(result.out)}
    assert {"store", "file system", "disk", "terminal", "colours", "clipboard", "git", "uv"} <= set(
        found
    )
    assert str(store.database) in found["store"]["found"]
    assert "SQLite" in found["versions"]["found"]
    assert all(item["remedy"] for item in found.values() if item["state"] != "ok")
    assert "✓ store" in cli("doctor").out


def test_doctor_reads_a_store_in_a_read_only_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "store"
    Store(root / "tuiflow.db").close()
    access = os.access
    # Root may write all: the folder is made to look read-only, and no -shm can be made in it.
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
    (root / "tuiflow.db-shm").symlink_to("nowhere")
    (store, *_) = checkup.look(Location(root / "tuiflow.db", "it was named"))
    assert (store.area, store.state) == ("store", checkup.State.NOTE)
    assert "read-only" in store.found


def test_doctor_does_not_touch_an_old_store(tmp_path: Path) -> None:
    from test_upgrade import version, write_version_1

    database = write_version_1(tmp_path / "old")
    (store, *_) = checkup.look(Location(database, "it was named"))
    assert (store.area, store.state) == ("store", checkup.State.NOTE)
    assert version(database) == 1


@pytest.mark.parametrize(
    ("variables", "area", "state"),
    [
        ({"TERM": "xterm-256color"}, "colours", checkup.State.OK),
        ({"TERM": "vt100"}, "colours", checkup.State.NOTE),
        ({"TERM": "vt100", "NO_COLOR": ""}, "colours", checkup.State.OK),
        ({"TERM": "screen", "STY": "1.pts"}, "clipboard", checkup.State.NOTE),
        ({"TERM": "xterm", "SLURM_JOB_ID": "7"}, "scheduler", checkup.State.OK),
    ],
)
def test_doctor_reads_the_environment(
    store: Store, variables: dict[str, str], area: str, state: checkup.State
) -> None:
    assert areas(checkup.look(Location(store.database, "it is"), variables))[area] is state


def test_doctor_finds_uv_where_runs_find_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    tool = tmp_path / "hidden" / "uv"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho uv 9.8.7\n")
    tool.chmod(0o755)
    (tmp_path / "uv.py").write_text(f"def find_uv_bin():\n    return {str(tool)!r}\n")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "uv", raising=False)
    assert "✓ uv           uv 9.8.7." in cli("doctor").out
    monkeypatch.setitem(sys.modules, "uv", None)  # importing it fails
    done = cli("doctor")
    assert "! uv " in done.out and "pip install uv" in done.out


def test_doctor_says_what_to_do_without_a_store_or_with_a_broken_one(tmp_path: Path) -> None:
    (missing, *_) = checkup.look(Location(tmp_path / "tuiflow.db", "it was named"))
    assert (missing.state, "tuiflow demo" in missing.remedy) == (checkup.State.NOTE, True)
    broken = tmp_path / "broken.db"
    broken.write_text("no database" * 100)
    (found, *_) = checkup.look(Location(broken, "it was named"))
    assert found.state is checkup.State.BAD


def test_gc_leaves_nothing_of_a_run_in_columns(store: Store) -> None:
    kept = store.create_run("0", tags={"about": "a keeper"}).info.run_id
    run_id = store.create_run("0", tags={"about": "a secret"}).info.run_id
    store.columns.seal()
    store.delete_runs([run_id])
    store.upkeep.collect_garbage(0)
    with store._db.read() as conn:
        texts = b"".join(row[0] for row in conn.execute("SELECT data FROM segment_texts"))
    assert b"a keeper" in texts and b"a secret" not in texts
    assert store.get_run(kept).data.tags["about"] == "a keeper"
