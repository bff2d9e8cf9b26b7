"""Runs, experiments, threads and processes through the public API."""

from __future__ import annotations

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

import tuiflow as mlflow
from tuiflow import MlflowClient
from tuiflow.errors import AlreadyExists, InvalidInput, InvalidState, NotFound, StoreError


@pytest.fixture(autouse=True)
def uri(tmp_path: Path) -> str:
    mlflow.set_tracking_uri(tmp_path / "store")
    return mlflow.get_tracking_uri()


def run_script(code: str, store: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "TUIFLOW_STORE": str(store), **env},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_how_a_run_ends() -> None:
    seen = {}
    for error in (None, ValueError(), KeyboardInterrupt(), SystemExit(0), SystemExit(3)):
        try:
            with mlflow.start_run() as run:
                if error is not None:
                    raise error
        except (ValueError, KeyboardInterrupt, SystemExit):
            pass
        seen[repr(error)] = mlflow.get_run(run.info.run_id).info.status
    assert seen == {
        "None": "FINISHED",
        "ValueError()": "FAILED",
        "KeyboardInterrupt()": "KILLED",
        "SystemExit(0)": "FINISHED",
        "SystemExit(3)": "FAILED",
    }


@pytest.mark.parametrize(
    ("end", "status"),
    [("pass", "FINISHED"), ("1 / 0", "FAILED"), ("raise KeyboardInterrupt", "KILLED")],
)
def test_a_run_left_open_ends_with_the_script(tmp_path: Path, end: str, status: str) -> None:
    script = f"import tuiflow\ntuiflow.log_metric('m', 1)\n{end}"
    run_script(script, tmp_path / "store")
    [run] = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert (run.info.status, run.data.metrics) == (status, {"m": 1.0})


SAME_RUN_IN_A_THREAD = """
import threading, tuiflow
run = tuiflow.start_run()
def work():
    with tuiflow.start_run(run_id=run.info.run_id):
        tuiflow.log_metric("thread", 1)
thread = threading.Thread(target=work)
thread.start()
thread.join()
tuiflow.log_metric("main", 1)
1 / 0
"""


def test_a_run_that_a_thread_has_opened_too_ends_with_the_script(tmp_path: Path) -> None:
    run_script(SAME_RUN_IN_A_THREAD, tmp_path / "store")
    [run] = mlflow.search_runs(output_format="list")
    assert (run.info.status, run.data.metrics) == ("FAILED", {"thread": 1.0, "main": 1.0})


def test_runs_of_what_is_called_when_the_script_ends(tmp_path: Path) -> None:
    code = """
    import atexit, tuiflow
    atexit.register(lambda: tuiflow.log_metric("last", 1))
    with tuiflow.start_run(run_name="main"):
        tuiflow.log_metric("m", 1)
    """
    store = tmp_path / "store"
    assert run_script(code, store).stderr == ""
    assert [path.name for path in store.iterdir()] == ["tuiflow.db"]
    last, main = mlflow.search_runs(output_format="list")
    assert (main.info.run_name, main.info.status, main.data.metrics) == (
        "main",
        "FINISHED",
        {"m": 1.0},
    )
    assert (last.info.status, last.data.metrics) == ("FINISHED", {"last": 1.0})


@pytest.mark.parametrize("mistake", ["nope", "raise KeyboardInterrupt"])
def test_a_mistake_typed_in_by_hand_ends_no_run(tmp_path: Path, mistake: str) -> None:
    lines = f"import tuiflow\ntuiflow.log_metric('m', 1)\n{mistake}\ntuiflow.log_metric('n', 1)\n"
    subprocess.run(
        [sys.executable, "-i"],
        input=lines,
        env={**os.environ, "TUIFLOW_STORE": str(tmp_path / "store")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    [run] = mlflow.search_runs(output_format="list")
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"m": 1.0, "n": 1.0})


