"""MLflow's fluent API beyond logging: what is last, parent, deleted, and what tags experiments."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any

import pytest

import tuiflow as mlflow
from tuiflow.entities import RunStatus
from tuiflow.errors import InvalidInput, InvalidState, NotFound
from tuiflow.exceptions import MlflowException

NOBODY = "0" * 32


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path) -> Path:
    mlflow.set_tracking_uri(tmp_path / "store")
    return tmp_path / "store"


def test_the_last_run_is_the_one_that_ended_last() -> None:
    with mlflow.start_run() as outer:
        with mlflow.start_run(nested=True) as inner:
            assert mlflow.last_active_run() is inner
        assert mlflow.last_active_run() is outer
        mlflow.log_metric("m", 1)
    last = mlflow.last_active_run()
    assert last is not None
    assert last.info.run_id == outer.info.run_id
    assert (last.info.status, last.data.metrics) == ("FINISHED", {"m": 1.0})


def test_a_thread_knows_its_own_last_run() -> None:
    seen: dict[str, Any] = {}

    def train(name: str) -> None:
        with mlflow.start_run(run_name=name):
            pass
        ended.wait()
        last = mlflow.last_active_run()
        seen[name] = last and last.info.run_name

    ended = threading.Barrier(3)
    threads = [threading.Thread(target=train, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {"a": "a", "b": "b", "c": "c"}
    fresh = threading.Thread(target=lambda: seen.update(d=mlflow.last_active_run()))
    fresh.start()
    fresh.join()  # a thread that has ended none
    assert seen["d"].info.run_name in ("a", "b", "c")


def test_the_parent_of_a_run() -> None:
    with mlflow.start_run() as outer, mlflow.start_run(nested=True) as inner:
        pass
    parent = mlflow.get_parent_run(inner.info.run_id)
    assert parent is not None
    assert parent.info.run_id == outer.info.run_id
    assert mlflow.get_parent_run(outer.info.run_id) is None
    with pytest.raises(NotFound):
        mlflow.get_parent_run(NOBODY)


def test_deleted_and_restored_runs() -> None:
    with mlflow.start_run() as run:
        pass
    run_id = run.info.run_id
    mlflow.delete_run(run_id)
    mlflow.delete_run(run_id)
    assert mlflow.get_run(run_id).info.lifecycle_stage == "deleted"
    assert mlflow.search_runs(output_format="list") == []
    with pytest.raises(InvalidState):
        mlflow.log_metric("m", 1, run_id=run_id)
    mlflow.restore_run(run_id)
    assert [found.info.run_id for found in mlflow.search_runs(output_format="list")] == [run_id]
    for act in (mlflow.delete_run, mlflow.restore_run):
        with pytest.raises(NotFound):
            act(NOBODY)


def test_deleted_and_restored_experiments() -> None:
    experiment = mlflow.set_experiment("wine")
    with mlflow.start_run() as run, mlflow.start_run(nested=True) as gone_before:
        pass
    mlflow.delete_run(gone_before.info.run_id)
    mlflow.delete_experiment(experiment.experiment_id)
    assert mlflow.get_experiment(experiment.experiment_id).lifecycle_stage == "deleted"
    assert mlflow.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    with pytest.raises(MlflowException) as caught:
        mlflow.delete_experiment(experiment.experiment_id)
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    mlflow.restore_experiment(experiment.experiment_id)
    assert mlflow.get_run(run.info.run_id).info.lifecycle_stage == "active"
    assert mlflow.get_run(gone_before.info.run_id).info.lifecycle_stage == "deleted"
    with pytest.raises(MlflowException) as caught:
        mlflow.restore_experiment(experiment.experiment_id)
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_tags_of_the_active_experiment() -> None:
    mlflow.set_experiment("wine")
    mlflow.set_experiment_tag("owner", "ada")
    mlflow.set_experiment_tags({"year": 2026, "done": None})
    mlflow.set_experiment_tag("owner", "bob")
    experiment = mlflow.get_experiment_by_name("wine")
    assert experiment is not None
    assert experiment.tags == {"owner": "bob", "year": "2026", "done": "None"}
    mlflow.delete_experiment_tag("done")
    assert set(mlflow.get_experiment(experiment.experiment_id).tags) == {"owner", "year"}
    with pytest.raises(NotFound, match="done"):
        mlflow.delete_experiment_tag("done")
    with pytest.raises(InvalidInput):
        mlflow.set_experiment_tags({"fine": 1, "not fine?": 2})
    assert "fine" not in mlflow.get_experiment(experiment.experiment_id).tags
    assert mlflow.get_experiment("0").tags == {}


def test_a_tag_of_the_run_is_deleted() -> None:
    with mlflow.start_run(tags={"a": 1, "b": 2}) as run:
        mlflow.delete_tag("a")
        with pytest.raises(NotFound):
            mlflow.delete_tag("a")
    tags = mlflow.get_run(run.info.run_id).data.tags
    assert "a" not in tags
    assert tags["b"] == "2"


def test_where_artifacts_are() -> None:
    uri = mlflow.get_artifact_uri()  # starts a run where there is none
    run = mlflow.active_run()
    assert run is not None
    assert uri == run.info.artifact_uri == mlflow.get_artifact_uri("")
    mlflow.log_text("hello", "a/b.txt")
    assert Path(mlflow.get_artifact_uri("a/b.txt")).read_text() == "hello"


def test_streams() -> None:
    with mlflow.start_run() as run:
        stream = io.BytesIO(b"skipped" + bytes(range(256)) * 9000)
        stream.seek(len("skipped"))
        mlflow.log_stream(stream, "data/raw.bin")
        for wrong in (io.StringIO("text"), b"bytes"):
            with pytest.raises(InvalidInput, match="binary stream"):
                mlflow.log_stream(wrong, "wrong.bin")  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="log_stream"):
            mlflow.log_text(b"bytes", "wrong.txt")  # type: ignore[arg-type]
    folder = Path(run.info.artifact_uri)
    assert (folder / "data" / "raw.bin").read_bytes() == bytes(range(256)) * 9000
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["raw.bin"]


def test_something_to_wait_for() -> None:
    client = mlflow.MlflowClient()
    with mlflow.start_run() as run:
        run_id = run.info.run_id
        for operations in (
            mlflow.log_metric("a", 1, synchronous=False),
            mlflow.log_metrics({"b": 1}, synchronous=False),
            mlflow.log_param("c", 1, synchronous=False),
            mlflow.log_params({"d": 1}, synchronous=False),
            mlflow.set_tag("e", 1, synchronous=False),
            mlflow.set_tags({"f": 1}, synchronous=False),
            client.log_metric(run_id, "g", 1, synchronous=False),
            client.log_param(run_id, "h", 1, synchronous=False),
            client.set_tag(run_id, "i", 1, synchronous=False),
            client.log_batch(run_id, synchronous=False),
        ):
            assert isinstance(operations, mlflow.RunOperations)
            assert operations.wait() is None  # type: ignore[func-returns-value]
        assert mlflow.log_metric("a", 2, synchronous=True) is None
        assert mlflow.log_param("c", 1) == 1
        with pytest.raises(InvalidInput):
            mlflow.log_param("c", 2, synchronous=False)
        mlflow.flush_async_logging()
        mlflow.flush_artifact_async_logging()
    data = mlflow.get_run(run_id).data
    assert (set(data.metrics), set(data.params)) == ({"a", "b", "g"}, {"c", "d", "h"})
    assert {"e", "f", "i"} <= set(data.tags)


def test_the_switch_for_writing_in_the_background() -> None:
    try:
        mlflow.config.enable_async_logging()
        with mlflow.start_run():
            assert isinstance(mlflow.log_metric("a", 1), mlflow.RunOperations)
            assert isinstance(mlflow.log_params({"p": 1}), mlflow.RunOperations)
            assert mlflow.log_metric("a", 1, synchronous=True) is None
    finally:
        mlflow.config.enable_async_logging(False)
    with mlflow.start_run():
        assert mlflow.log_metric("a", 1) is None


def test_metrics_of_a_model_and_a_data_set_are_the_runs() -> None:
    with mlflow.start_run() as run:
        mlflow.log_metric("a", 1, model_id="m-1", dataset=object())
        mlflow.log_metrics({"b": 2}, model_id="m-1", dataset=object())
    assert mlflow.get_run(run.info.run_id).data.metrics == {"a": 1.0, "b": 2.0}


def test_a_folder_that_is_not_there_breaks_no_training() -> None:
    with mlflow.start_run() as run, pytest.warns(UserWarning, match="no folder 'nowhere'"):
        mlflow.log_artifacts("nowhere")
    assert mlflow.get_run(run.info.run_id).info.status == "FINISHED"


def test_which_store_is_in_use(own_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert mlflow.is_tracking_uri_set()
    assert mlflow.tracking.is_tracking_uri_set()
    assert mlflow.get_registry_uri() == mlflow.get_tracking_uri()
    mlflow.set_registry_uri(mlflow.get_tracking_uri())
    mlflow.set_registry_uri(own_store)
    with pytest.raises(InvalidInput, match="set_tracking_uri"):
        mlflow.set_registry_uri(own_store.parent / "other")
    mlflow.set_tracking_uri(None)
    assert not mlflow.is_tracking_uri_set()
    monkeypatch.setenv("TUIFLOW_STORE", str(own_store))
    assert mlflow.is_tracking_uri_set()
    assert mlflow.get_tracking_uri() == f"sqlite:///{own_store / 'tuiflow.db'}"


def test_the_client_is_where_mlflow_has_it() -> None:
    from tuiflow.client import MlflowClient as one
    from tuiflow.tracking import MlflowClient as other
    from tuiflow.tracking.client import MlflowClient as third

    assert one is other is third is mlflow.MlflowClient


@pytest.mark.parametrize(
    "line",
    [
        "from tuiflow.entities.dataset import Dataset",
        "from tuiflow.entities.dataset_input import DatasetInput",
        "from tuiflow.entities.experiment import Experiment",
        "from tuiflow.entities.experiment_tag import ExperimentTag",
        "from tuiflow.entities.file_info import FileInfo",
        "from tuiflow.entities.input_tag import InputTag",
        "from tuiflow.entities.lifecycle_stage import LifecycleStage",
        "from tuiflow.entities.metric import Metric",
        "from tuiflow.entities.param import Param",
        "from tuiflow.entities.run import Run",
        "from tuiflow.entities.run_data import RunData",
        "from tuiflow.entities.run_info import RunInfo",
        "from tuiflow.entities.run_inputs import RunInputs",
        "from tuiflow.entities.run_outputs import RunOutputs",
        "from tuiflow.entities.run_status import RunStatus",
        "from tuiflow.entities.run_tag import RunTag",
        "from tuiflow.entities.source_type import SourceType",
        "from tuiflow.entities.view_type import ViewType",
        "from tuiflow.models.model import Model",
        "from tuiflow.version import VERSION",
        "import tuiflow.entities.run; tuiflow.entities.run.Run",
        "import tuiflow.models.model; tuiflow.models.model.Model.load",
        "import tuiflow.version; tuiflow.version.VERSION",
    ],
)
def test_modules_that_scripts_import_from(line: str) -> None:
    names: dict[str, Any] = {}
    exec(line, names)
    for part in ("entities", "models"):
        for name in names.keys() & set(dir(getattr(mlflow, part))):
            assert names[name] is getattr(getattr(mlflow, part), name)
    assert names.get("VERSION", mlflow.__version__) == mlflow.__version__


def test_a_status_as_scripts_write_it() -> None:
    mlflow.start_run()
    mlflow.end_run(RunStatus.to_string(RunStatus.FAILED))
    last = mlflow.last_active_run()
    assert last is not None
    assert last.info.status == "FAILED"
    mlflow.start_run()
    mlflow.end_run(RunStatus.KILLED)
    last = mlflow.last_active_run()
    assert last is not None
    assert (last.info.status, type(last.info.status)) == ("KILLED", str)


def test_what_was_logged_last_is_the_latest() -> None:
    with mlflow.start_run() as run:
        for value in (3.0, 1.0, 2.0) * 20:  # many within one millisecond
            mlflow.log_metric("loss", value)
            mlflow.log_metrics({"a": value, "b": -value}, step=7)
    assert mlflow.get_run(run.info.run_id).data.metrics == {"loss": 2.0, "a": 2.0, "b": -2.0}
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")
    assert [point.value for point in history] == [3.0, 1.0, 2.0] * 20
