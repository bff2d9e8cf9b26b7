"""Stores on network file systems, on full disks, in read-only places, and damaged ones."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tuiflow.entities import Metric, Process
from tuiflow.errors import StoreError
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, filesystem, now_ms, open_store, runs

MOUNTINFO = """\
22 27 0:21 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:30 / /home rw - nfs4 server:/home rw,vers=4.2
31 30 0:31 / /home/me/scratch rw - lustre 10.0.0.1@tcp:/scratch rw
32 22 0:32 / /mnt/with\\040space rw - cifs //server/share rw
33 22 0:33 / /data rw - beegfs beegfs_nodev rw
34 22 0:34 / /data rw - xfs /dev/sdb rw
35 22 0:35 / /gpfs/fs1 rw - gpfs /dev/fs1 rw
half a line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/etc/x", "ext4"),
        ("/home/me/.tuiflow/tuiflow.db", "nfs4"),
        ("/home/me/scratch/run", "lustre"),
        ("/home/me/scratch2", "nfs4"),
        ("/mnt/with space/a", "cifs"),
        ("/data/store", "xfs"),  # mounted over the older one
        ("/gpfs/fs1/project", "gpfs"),
    ],
)
def test_the_innermost_mount_tells_the_type(path: str, kind: str) -> None:
    assert filesystem.type_of(Path(path), MOUNTINFO) == kind


def test_without_proc_the_type_is_unknown() -> None:
    assert filesystem.type_of(Path("/home"), "") == ""