@pytest.mark.parametrize("named", ["store", None], ids=["relative", "found"])
def test_a_script_that_changes_its_folder_stays_with_its_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str | None
) -> None:
    (tmp_path / "a" / ".tuiflow").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    mlflow.set_tracking_uri(None)
    if named is not None:
        monkeypatch.setenv("TUIFLOW_STORE", named)
    monkeypatch.chdir(tmp_path / "a")
    store = f"sqlite:///{tmp_path / 'a' / (named or '.tuiflow') / 'tuiflow.db'}"
    with mlflow.start_run() as run:
        monkeypatch.chdir(tmp_path / "b")
        mlflow.log_metric("m", 1, run_id=run.info.run_id)
    assert mlflow.get_tracking_uri() == MlflowClient().tracking_uri == store
    pid = os.fork()
    if pid == 0:
        os._exit(0 if mlflow.get_tracking_uri() == store else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    monkeypatch.setenv("TUIFLOW_STORE", "other")
    assert mlflow.get_tracking_uri() == f"sqlite:///{tmp_path / 'b' / 'other' / 'tuiflow.db'}"


def test_ctrl_c_while_training(tmp_path: Path) -> None:
    code = """
    import time, tuiflow
    with tuiflow.start_run():
        print("go", flush=True)
        while True:
            time.sleep(0.05)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "TUIFLOW_STORE": str(tmp_path / "store")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"go\n"
    child.send_signal(signal.SIGINT)
    child.wait(60)
    child.stdout.close()
    [run] = mlflow.search_runs(output_format="list")
    assert run.info.status == "KILLED"


def test_nested_and_resumed() -> None:
    with mlflow.start_run(run_name="outer") as outer:
        with pytest.raises(InvalidInput, match="nested=True"):
            mlflow.start_run()
        with mlflow.start_run(nested=True) as inner:
            assert mlflow.active_run().info.run_id == inner.info.run_id  # type: ignore[union-attr]
        mlflow.log_metric("m", 1)
    assert mlflow.active_run() is None
    assert mlflow.get_run(inner.info.run_id).parent_run_id == outer.info.run_id
    with mlflow.start_run(run_id=outer.info.run_id, run_name="renamed", tags={"again": "yes"}):
        assert mlflow.get_run(outer.info.run_id).info.status == "RUNNING"
        mlflow.log_metric("m", 2, step=1)
    found = mlflow.get_run(outer.info.run_id)
    assert (found.info.run_name, found.info.status) == ("renamed", "FINISHED")
    assert found.data.metrics["m"] == 2.0
    with mlflow.start_run(parent_run_id=outer.info.run_id) as child:
        pass
    assert mlflow.get_run(child.info.run_id).parent_run_id == outer.info.run_id


def test_a_block_ends_its_own_run() -> None:
    with mlflow.start_run() as outer:
        with mlflow.start_run(nested=True):
            mlflow.end_run("KILLED")
        assert mlflow.active_run() is outer
        with pytest.raises(InvalidInput, match="can't end as 'DONE'"):
            mlflow.end_run("DONE")
        assert mlflow.active_run() is outer
        left_open = mlflow.start_run(nested=True)
    assert mlflow.active_run() is None
    statuses = [run.info.status for run in mlflow.search_runs(output_format="list")]
    assert sorted(statuses) == ["FINISHED", "FINISHED", "KILLED"]
    assert mlflow.get_run(left_open.info.run_id).info.status == "FINISHED"


def test_a_run_that_is_open_is_opened_again() -> None:
    def status() -> str:
        return mlflow.get_run(run.info.run_id).info.status

    with mlflow.start_run() as run:
        with mlflow.start_run(run_id=run.info.run_id, nested=True):
            mlflow.log_metric("inner", 1)
        assert status() == "FINISHED"  # as MLflow has it, until it ends again
        assert mlflow.active_run() is run
        again = mlflow.start_run(run_id=run.info.run_id, nested=True)
        with pytest.raises(ValueError, match="no"), again:
            assert status() == "RUNNING"
            raise ValueError("no")
        assert status() == "FAILED"
        mlflow.log_metric("outer", 1)
    assert status() == "FINISHED"
    [found] = mlflow.search_runs(output_format="list")
    assert found.data.metrics == {"inner": 1.0, "outer": 1.0}
    assert mlflow.active_run() is None


def test_a_block_ends_its_run_where_that_was_opened_again() -> None:
    with mlflow.start_run() as run:
        mlflow.end_run()
        mlflow.start_run(run_id=run.info.run_id)
    assert mlflow.active_run() is None
    assert mlflow.get_run(run.info.run_id).info.status == "FINISHED"


def test_a_resumed_run_stays_in_its_experiment() -> None:
    with mlflow.start_run() as run:
        pass
    other = mlflow.set_experiment("other").experiment_id
    for arguments in ({}, {"experiment_id": other}):
        with mlflow.start_run(run_id=run.info.run_id, **arguments) as again:  # type: ignore[arg-type]
            assert (again.info.experiment_id, again.info.end_time) == ("0", None)


def test_what_can_not_be_started() -> None:
    with pytest.raises(NotFound):
        mlflow.start_run(run_id="0" * 32)
    with mlflow.start_run() as run:
        pass
    MlflowClient().delete_run(run.info.run_id)
    for arguments in ({"run_id": run.info.run_id}, {"parent_run_id": run.info.run_id}):
        with pytest.raises(InvalidState, match="restore") as caught:
            mlflow.start_run(**arguments)  # type: ignore[arg-type]
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    with pytest.raises(InvalidInput, match="not both"):
        mlflow.start_run(description="a", tags={"mlflow.note.content": "b"})
    assert mlflow.active_run() is None


def test_the_run_handed_over_by_the_environment(tmp_path: Path) -> None:
    run = MlflowClient().create_run("0", run_name="handed")
    code = """
    import tuiflow
    with tuiflow.start_run() as run:
        tuiflow.log_metric("m", 1)
    with tuiflow.start_run(): pass
    """
    result = run_script(code, tmp_path / "store", TUIFLOW_RUN_ID=run.info.run_id)
    assert result.returncode == 0, result.stderr
    runs = mlflow.search_runs(output_format="list")
    assert len(runs) == 2
    assert mlflow.get_run(run.info.run_id).data.metrics == {"m": 1.0}


def test_experiment_from_the_environment(tmp_path: Path) -> None:
    code = "import tuiflow\ntuiflow.log_metric('m', 1)"
    run_script(code, tmp_path / "store", TUIFLOW_EXPERIMENT_NAME="from env")
    [run] = mlflow.search_runs(experiment_names=["from env"], output_format="list")
    assert run.info.experiment_name == "from env"
    names = {"MLFLOW_EXPERIMENT_NAME": "a job's"}
    run_script(code, tmp_path / "store", **names)
    run_script(code, tmp_path / "store", **names, TUIFLOW_EXPERIMENT_NAME="from env")
    assert len(mlflow.search_runs(experiment_names=["a job's"], output_format="list")) == 1


def test_threads_log_into_the_main_run() -> None:
    with mlflow.start_run() as run:
        threads = [
            threading.Thread(
                target=lambda name=name: [mlflow.log_metric(name, i, step=i) for i in range(50)]
            )
            for name in ("a", "b", "c")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    client = MlflowClient()
    for name in ("a", "b", "c"):
        history = client.get_metric_history(run.info.run_id, name)
        assert [point.value for point in history] == [float(i) for i in range(50)]
    assert len(mlflow.search_runs(output_format="list")) == 1


def test_a_thread_may_have_a_run_of_its_own() -> None:
    ids = []

    def work() -> None:
        with mlflow.start_run() as run:
            mlflow.log_metric("m", 1)
            ids.append(run.info.run_id)

    with mlflow.start_run() as main:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert mlflow.active_run().info.run_id == main.info.run_id  # type: ignore[union-attr]
    assert mlflow.get_run(ids[0]).data.metrics == {"m": 1.0}
    assert mlflow.get_run(main.info.run_id).data.metrics == {}


def test_a_forked_child_does_not_end_its_parents_run() -> None:
    with mlflow.start_run() as run:
        pid = os.fork()
        if pid == 0:
            try:
                mlflow.log_metric("child", 1)
                mlflow.end_run()
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        found = mlflow.get_run(run.info.run_id)
        assert (found.info.status, found.data.metrics) == ("RUNNING", {"child": 1.0})


def test_a_forked_child_may_have_a_run_of_its_own() -> None:
    with mlflow.start_run() as parent:
        pid = os.fork()
        if pid == 0:
            failed = True
            try:
                with mlflow.start_run(run_name="own"):
                    mlflow.log_metric("m", 1)
                with mlflow.start_run(run_name="nested", nested=True):
                    pass
                failed = mlflow.active_run().info.run_id != parent.info.run_id  # type: ignore[union-attr]
            finally:
                os._exit(failed)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert mlflow.get_run(parent.info.run_id).info.status == "RUNNING"
    runs = {run.info.run_name: run for run in mlflow.search_runs(output_format="list")}
    assert (runs["own"].info.status, runs["own"].data.metrics) == ("FINISHED", {"m": 1.0})
    assert runs["own"].parent_run_id is None
    assert runs["nested"].parent_run_id == parent.info.run_id
    assert runs[parent.info.run_name].data.metrics == {}


def test_processes_started_from_here_log_to_the_same_place(tmp_path: Path) -> None:
    mlflow.set_experiment("wine")
    code = "import tuiflow\ntuiflow.log_metric('m', 1)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=120)
    [run] = mlflow.search_runs(output_format="list")
    assert (run.info.experiment_name, run.data.metrics) == ("wine", {"m": 1.0})


def test_a_run_keeps_a_name() -> None:
    with mlflow.start_run(run_name="a", tags={"mlflow.user": "bob"}) as run:
        assert run.info.user_id == "bob"
        mlflow.set_tag("mlflow.runName", "")
        MlflowClient().update_run(run.info.run_id, name="")
        assert mlflow.get_run(run.info.run_id).info.run_name == "a"
        mlflow.set_tag("mlflow.runName", "b")
    found = mlflow.get_run(run.info.run_id)
    assert (found.info.run_name, found.data.tags["mlflow.runName"]) == ("b", "b")
    with mlflow.start_run(run_name=7) as run:  # type: ignore[arg-type]
        assert run.info.run_name == "7"


def test_experiments() -> None:
    assert mlflow.get_experiment("0").name == "Default"
    wine = mlflow.create_experiment("wine", tags={"team": 1})
    with pytest.raises(AlreadyExists) as caught:
        mlflow.create_experiment("wine")
    assert caught.value.error_code == "RESOURCE_ALREADY_EXISTS"
    assert mlflow.get_experiment(wine).tags == {"team": "1"}
    assert mlflow.set_experiment("wine").experiment_id == wine
    assert mlflow.set_experiment(experiment_id=wine).name == "wine"
    assert mlflow.get_experiment_by_name("none") is None
    with pytest.raises(NotFound):
        mlflow.set_experiment(experiment_id="77")
    with pytest.raises(InvalidInput):
        mlflow.set_experiment()
    for name in ("", " ", None, 5, "x" * 501, "a\0b", "\ud800"):
        with pytest.raises(InvalidInput):
            mlflow.create_experiment(name)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="surrogate"):
        mlflow.set_experiment("\ud800")
    for tags in ({"a!": "x"}, {"a": "x" * 20_001}, {"a": "\ud800"}):
        with pytest.raises(InvalidInput):
            mlflow.create_experiment("tagged", tags=tags)
    assert [found.name for found in mlflow.search_experiments()] == ["wine", "Default"]


def test_a_deleted_experiment(tmp_path: Path) -> None:
    gone = mlflow.create_experiment("gone")
    with sqlite3.connect(tmp_path / "store" / "tuiflow.db") as conn:
        conn.execute("UPDATE experiments SET deleted_at = 1 WHERE id = ?", (int(gone),))
    conn.close()
    assert mlflow.get_experiment(gone).lifecycle_stage == "deleted"
    assert mlflow.get_experiment_by_name("gone") == mlflow.get_experiment(gone)
    for act in (
        lambda: mlflow.set_experiment("gone"),
        lambda: mlflow.set_experiment(experiment_id=gone),
        lambda: mlflow.start_run(experiment_id=gone),
        lambda: MlflowClient().create_run(gone),
    ):
        with pytest.raises(InvalidState, match="restore") as caught:
            act()
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    with pytest.raises(AlreadyExists):
        mlflow.create_experiment("gone")
    assert mlflow.search_runs(experiment_names=["gone"]).empty


@pytest.mark.parametrize(
    "uri",
    ["http://localhost:5000", "databricks", "postgresql://x/y", "s3://bucket", "sqlite://x.db"],
)
def test_what_is_not_served_yet(uri: str) -> None:
    before = mlflow.get_tracking_uri()
    with pytest.raises(InvalidInput):
        mlflow.set_tracking_uri(uri)
    assert mlflow.get_tracking_uri() == before


def test_mlflow_data_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "mlruns" / "0").mkdir(parents=True)
    (tmp_path / "mlruns" / "0" / "meta.yaml").write_text("name: Default\n")
    with pytest.raises(StoreError, match="MLflow folder"):
        mlflow.set_tracking_uri(tmp_path / "mlruns")


def test_the_commit_is_recorded_without_calling_git(tmp_path: Path) -> None:
    from tuiflow.tracking.context.repository import git_commit

    assert git_commit(tmp_path / "nowhere") is None
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    for command in (
        "init -q",
        "-c user.name=a -c user.email=a@b commit -q --allow-empty -m x",
        "pack-refs --all",
    ):
        subprocess.run(
            ["git", *command.split()], cwd=tmp_path, check=True, env=environment, timeout=60
        )
        found = git_commit(tmp_path / "sub")
    assert found is not None
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert found == head.stdout.strip()


def test_a_store_that_was_deleted_is_made_anew_for_the_next_run(tmp_path: Path) -> None:
    mlflow.set_tracking_uri(tmp_path / "store")
    with mlflow.start_run():
        mlflow.log_metric("m", 1.0)
    shutil.rmtree(tmp_path / "store")
    with mlflow.start_run() as run:
        mlflow.log_metric("m", 2.0)
    [found] = mlflow.search_runs(output_format="list")
    assert found.info.run_id == run.info.run_id
