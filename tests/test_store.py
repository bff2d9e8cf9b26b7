from __future__ import annotations

import math
import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuiflow.entities import Metric, Param, RunTag, ViewType
from tuiflow.errors import AlreadyExists, InvalidInput, InvalidState, NotFound, StoreError
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, connection, locate, now_ms, open_store, wal


def new_run(store: Store, name: str | None = None) -> str:
    return store.create_run("0", name).info.run_id


# the file


def test_files_are_for_the_owner_alone(store: Store) -> None:
    run = new_run(store)
    with store.writing_artifact(run, "a/b.txt") as part:
        part.write_text("x")
    modes = {
        str(path.relative_to(store.root)).replace(run, "RUN"): path.stat().st_mode & 0o777
        for path in [store.root, *store.root.rglob("*")]
    }
    assert modes["tuiflow.db"] == modes["tuiflow.db-wal"] == 0o600
    assert modes["artifacts/0/RUN/a/b.txt"] == 0o600
    assert modes["."] == modes["artifacts/0/RUN"] == 0o700


def test_a_store_can_be_copied_elsewhere(store: Store, tmp_path: Path) -> None:
    run = new_run(store)
    with store.writing_artifact(run, "a.txt") as part:
        part.write_text("x")
    store.finish_run(run, "FINISHED")
    store.close()
    copy = shutil.copytree(store.root, tmp_path / "copy")
    with_copy = open_store(copy)
    assert with_copy.artifact_path(run, "a.txt").read_text() == "x"
    assert with_copy.get_run(run).info.artifact_uri.startswith(str(copy))
    with_copy.close()


def test_a_store_that_is_deleted_or_replaced_is_told_of(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_LOOK_AT_FILE_SECONDS", 0.0)
    run = new_run(store)
    shutil.rmtree(store.root)
    calls = (
        lambda: store.log_batch(run, [Metric("m", 1.0, 0, 0)]),
        lambda: store.get_run(run),
        store.data_version,
    )
    for call in calls:
        with pytest.raises(StoreError, match="was moved or deleted while it was open"):
            call()
    assert not store.root.exists()
    other = open_store(store.root)
    new_run(other)
    for call in calls:
        with pytest.raises(StoreError, match="was moved or deleted while it was open"):
            call()
    assert other.count_runs(RunQuery()) == 1
    other.close()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="there is no /proc")
def test_threads_that_end_leave_no_files_open(store: Store) -> None:
    run = new_run(store)

    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def work() -> None:
        store.get_run(run)
        store.log_batch(run, [Metric("m", 1.0, 0, 0)])

    work()
    before = open_files()
    for _ in range(30):
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert open_files() < before + 40


def test_a_newer_store_is_refused(store: Store) -> None:
    store.close()
    with sqlite3.connect(store.database) as conn:
        conn.execute("PRAGMA user_version = 999")
    with pytest.raises(StoreError, match="newer tuiflow"):
        Store(store.database)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, None])
def test_other_files_are_refused_and_left_alone(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "other.db"
    if content is None:
        with sqlite3.connect(path) as conn:
            conn.execute("CREATE TABLE experiments (experiment_id)")
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a tuiflow store"):
        Store(path)
    assert path.read_bytes() == before


def test_a_missing_store_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no tuiflow store"):
        open_store(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_many_processes_may_create_a_store_at_once(tmp_path: Path) -> None:
    code = "import sys; from tuiflow.store import open_store; open_store(sys.argv[1])"
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "new")]) for _ in range(4)
    ]
    assert [process.wait(60) for process in started] == [0] * 4
    assert [e.name for e in open_store(tmp_path / "new").list_experiments()] == ["Default"]


# locating


def test_where_the_store_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "project" / "src"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert locate().root.name == "tuiflow"  # the user's data folder
    open_store(tmp_path / "project" / ".tuiflow").close()
    assert locate().root == tmp_path / "project" / ".tuiflow"
    monkeypatch.setenv("TUIFLOW_STORE", str(tmp_path / "env"))
    assert locate().database == tmp_path / "env" / "tuiflow.db"
    assert "TUIFLOW_STORE" in locate().reason
    assert locate(f"sqlite:///{tmp_path}/x.db").database == tmp_path / "x.db"
    assert locate("sub").database == inner / "sub" / "tuiflow.db"


