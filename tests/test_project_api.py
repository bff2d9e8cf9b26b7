"""`tuiflow.run`: projects from Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tuiflow as mlflow
from tuiflow.errors import InvalidInput
from tuiflow.exceptions import ExecutionException
from tuiflow.protocols import RunQuery
from tuiflow.store import Store

ROOT = Path(__file__).parent.parent
MLPROJECT = """\
entry_points:
  main:
    parameters: {n: int, rate: {type: float, default: 0.5}}
    command: python step.py {n} {rate}
  fails: {command: exit 3}
  waits: {command: echo started; exec sleep 300}
"""
STEP = """
import sys, tuiflow as mlflow
with mlflow.start_run():
    mlflow.log_metric("n", float(sys.argv[1]))
    print("step", *sys.argv[1:])
"""


@pytest.fixture
def project(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "MLproject").write_text(MLPROJECT)
    (folder / "step.py").write_text(STEP)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    mlflow.set_tracking_uri(store.root)
    return str(folder)


def test_a_run_of_a_project(project: str, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    done = mlflow.run(project, parameters={"n": 2, "extra": "a b"}, run_name="x")
    assert isinstance(done, mlflow.projects.SubmittedRun)
    assert capsys.readouterr().out == "step 2 0.5 --extra a b\n"
    assert (done.wait(), done.get_status()) == (True, "FINISHED")
    run = store.get_run(done.run_id)
    assert run.info.run_name == "x"
    assert run.data.params == {"n": "2", "rate": "0.5", "extra": "a b"}
    assert run.data.metrics == {"n": 2.0}
    assert run.parent_run_id is None


def test_steps_of_a_workflow_are_children_in_the_active_experiment(
    project: str, store: Store
) -> None:
    mlflow.set_experiment("flow")
    with mlflow.start_run() as parent:
        for number in (1, 2):
            mlflow.projects.run(project, parameters={"n": number})
        mlflow.log_metric("after", 1)
    children = [run for run in store.search_runs(RunQuery()) if run.parent_run_id]
    assert {run.parent_run_id for run in children} == {parent.info.run_id}
    assert {run.info.experiment_name for run in children} == {"flow"}
    assert {run.data.metrics["n"] for run in children} == {1.0, 2.0}
    assert store.get_run(parent.info.run_id).data.metrics == {"after": 1.0}


def test_what_fails_raises(project: str, store: Store) -> None:
    with pytest.raises(ExecutionException, match="exit code 3"):
        mlflow.run(project, "fails", experiment_name="e")
    (run,) = store.search_runs(RunQuery())
    assert (run.info.status, run.info.experiment_name) == ("FAILED", "e")
    for arguments in ({}, {"parameters": {"n": "x"}}, {"entry_point": "none"}, {"version": "v1"}):
        with pytest.raises(ExecutionException):
            mlflow.run(project, **arguments)
    with pytest.raises(ExecutionException):
        mlflow.run(project + "/none")
    assert store.count_runs(RunQuery()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"backend": "kubernetes"},
        {"backend_config": {"x": 1}},
        {"experiment_name": "a", "experiment_id": "0"},
        {"docker_auth": {"username": "x"}},
    ],
)
def test_arguments_that_are_refused(
    project: str, store: Store, arguments: dict[str, object]
) -> None:
    with pytest.raises(InvalidInput):
        mlflow.run(project, parameters={"n": 1}, **arguments)
    assert store.count_runs(RunQuery()) == 0


def test_beside_the_script(project: str, store: Store) -> None:
    run = mlflow.run(project, parameters={"n": 7, "x": "a b"}, synchronous=False)
    assert run.wait()
    found = store.get_run(run.run_id)
    assert found.data.metrics == {"n": 7.0}
    assert found.data.params == {"n": "7", "rate": "0.5", "x": "a b"}
    assert store.count_runs(RunQuery()) == 1
    failed = mlflow.run(project, "fails", synchronous=False)
    assert (failed.wait(), failed.get_status()) == (False, "FAILED")


def test_cancelled(project: str, store: Store) -> None:
    run = mlflow.run(project, "waits", synchronous=False)
    log = Path(store.get_run(run.run_id).info.artifact_uri) / "logs/output.log"
    while not (log.exists() and log.read_text()):
        assert run.get_status() == "RUNNING"
    run.cancel()
    assert (run.get_status(), run.wait()) == ("KILLED", False)
    run.cancel()


def test_a_run_that_was_made_before(project: str, store: Store) -> None:
    made = store.create_run("0", "made", params={"n": "1"})
    run = mlflow.run(project, parameters={"n": 1}, run_id=made.info.run_id)
    assert run.run_id == made.info.run_id
    assert store.get_run(run.run_id).data.metrics == {"n": 1.0}
    with pytest.raises(InvalidInput):
        mlflow.run(project, parameters={"n": 2}, run_id=made.info.run_id)


def test_importing_tuiflow_does_not_import_projects() -> None:
    code = "import sys, tuiflow; print('tuiflow.projects' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
