"""Of the processes of a distributed job only the first logs, and scripts don't notice."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tuiflow.store import Store
from tuiflow.tracking.context.ranks import find_rank, silent_rank

TORCHRUN = {"RANK": "{rank}", "WORLD_SIZE": "4", "LOCAL_RANK": "{rank}", "TORCHELASTIC_RUN_ID": "x"}
SRUN = {
    "SLURM_JOB_ID": "1",
    "SLURM_NTASKS": "4",
    "SLURM_PROCID": "{rank}",
    "SLURM_STEP_NUM_TASKS": "4",
}
MPIRUN = {"OMPI_COMM_WORLD_RANK": "{rank}", "OMPI_COMM_WORLD_SIZE": "4"}

# What scripts do with runs, all of it.
SCRIPT = """
import sys
from pathlib import Path
import tuiflow as mlflow
from tuiflow import MlflowClient

mlflow.set_experiment("distributed")
with mlflow.start_run(run_name="train", tags={"a": "b"}) as run:
    run_id = run.info.run_id
    assert mlflow.active_run().info.run_id == run_id
    assert run.info.experiment_id == mlflow.get_experiment_by_name("distributed").experiment_id
    mlflow.log_param("p", 1)
    mlflow.log_metrics({"loss": 0.5, "acc": 0.9}, step=1)
    mlflow.log_metric("loss", 0.4, step=2, run_id=run_id)
    mlflow.set_tag("t", "v")
    mlflow.log_text("text", "notes/a.txt")
    mlflow.log_dict({"a": 1}, "a.json")
    mlflow.log_artifact(__file__)
    assert run_id in mlflow.get_artifact_uri("notes")
    client = MlflowClient()
    client.log_metric(run_id, "m", 1.0)
    client.set_tag(run_id, "x", "y")
    with mlflow.start_run(nested=True) as child:
        mlflow.log_metric("inner", 1)
        assert mlflow.get_parent_run(child.info.run_id).info.run_id == run_id