# metrics

POINTS = st.lists(
    st.tuples(
        st.integers(-3, 5),
        st.integers(0, 3),
        st.one_of(st.floats(-10, 10), st.sampled_from([math.nan, math.inf, -math.inf])),
    ),
    min_size=1,
    max_size=12,
)


def same(left: float, right: float) -> bool:
    return left == right or (math.isnan(left) and math.isnan(right))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(points=POINTS, cut=st.integers(0, 12))
def test_points_and_their_summary(
    store: Store, points: list[tuple[int, int, float]], cut: int
) -> None:
    run = new_run(store)
    metrics = [Metric("m", value, timestamp, step) for step, timestamp, value in points]
    for batch in (metrics[:cut], metrics[cut:]):
        if batch:
            store.log_batch(run, metrics=batch)
    history = store.metric_history(run, "m")
    expected = sorted(points, key=lambda point: point[:2])
    assert list(history.steps) == [point[0] for point in expected]
    assert list(history.timestamps) == [point[1] for point in expected]
    assert all(map(same, history.values, [point[2] for point in expected]))
    [summary] = store.metric_summaries(run)
    latest = points[0]
    for point in points[1:]:  # MLflow: the greatest (step, timestamp, value), NaN as 0
        new, old = ((p[0], p[1], 0.0 if math.isnan(p[2]) else p[2]) for p in (point, latest))
        if new >= old:
            latest = point
    assert (summary.step, summary.timestamp) == latest[:2]
    assert same(summary.value, latest[2])
    numbers = [point[2] for point in points if not math.isnan(point[2])]
    assert same(summary.min, min(numbers, default=math.nan))
    assert same(summary.max, max(numbers, default=math.nan))
    assert summary.count == len(points)
    assert same(store.get_run(run).data.metrics["m"], latest[2])


def test_a_batch_is_all_or_nothing(store: Store) -> None:
    run = new_run(store)
    store.log_batch(run, params=[Param("p", "1")])
    with pytest.raises(InvalidInput, match="can't change"):
        store.log_batch(
            run, [Metric("m", 1.0, 0)], [Param("new", "x"), Param("p", "2")], [RunTag("t", "x")]
        )
    data = store.get_run(run).data
    assert (dict(data.metrics), dict(data.params)) == ({}, {"p": "1"})
    assert "t" not in data.tags
    store.log_batch(run, [Metric("m", 1.0, 0)], [Param("new", "x"), Param("p", "1")])
    assert store.get_run(run).data.params == {"p": "1", "new": "x"}


@pytest.mark.parametrize(
    "key", ["", "a" * 251, "a\nb", "a=b", "../up", "/root", "a//b", "a/../b", ".", "a/", "ключ\x00"]
)
def test_bad_names_are_refused(store: Store, key: str) -> None:
    run = new_run(store)
    for batch in (
        {"metrics": [Metric(key, 1.0, 0)]},
        {"params": [Param(key, "1")]},
        {"tags": [RunTag(key, "1")]},
    ):
        with pytest.raises(InvalidInput):
            store.log_batch(run, **batch)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["a", "val/loss", "a b", "a.b-c_d:e", "Größe", "a" * 250])
def test_good_names_are_kept(store: Store, key: str) -> None:
    run = new_run(store)
    store.log_batch(run, [Metric(key, 1.0, 0)], [Param(key, "1")], [RunTag(key, "1")])
    data = store.get_run(run).data
    assert data.metrics[key] == 1.0
    assert data.params[key] == data.tags[key] == "1"


def test_lengths(store: Store) -> None:
    run = new_run(store)
    store.log_batch(run, params=[Param("p", "x" * 6000)], tags=[RunTag("t", "x" * 8000)])
    with pytest.raises(InvalidInput, match="6000"):
        store.log_batch(run, params=[Param("q", "x" * 6001)])
    with pytest.raises(InvalidInput, match="8000"):
        store.log_batch(run, tags=[RunTag("t", "x" * 8001)])


# lifecycle


