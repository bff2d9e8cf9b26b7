"""MlflowClient beyond what the fluent API's tests ask of it."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tuiflow
from tuiflow import MlflowClient
from tuiflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from tuiflow.errors import AlreadyExists, InvalidInput, InvalidState, NotFound, StoreError
from tuiflow.exceptions import MlflowException
from tuiflow.store import Store

NOBODY = "0" * 32


@pytest.fixture
def client(tmp_path: Path) -> MlflowClient:
    tuiflow.set_tracking_uri(tmp_path / "store")
    return MlflowClient()


@pytest.fixture
def run_id(client: MlflowClient) -> str:
    return client.create_run("0").info.run_id


def test_experiments(client: MlflowClient) -> None:
    wine = client.create_experiment("wine", tags={"a": 1})
    client.create_experiment("beer")
    client.rename_experiment(wine, "red wine")
    assert client.get_experiment(wine).name == "red wine"
    assert client.get_experiment_by_name("wine") is None
    with pytest.raises(AlreadyExists):
        client.rename_experiment(wine, "beer")
    client.set_experiment_tag(wine, "b", 2)
    client.delete_experiment_tag(wine, "a")
    assert client.get_experiment(wine).tags == {"b": "2"}
    with pytest.raises(NotFound):
        client.delete_experiment_tag(wine, "a")
    client.delete_experiment(wine)
    for act, code in {
        lambda: client.rename_experiment(wine, "other"): "INVALID_STATE",
        lambda: client.set_experiment_tag(wine, "b", 3): "INVALID_PARAMETER_VALUE",
        lambda: client.create_run(wine): "INVALID_PARAMETER_VALUE",
        lambda: client.delete_experiment(wine): "RESOURCE_DOES_NOT_EXIST",
        lambda: client.delete_experiment("98765"): "RESOURCE_DOES_NOT_EXIST",
        lambda: client.rename_experiment("98765", "x"): "RESOURCE_DOES_NOT_EXIST",
    }.items():
        with pytest.raises(MlflowException) as caught:
            act()
        assert caught.value.error_code == code
    client.restore_experiment(wine)
    assert client.get_experiment(wine).lifecycle_stage == "active"


def test_how_a_run_is_named(client: MlflowClient) -> None:
    name = "mlflow.runName"
    assert client.create_run("0", run_name="a").info.run_name == "a"
    assert client.create_run("0", tags={name: "b"}).info.run_name == "b"
    assert client.create_run("0", run_name="c", tags={name: "c"}).info.run_name == "c"
    with pytest.raises(InvalidInput, match="not both"):
        client.create_run("0", run_name="d", tags={name: "e"})


def test_status_and_name_of_a_run(client: MlflowClient, run_id: str) -> None:
    client.update_run(run_id, status="SCHEDULED")
    assert client.get_run(run_id).info.status == "SCHEDULED"
    client.update_run(run_id, "FAILED", "new")
    found = client.get_run(run_id)
    assert (found.info.status, found.info.run_name) == ("FAILED", "new")
    assert found.data.tags["mlflow.runName"] == "new"
    assert found.info.end_time is not None
    client.update_run(run_id, status="RUNNING", name="")
    found = client.get_run(run_id)
    assert (found.info.status, found.info.run_name, found.info.end_time) == ("RUNNING", "new", None)
    client.update_run(run_id)
    client.set_terminated(run_id, "KILLED", end_time=12345)
    found = client.get_run(run_id)
    assert (found.info.status, found.info.end_time) == ("KILLED", 12345)
    for wrong in (
        lambda: client.update_run(run_id, "DONE"),
        lambda: client.set_terminated(run_id, "x"),
    ):
        with pytest.raises(InvalidInput):
            wrong()
    assert client.get_run(run_id).info.status == "KILLED"
    for missing in (
        lambda: client.update_run(NOBODY, name="x"),
        lambda: client.set_terminated(NOBODY),
    ):
        with pytest.raises(NotFound):
            missing()


def test_parents(client: MlflowClient, run_id: str) -> None:
    child = client.create_run("0", tags={"mlflow.parentRunId": run_id})
    parent = client.get_parent_run(child.info.run_id)
    assert parent is not None
    assert parent.info.run_id == run_id
    assert client.get_parent_run(run_id) is None


def test_batches_have_no_limit(client: MlflowClient, run_id: str) -> None:
    client.log_batch(
        run_id,
        metrics=[Metric(f"m{number}", 1.0, 1, 0) for number in range(1500)],
        params=[Param(f"p{number}", str(number)) for number in range(150)],
        tags=[RunTag(f"t{number}", "x") for number in range(150)],
    )
    data = client.get_run(run_id).data
    assert (len(data.metrics), len(data.params)) == (1500, 150)
    assert len([key for key in data.tags if key.startswith("t") and key[1:].isdigit()]) == 150


def test_batches_are_written_whole_or_not_at_all(client: MlflowClient, run_id: str) -> None:
    client.log_param(run_id, "p", 1)
    for wrong in (
        {"params": [Param("p", "2")]},
        {"params": [Param("q", "1"), Param("q", "2")]},
        {"params": ["q"]},
        {"params": {"q": "1"}},
        {"tags": [RunTag("a?", "b")]},
    ):
        with pytest.raises(InvalidInput):
            client.log_batch(run_id, metrics=[Metric("m", 1.0, 1, 0)], **wrong)  # type: ignore[arg-type]
    data = client.get_run(run_id).data
    assert (data.metrics, data.params) == ({}, {"p": "1"})
    with pytest.raises(NotFound):
        client.log_batch(NOBODY, params=[Param("a", "b")])


def test_values_become_text_and_numbers(client: MlflowClient, run_id: str) -> None:
    client.log_batch(
        run_id,
        [Metric("m", np.float32(0.5), 1, 0)],  # type: ignore[arg-type]
        [Param("p", 3)],  # type: ignore[arg-type]
        [RunTag("t", None)],  # type: ignore[arg-type]
    )
    data = client.get_run(run_id).data
    assert (data.metrics["m"], data.params["p"], data.tags["t"]) == (0.5, "3", "None")
    assert client.log_param(run_id, "q", 1.5) == 1.5
    client.log_metric(run_id, "n", 1, 7, 2, dataset_name="d", dataset_digest="e", model_id="m-1")
    [point] = client.get_metric_history(run_id, "n")
    assert point == Metric("n", 1.0, 7, 2)
    assert client.get_metric_history(run_id, "nothing") == []
    assert client.get_metric_history(run_id, "n").token is None


def test_inputs(client: MlflowClient, run_id: str) -> None:
    train = DatasetInput(
        Dataset("wine", "abc", "local", "{}"), [InputTag("mlflow.data.context", "training")]
    )
    client.log_inputs(run_id, [train])
    client.log_inputs(run_id)
    [found] = client.get_run(run_id).inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.digest, found.context) == ("wine", "abc", "training")
    with pytest.raises(InvalidInput, match="models can't be"):
        client.log_inputs(run_id, models=["m-1"])


def test_artifacts(client: MlflowClient, run_id: str, tmp_path: Path) -> None:
    client.log_text(run_id, "hello", "a.txt")
    client.log_dict(run_id, {"a": 1}, "d.json")
    client.log_stream(run_id, io.BytesIO(b"raw"), "raw.bin")
    client.log_table(run_id, {"x": [1, 2]}, "t.json")
    client.log_table(run_id, pd.DataFrame({"x": [3]}), "t.json")
    assert [item.path for item in client.list_artifacts(run_id)] == [
        "a.txt",
        "d.json",
        "raw.bin",
        "t.json",
    ]
    assert client.load_table("0", "t.json")["x"].tolist() == [1, 2, 3]
    frame = client.load_table("0", "t.json", run_ids=[run_id], extra_columns=["run_id"])
    assert frame["run_id"].tolist() == [run_id] * 3
    found = client.download_artifacts(run_id, "raw.bin", tmp_path / "new")
    assert Path(found).read_bytes() == b"raw"
    assert found == str(tmp_path / "new" / "raw.bin")
    for missing in ((run_id, "none"), (NOBODY, "")):
        with pytest.raises(NotFound):
            client.download_artifacts(*missing)


def test_images(client: MlflowClient, run_id: str) -> None:
    pytest.importorskip("PIL")
    client.log_image(run_id, np.zeros((4, 4, 3), dtype=np.uint8), "black.png")
    waited = client.log_image(
        run_id, np.zeros((4, 4), dtype=np.uint8), key="grey", step=1, synchronous=False
    )
    assert waited is not None
    waited.wait()
    names = [item.path for item in client.list_artifacts(run_id)]
    assert "black.png" in names
    assert len(names) == 2


def test_another_store(client: MlflowClient, run_id: str, tmp_path: Path) -> None:
    other = MlflowClient(tmp_path / "other")
    assert other.tracking_uri == f"sqlite:///{tmp_path / 'other' / 'tuiflow.db'}"
    with pytest.raises(NotFound):
        other.get_run(run_id)
    MlflowClient(registry_uri=client.tracking_uri)
    MlflowClient(other.tracking_uri, other.tracking_uri)
    with pytest.raises(InvalidInput, match="registered in the store"):
        MlflowClient(registry_uri=other.tracking_uri)


def test_single_experiment_ids(client: MlflowClient, run_id: str) -> None:
    for ids in ("0", 0, ["0"], [0]):
        assert [run.info.run_id for run in client.search_runs(ids)] == [run_id]  # type: ignore[arg-type]
    with pytest.raises(InvalidState):
        client.delete_run(run_id)
        client.log_text(run_id, "late", "late.txt")


def test_it_is_handed_to_other_processes(client: MlflowClient, run_id: str, tmp_path: Path) -> None:
    sent = pickle.dumps(client)
    tuiflow.set_tracking_uri(tmp_path / "other")
    arrived = pickle.loads(sent)
    assert arrived.tracking_uri == client.tracking_uri
    arrived.log_metric(run_id, "m", 1)
    assert client.get_run(run_id).data.metrics == {"m": 1.0}


def test_a_store_is_handed_to_other_processes(store: Store) -> None:
    run = store.create_run("0").info.run_id
    sent = pickle.dumps(store)
    arrived = pickle.loads(sent)
    assert arrived.get_run(run) == store.get_run(run)
    arrived.close()
    store.close()
    store.database.unlink()
    with pytest.raises(StoreError, match="no tuiflow store"):
        pickle.loads(sent)


@pytest.mark.parametrize("time", [1.7e12, 1_700_000_000_000.4, np.int64(1_700_000_000_000)])
def test_times_of_other_kinds(client: MlflowClient, time: float) -> None:
    run = client.create_run("0", start_time=time)
    client.set_terminated(run.info.run_id, end_time=time)
    [found] = client.search_runs(["0"], run_view_type=3)
    assert (found.info.start_time, found.info.end_time) == (1_700_000_000_000,) * 2
    client.update_run(run.info.run_id, status="KILLED")


@pytest.mark.parametrize("time", [float("nan"), float("inf"), 2**63, "soon"])
def test_what_is_no_time_is_told(client: MlflowClient, run_id: str, time: float) -> None:
    with pytest.raises(InvalidInput, match="milliseconds since 1970"):
        client.create_run("0", start_time=time)
    with pytest.raises(InvalidInput, match="milliseconds since 1970"):
        client.set_terminated(run_id, end_time=time)
    assert [run.info.status for run in client.search_runs(["0"])] == ["RUNNING"]