@pytest.fixture
def on_nfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that counts as one on NFS."""
    mount = f"1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / {tmp_path} rw - nfs4 server:/x rw\n"
    monkeypatch.setattr(filesystem, "mounts", lambda: mount)
    return tmp_path / "store"


def journal_mode(database: Path) -> str:
    with closing(sqlite3.connect(database)) as conn:
        return str(conn.execute("PRAGMA journal_mode").fetchone()[0])


def test_on_a_network_file_system_a_store_has_a_rollback_journal(on_nfs: Path) -> None:
    with closing(open_store(on_nfs)) as store:
        run_id = store.create_run("0").info.run_id
        store.log_batch(run_id, [Metric("loss", 1.0, 1, step) for step in range(3)])
        assert list(store.metric_history(run_id, "loss").values) == [1.0] * 3
        assert not Path(f"{store.database}-wal").exists()
    assert journal_mode(store.database) == "delete"


def test_a_store_changes_its_journal_with_the_file_system(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create_run("0", "before")
    store.close()
    assert journal_mode(store.database) == "wal"
    mount = f"1 0 0:1 / {store.root} rw - lustre x rw\n"
    with monkeypatch.context() as patch:
        patch.setattr(filesystem, "mounts", lambda: mount)
        with closing(open_store(store.root)) as moved:
            assert [run.info.run_name for run in moved.search_runs(RunQuery())] == ["before"]
        assert journal_mode(store.database) == "delete"
    open_store(store.root).close()
    assert journal_mode(store.database) == "wal"


def test_one_host_writes_at_a_time(on_nfs: Path) -> None:
    with closing(open_store(on_nfs)) as store:
        store.create_run("0")
    with closing(sqlite3.connect(on_nfs / "tuiflow.db", isolation_level=None)) as conn:
        row = runs.intern_process(conn, Process("gpu-07", 5, 5, "boot", now_ms()))
        with closing(open_store(on_nfs)) as store:
            with pytest.raises(StoreError, match=r"on NFS.* gpu-07 is writing.* HTTP"):
                store.create_run("0")
            assert len(store.search_runs(RunQuery())) == 1
            conn.execute("UPDATE processes SET heartbeat = 0 WHERE id = ?", (row,))
            store.create_run("0")


def test_a_reader_does_not_fail_a_commit_outside_wal(on_nfs: Path) -> None:
    with closing(open_store(on_nfs)) as store:
        store.create_run("0", "first")
        code = (
            "import sqlite3, sys, time\n"
            "conn = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
            "conn.execute('BEGIN'); conn.execute('SELECT * FROM runs').fetchall()\n"
            "print('reading', flush=True); sys.stdin.readline(); conn.execute('COMMIT')\n"
        )
        reader = subprocess.Popen(
            [sys.executable, "-c", code, str(store.database)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert reader.stdout is not None and reader.stdin is not None
        assert reader.stdout.readline() == "reading\n"
        # The commit waits for the reader, who is told to go on from another thread.
        import threading

        threading.Timer(0.2, lambda: reader.communicate("go\n")).start()
        store.create_run("0", "second")
        reader.wait()
        assert len(store.search_runs(RunQuery())) == 2


# what can go wrong with a file


def test_a_full_disk_loses_nothing_that_was_there(store: Store) -> None:
    run_id = store.create_run("0").info.run_id
    store.log_batch(run_id, [Metric("kept", 1.0, 1, 0)])
    with store._db.write() as conn:  # SQLite's own limit stands in for the disk's
        pages = conn.execute("PRAGMA page_count").fetchone()[0]
        conn.execute(f"PRAGMA max_page_count = {pages}")
    many = [Metric("more", 1.0, 1, step) for step in range(5000)]
    with pytest.raises(StoreError, match="the disk is full"):
        store.log_batch(run_id, many)
    assert [item.key for item in store.metric_summaries(run_id)] == ["kept"]
    with store._db.write() as conn:
        conn.execute("PRAGMA max_page_count = 1000000")
    store.log_batch(run_id, many)
    assert len(store.metric_history(run_id, "more").values) == 5000


def test_a_write_beyond_a_limit_of_the_system_is_one_sentence(tmp_path: Path) -> None:
    code = (
        "import tuiflow, sys\n"
        "with tuiflow.start_run():\n"
        "    tuiflow.log_metric('kept', 1)\n"
        "    try:\n"
        "        tuiflow.log_metrics({f'm{i}': i for i in range(20000)})\n"
        "    except tuiflow.TuiflowError as error:\n"
        "        print(error)\n"
    )
    root = tmp_path / "store"
    open_store(root).close()

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TUIFLOW_STORE": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith(f"The store {root}/tuiflow.db can't"), done.stderr
    with closing(open_store(root)) as store:
        (run,) = store.search_runs(RunQuery())
        assert run.data.metrics == {"kept": 1.0}


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Path]:
    """A store that another user may only read; root may write all, so it is read as nobody."""
    root = tmp_path / "store"
    with closing(open_store(root)) as store:
        store.create_run("0", "theirs")
    root.chmod(0o555)
    (root / "tuiflow.db").chmod(0o444)
    yield root
    root.chmod(0o755)


def test_a_read_only_store_can_be_read(foreign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
    with closing(open_store(foreign)) as store:
        assert [run.info.run_name for run in store.search_runs(RunQuery())] == ["theirs"]
        with pytest.raises(StoreError, match="read-only"):
            store.create_run("0")
        # Its owner goes on writing: with a WAL beside it, then without.
        monkeypatch.setattr(os, "access", access)
        (foreign / "tuiflow.db").chmod(0o644)
        foreign.chmod(0o755)
        with closing(open_store(foreign)) as owner:
            owner.create_run("0", "newer")
            assert len(store.search_runs(RunQuery())) == 2
        assert len(store.search_runs(RunQuery())) == 2


def test_a_damaged_store_is_told(store: Store) -> None:
    store.create_run("0")
    store.close()
    with store.database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 20)
    with (
        pytest.raises(StoreError, match=r"is damaged.*db check"),
        closing(open_store(store.root)) as damaged,
    ):
        damaged.list_experiments()
        damaged.search_runs(RunQuery())
        damaged.create_run("0")


def test_a_text_file_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("not a database at all, but long enough to look like one" * 10)
    with pytest.raises(StoreError, match="not a tuiflow store"):
        open_store(path)


def test_a_script_leaves_one_file(tmp_path: Path) -> None:
    root = tmp_path / "store"
    code = "import tuiflow\nwith tuiflow.start_run(): tuiflow.log_metric('a', 1)"
    subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "TUIFLOW_STORE": str(root)}, check=True
    )
    assert [path.name for path in root.iterdir()] == ["tuiflow.db"]


def test_an_artifact_that_does_not_fit_leaves_nothing(store: Store, tmp_path: Path) -> None:
    code = (
        "import tuiflow\n"
        "with tuiflow.start_run():\n"
        "    try:\n"
        "        tuiflow.log_text('x' * 1_000_000, 'big.txt')\n"
        "    except tuiflow.TuiflowError as error:\n"
        "        print(error)\n"
    )

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TUIFLOW_STORE": str(store.root), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )
    assert "Artifact 'big.txt' can't be written: File too large" in done.stdout, done.stderr
    (run,) = store.search_runs(RunQuery())
    assert list(Path(run.info.artifact_uri).rglob("*big*")) == []