def test_delete_and_restore(store: Store) -> None:
    run = new_run(store)
    store.delete_runs([run])
    assert store.search_runs(RunQuery()) == []
    assert [r.info.run_id for r in store.search_runs(RunQuery(view=ViewType.DELETED_ONLY))] == [run]
    with pytest.raises(InvalidState):
        store.log_batch(run, metrics=[Metric("m", 1.0, 0)])
    store.restore_runs([run])
    assert store.get_run(run).info.lifecycle_stage == "active"
    with pytest.raises(NotFound):
        store.delete_runs([run, "0" * 32])
    assert store.get_run(run).info.lifecycle_stage == "active"


def test_experiments(store: Store) -> None:
    wine = store.create_experiment("wine", tags={"team": "a"})
    assert store.get_experiment(wine).tags == {"team": "a"}
    with pytest.raises(AlreadyExists):
        store.create_experiment("wine")
    for name in ("", "  ", "x" * 501):
        with pytest.raises(InvalidInput):
            store.create_experiment(name)
    with pytest.raises(NotFound):
        store.get_experiment("99")
    with pytest.raises(NotFound):
        store.create_run("99")
    store.create_run(wine)
    counts = store.experiment_counts()
    assert (counts[wine].active, counts[wine].running, counts["0"].active) == (1, 1, 0)


# artifacts


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "a\0b", "..", "a\\..\\b"])
def test_paths_stay_inside(store: Store, path: str) -> None:
    run = new_run(store)
    with pytest.raises((InvalidInput, NotFound)):
        store.artifact_path(run, path)
    with pytest.raises(InvalidInput), store.writing_artifact(run, path):
        pass


def test_links_lead_nowhere(store: Store, tmp_path: Path) -> None:
    run = new_run(store)
    with store.writing_artifact(run, "a.txt") as part:
        part.write_text("x")
    folder = store.artifact_folder(run)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "f").write_text("secret")
    (folder / "out").symlink_to(tmp_path / "secret")
    for path in ("out", "out/f"):
        with pytest.raises(InvalidInput, match="leads out"):
            store.artifact_path(run, path)
    with pytest.raises(InvalidInput, match="leads out"), store.writing_artifact(run, "out/new"):
        pass
    assert not (tmp_path / "secret" / "new").exists()
    assert [info.path for info in store.list_artifacts(run)] == ["a.txt", "out"]


def test_a_failed_artifact_leaves_nothing(store: Store) -> None:
    run = new_run(store)
    with pytest.raises(ZeroDivisionError), store.writing_artifact(run, "a.txt") as part:
        part.write_text("half")
        raise ZeroDivisionError
    assert store.list_artifacts(run) == []


# processes and threads


def test_a_run_whose_process_is_killed_is_stale(store: Store) -> None:
    code = textwrap.dedent(
        """
        import sys, time
        from tuiflow.store import open_store
        store = open_store(sys.argv[1])
        print(store.create_run("0").info.run_id, flush=True)
        time.sleep(600)
        """
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(store.root)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    run = child.stdout.readline().strip()
    assert store.get_run(run).info.shown_status == "RUNNING"
    child.kill()
    child.wait()
    child.stdout.close()
    info = store.get_run(run).info
    assert (info.shown_status, info.status) == ("STALE", "RUNNING")
    assert store.experiment_counts()["0"].running == 0


def test_a_run_of_another_host_is_stale_without_heartbeat(store: Store) -> None:
    run = new_run(store)
    store.close()
    with sqlite3.connect(store.database) as conn:
        conn.execute("UPDATE processes SET host = 'elsewhere', heartbeat = ?", [now_ms()])
    assert open_store(store.root).get_run(run).info.shown_status == "RUNNING"
    with sqlite3.connect(store.database) as conn:
        conn.execute("UPDATE processes SET heartbeat = heartbeat - 60000")
    assert open_store(store.root).get_run(run).info.shown_status == "STALE"


def test_what_was_acknowledged_survives_kill_9(store: Store) -> None:
    run = new_run(store)
    code = textwrap.dedent(
        """
        import sys
        from tuiflow.entities import Metric
        from tuiflow.store import open_store
        store = open_store(sys.argv[1])
        for step in range(10**9):
            store.log_batch(sys.argv[2], metrics=[Metric("m", float(step), step, step)])
            print(step, flush=True)
        """
    )
    for _ in range(3):
        before = len(store.metric_history(run, "m").values)
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(store.root), run], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(200)]
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.read().splitlines()
        child.wait()
        child.stdout.close()
        written = len(store.metric_history(run, "m").values) - before
        complete = len([line for line in lines if line.strip()])
        assert written >= complete - 1  # the last line may be cut
        assert written >= 200