found = mlflow.get_run(run_id)
assert found.info.status == "FINISHED", found
assert found.data.metrics == {"loss": 0.4, "acc": 0.9, "m": 1.0}, found
assert [point.value for point in client.get_metric_history(run_id, "loss")] == [0.5, 0.4]
assert {item.path for item in client.list_artifacts(run_id)} >= {"notes", "a.json"}
client.set_terminated(run_id)
mlflow.log_metric("outside", 1)
print(Path(mlflow.get_artifact_uri()))
mlflow.end_run()
"""


def start(
    store: Store, script: Path, rank: int, variables: dict[str, str], **env: str
) -> subprocess.CompletedProcess[str]:
    told = {name: value.format(rank=rank) for name, value in variables.items()}
    return subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "TUIFLOW_STORE": str(store.root), **told, **env},
        capture_output=True,
        text=True,
        timeout=120,
    )


def write(tmp_path: Path, code: str) -> Path:
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(code))
    return script


def all_runs(store: Store) -> list[str]:
    import tuiflow

    tuiflow.set_tracking_uri(store.root)
    found = tuiflow.search_runs(search_all_experiments=True, output_format="list")
    return [run.info.run_id for run in found]


@pytest.mark.parametrize("variables", [TORCHRUN, SRUN, MPIRUN], ids=["torchrun", "srun", "mpirun"])
def test_only_the_first_logs(store: Store, tmp_path: Path, variables: dict[str, str]) -> None:
    script = write(tmp_path, SCRIPT)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    results = [start(store, script, rank, variables, TMPDIR=str(temporary)) for rank in (1, 0, 2)]
    for result in results:
        assert result.returncode == 0, result.stderr
    assert len(all_runs(store)) == 3  # of rank 0: train, its child, and the one made by the way
    assert "of 4 processes" in results[0].stderr
    assert results[0].stderr.count("\n") == 1
    assert results[1].stderr == results[2].stderr == ""
    assert list(temporary.iterdir()) == []
    artifacts = [path for path in (store.root / "artifacts").rglob("*") if path.is_file()]
    assert len(artifacts) == 3


def test_all_log_where_that_is_asked_for(store: Store, tmp_path: Path) -> None:
    script = write(tmp_path, SCRIPT)
    for rank in (0, 1):
        result = start(store, script, rank, TORCHRUN, TUIFLOW_LOG_ALL_RANKS="1")
        assert (result.returncode, result.stderr) == (0, "")
    assert len(all_runs(store)) == 6


def test_a_run_that_is_named_is_logged_to(store: Store, tmp_path: Path) -> None:
    made = store.create_run("0").info.run_id
    script = write(
        tmp_path,
        f"""
        import tuiflow
        tuiflow.log_metric("by_id", 1, run_id="{made}")
        with tuiflow.start_run(run_id="{made}"):
            tuiflow.log_metric("resumed", 2)
        assert tuiflow.get_run("{made}").data.metrics == {{"by_id": 1, "resumed": 2}}
        """,
    )
    result = start(store, script, 3, TORCHRUN)
    assert (result.returncode, result.stderr) == (0, "")
    assert store.get_run(made).data.metrics == {"by_id": 1.0, "resumed": 2.0}
    assert all_runs(store) == [made]


def test_a_run_handed_over_is_the_first_ones(store: Store, tmp_path: Path) -> None:
    made = store.create_run("0").info.run_id
    script = write(
        tmp_path,
        """
        import os, tuiflow
        with tuiflow.start_run():
            tuiflow.log_metric("rank" + os.environ["RANK"], 1)
        """,
    )
    for rank in (1, 0):
        assert start(store, script, rank, TORCHRUN, TUIFLOW_RUN_ID=made).returncode == 0
    assert all_runs(store) == [made]
    assert store.get_run(made).data.metrics == {"rank0": 1.0}


def test_models_are_logged_and_registered_by_the_first(store: Store, tmp_path: Path) -> None:
    script = write(
        tmp_path,
        """
        import tuiflow, tuiflow.sklearn
        from sklearn.linear_model import LinearRegression
        model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
        with tuiflow.start_run():
            info = tuiflow.sklearn.log_model(model, name="model", registered_model_name="line")
        assert tuiflow.sklearn.load_model(info.model_uri).predict([[2.0]]).round(6) == [2.0]
        client = tuiflow.MlflowClient()
        client.set_registered_model_alias("line", "best", "1")
        assert client.get_model_version_by_alias("line", "best").run_id == info.run_id
        assert tuiflow.sklearn.load_model("models:/line@best").predict([[2.0]]).round(6) == [2.0]
        """,
    )
    for rank in (0, 1):
        result = start(store, script, rank, TORCHRUN)
        assert result.returncode == 0, result.stderr
        assert ("registered" in result.stderr) is (rank == 0)
    assert len(all_runs(store)) == 1
    [version] = store.registry.list_versions("line")
    assert version.run_id == all_runs(store)[0]


def test_a_large_artifact_is_not_copied(store: Store, tmp_path: Path) -> None:
    script = write(
        tmp_path,
        """
        import sys, tuiflow
        from pathlib import Path
        large = Path(sys.argv[0]).with_name("large.bin")
        with large.open("wb") as file:
            file.truncate(65 << 20)
        with tuiflow.start_run() as run:
            tuiflow.log_artifact(large)
            assert tuiflow.MlflowClient().list_artifacts(run.info.run_id) == []
        """,
    )
    result = start(store, script, 1, SRUN)
    assert result.returncode == 0, result.stderr


def test_experiments_are_those_of_the_store(store: Store, tmp_path: Path) -> None:
    store.rename_experiment("0", "base")
    other = store.create_experiment("Default")
    script = write(
        tmp_path,
        f"""
        import tuiflow
        seen = []
        for experiment_id in ("0", "{other}", "0"):
            with tuiflow.start_run(experiment_id=experiment_id) as run:
                assert run.info.experiment_id == experiment_id
                seen.append(tuiflow.get_experiment(run.info.experiment_id).name)
        assert seen == ["base", "Default", "base"], seen
        """,
    )
    result = start(store, script, 1, TORCHRUN)
    assert result.returncode == 0, result.stderr
    assert all_runs(store) == []


def test_mistakes_are_told_as_ever(store: Store, tmp_path: Path) -> None:
    script = write(
        tmp_path,
        """
        import tuiflow
        from tuiflow.errors import InvalidInput, InvalidState, NotFound
        def refuses(kind, call, *args, **kwargs):
            try:
                call(*args, **kwargs)
            except kind:
                return
            raise AssertionError(call)
        refuses(NotFound, tuiflow.start_run, experiment_id="77")
        gone = tuiflow.create_experiment("gone")
        tuiflow.delete_experiment(gone)
        refuses(InvalidState, tuiflow.start_run, experiment_id=gone)
        with tuiflow.start_run() as run:
            tuiflow.log_param("p", 1)
            refuses(InvalidInput, tuiflow.log_param, "p", 2)
            refuses(InvalidInput, tuiflow.log_text, "x", "../../out.txt")
            refuses(InvalidInput, tuiflow.start_run)
        tuiflow.delete_run(run.info.run_id)
        refuses(InvalidState, tuiflow.start_run, run_id=run.info.run_id)
        refuses(NotFound, tuiflow.get_run, "0" * 32)
        """,
    )
    result = start(store, script, 2, TORCHRUN)
    assert result.returncode == 0, result.stderr
    assert all_runs(store) == []


@pytest.mark.parametrize(
    ("environment", "silent"),
    [
        ({}, False),
        ({"RANK": "1"}, False),  # a variable of something else
        ({"RANK": "1", "WORLD_SIZE": "1"}, False),
        ({"RANK": "x", "WORLD_SIZE": "2"}, False),
        ({"RANK": "1", "WORLD_SIZE": "2"}, True),
        ({"RANK": "0", "WORLD_SIZE": "2"}, False),
        ({"RANK": "0", "WORLD_SIZE": "8", "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"}, False),
        ({"RANK": "8", "WORLD_SIZE": "16", "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2"}, True),
        # a batch script, salloc's shell, `srun --pty python`
        ({"SLURM_JOB_ID": "1", "SLURM_NTASKS": "8", "SLURM_PROCID": "0"}, False),
        ({"SLURM_JOB_ID": "1", "SLURM_NTASKS": "8"}, False),
        ({"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1", "SLURM_NTASKS": "1"}, False),
        ({"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "8"}, True),
        # Lightning's own launcher
        ({"LOCAL_RANK": "1", "WORLD_SIZE": "2"}, True),
        ({"LOCAL_RANK": "0", "NODE_RANK": "1", "WORLD_SIZE": "4"}, True),
        ({"LOCAL_RANK": "0", "NODE_RANK": "0", "WORLD_SIZE": "4"}, False),
        ({"LOCAL_RANK": "1"}, False),
        ({"PMI_RANK": "1", "PMI_SIZE": "2"}, True),
        ({"RANK": "1", "WORLD_SIZE": "2", "TUIFLOW_LOG_ALL_RANKS": "1"}, False),
        ({"RANK": "1", "WORLD_SIZE": "2", "TUIFLOW_LOG_ALL_RANKS": "0"}, True),
    ],
)
def test_who_is_silent(environment: dict[str, str], silent: bool) -> None:
    assert (silent_rank(environment) is not None) is silent


def test_which_rank() -> None:
    place = find_rank({"RANK": "3", "WORLD_SIZE": "4"})
    assert place is not None
    assert (place.rank, place.size, place.first) == (3, 4, False)
