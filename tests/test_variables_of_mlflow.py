"""MLflow's environment variables that job scripts set: the run and the experiment to log to."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import Cli

import tuiflow as mlflow
from tuiflow.errors import NotFound
from tuiflow.store import Store


@pytest.fixture(autouse=True)
def own_store(store: Store) -> None:
    mlflow.set_tracking_uri(store.root)


def test_mlflows_variable_names_the_run_to_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    made = mlflow.MlflowClient().create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", made)
    with mlflow.start_run() as run:
        assert run.info.run_id == made
    with mlflow.start_run() as run:  # it is told once
        assert run.info.run_id != made
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    with pytest.raises(NotFound):
        mlflow.start_run()


def test_our_own_variable_for_the_run_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = (mlflow.MlflowClient().create_run("0").info.run_id for _ in range(2))
    monkeypatch.setenv("TUIFLOW_RUN_ID", ours)
    monkeypatch.setenv("MLFLOW_RUN_ID", theirs)
    with mlflow.start_run() as run:
        assert run.info.run_id == ours
    with mlflow.start_run() as run:
        assert run.info.run_id not in (ours, theirs)


def test_a_model_before_start_run_leaves_the_run_to_the_script(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sklearn.linear_model import LinearRegression

    made = mlflow.MlflowClient().create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", made)
    assert mlflow.sklearn.log_model(LinearRegression().fit([[0], [1]], [0, 1])).run_id == made
    with mlflow.start_run() as run:
        assert run.info.run_id == made


def test_mlflows_variable_for_the_experiments_id(monkeypatch: pytest.MonkeyPatch) -> None:
    wine = mlflow.create_experiment("wine")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", wine)
    with mlflow.start_run() as run:
        assert run.info.experiment_id == wine
    with mlflow.start_run(experiment_id="0") as run:
        assert run.info.experiment_id == "0"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "77")
    with pytest.raises(NotFound):
        mlflow.start_run()
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "digits")  # a name comes first
    with mlflow.start_run() as run:
        assert run.info.experiment_name == "digits"


def test_projects_go_to_the_experiment_of_mlflows_variable(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wine = mlflow.create_experiment("wine")
    (tmp_path / "train.py").write_text("")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", wine)
    assert cli("run", str(tmp_path), "-e", "train.py").code == 0
    [run] = mlflow.search_runs([wine], output_format="list")
    assert run.info.experiment_name == "wine"