def test_threads_and_processes_log_together(store: Store) -> None:
    run = new_run(store)

    def log(name: str) -> None:
        for step in range(100):
            store.log_batch(run, metrics=[Metric(name, float(step), 0, step)])

    threads = [threading.Thread(target=log, args=[f"t{number}"]) for number in range(4)]
    code = textwrap.dedent(
        """
        import sys
        from tuiflow.entities import Metric
        from tuiflow.store import open_store
        store = open_store(sys.argv[1])
        for step in range(100):
            store.log_batch(sys.argv[2], metrics=[Metric(sys.argv[3], float(step), 0, step)])
        """
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(store.root), run, f"p{number}"])
        for number in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [child.wait(60) for child in children] == [0, 0]
    counts = {summary.key: summary.count for summary in store.metric_summaries(run)}
    assert counts == dict.fromkeys(["t0", "t1", "t2", "t3", "p0", "p1"], 100)


def _log_in_child(store: Store, run: str) -> None:
    store.log_batch(run, metrics=[Metric("child", 1.0, 0)])


def test_a_forked_child_writes_through_its_own_connection(store: Store) -> None:
    run = new_run(store)
    store.log_batch(run, metrics=[Metric("parent", 1.0, 0)])
    child = multiprocessing.get_context("fork").Process(target=_log_in_child, args=(store, run))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    store.log_batch(run, metrics=[Metric("parent", 2.0, 0, 1)])
    assert store.get_run(run).data.metrics == {"parent": 2.0, "child": 1.0}


def test_a_fork_while_another_thread_writes_does_not_hang(store: Store) -> None:
    run = new_run(store)
    stop = threading.Event()

    def log() -> None:
        step = 0
        while not stop.is_set():
            step += 1
            store.log_batch(run, metrics=[Metric("m", 0.0, 0, step)])

    thread = threading.Thread(target=log)
    thread.start()
    try:
        for _ in range(5):
            pid = os.fork()
            if pid == 0:
                try:
                    store.log_batch(run, tags=[RunTag("from", "child")])
                finally:
                    os._exit(0)
            os.waitpid(pid, 0)
    finally:
        stop.set()
        thread.join()
    assert store.get_run(run).data.tags["from"] == "child"


def test_a_screen_is_told_of_changes(store: Store) -> None:
    before = store.data_version()
    assert store.data_version() == before
    new_run(store)
    assert store.data_version() != before


def test_remembered_state(store: Store) -> None:
    assert store.get_state("x") is None
    store.put_state("x", {"sort": ["metrics.rmse"]})
    store.put_state("x", {"sort": []})
    assert store.get_state("x") == {"sort": []}


def test_the_log_beside_a_store_stays_short(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "LIMIT_BYTES", 1 << 16)
    run = new_run(store)
    log = Path(f"{store.database}-wal")

    def write(start: int, count: int = 100) -> int:
        """The greatest size of the log while points come."""
        sizes = []
        for step in range(start, start + count):
            store.log_batch(run, metrics=[Metric("m", float(step), step, step)])
            sizes.append(log.stat().st_size)
        return max(sizes)

    assert write(0) < 1 << 19
    reader = sqlite3.connect(store.database, isolation_level=None)
    reader.execute("BEGIN")
    [[before]] = reader.execute("SELECT count(*) FROM points")
    assert write(100) > 1 << 19  # what the reader sees must stay
    assert reader.execute("SELECT count(*) FROM points").fetchall() == [(before,)]
    reader.execute("COMMIT")
    write(200, 300)
    assert log.stat().st_size < 1 << 19
    assert list(store.metric_history(run, "m").steps) == list(range(500))
    reader.close()
