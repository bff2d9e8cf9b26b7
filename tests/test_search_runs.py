"""search_runs and the client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tuiflow as mlflow
from tuiflow import MlflowClient
from tuiflow.entities import Metric, Param, RunTag
from tuiflow.errors import FilterError, InvalidInput, NotFound


@pytest.fixture(autouse=True)
def uri(tmp_path: Path) -> str:
    mlflow.set_tracking_uri(tmp_path / "store")
    return mlflow.get_tracking_uri()


def test_search_to_a_frame_and_a_list() -> None:
    mlflow.set_experiment("wine")
    for alpha in (0.1, 0.5, 0.9):
        with mlflow.start_run():
            mlflow.log_param("alpha", alpha)
            mlflow.log_metric("rmse", alpha * 2)
    with mlflow.start_run(tags={"odd": "1"}) as odd:
        pass
    frame = mlflow.search_runs(filter_string="metrics.rmse < 1.5", order_by=["metrics.rmse DESC"])
    assert list(frame["params.alpha"]) == ["0.5", "0.1"]
    assert str(frame["start_time"].dtype).startswith("datetime64[")
    assert str(frame["end_time"].dt.tz) == "UTC"
    everything = mlflow.search_runs()
    assert len(everything) == 4
    assert everything["metrics.rmse"].isna().sum() == 1
    assert everything.loc[everything["run_id"] == odd.info.run_id, "params.alpha"].isna().all()
    listed = mlflow.search_runs(max_results=2, output_format="list")
    assert listed[0].info.run_id == odd.info.run_id
    assert len(listed) == 2
    assert mlflow.search_runs(experiment_ids=["0"]).empty
    with pytest.raises(InvalidInput, match="expected"):
        mlflow.search_runs(filter_string="metrics.rmse <")
    with pytest.warns(UserWarning, match="no experiment named 'none'"):
        assert len(mlflow.search_runs(experiment_names=["wine", "none"], max_results=None)) == 4
    assert list(mlflow.search_runs(filter_string="metrics.rmse > 5").columns) == [
        "run_id",
        "experiment_id",
        "status",
        "artifact_uri",
        "start_time",
        "end_time",
    ]


def test_a_frame_of_runs_that_go_on() -> None:
    with mlflow.start_run():
        mlflow.log_metric("m", float("nan"))
        frame = mlflow.search_runs()
    assert str(frame["end_time"].dt.tz) == "UTC"
    assert frame["end_time"].isna().all()
    assert frame["status"].tolist() == ["RUNNING"]
    assert str(frame["metrics.m"].dtype) == "float64"
    assert frame["experiment_id"].tolist() == ["0"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"experiment_names": "Default"},
        {"experiment_ids": ["0"], "experiment_names": ["Default"]},
        {"filter_string": 5},
        {"run_view_type": 7},
        {"max_results": -1},
        {"max_results": 1.5},
        {"order_by": ["rmse"]},
        {"output_format": "csv"},
    ],
)
def test_searches_that_can_not_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        mlflow.search_runs(**wrong)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"


def test_a_mistake_names_the_nearest_key() -> None:
    with mlflow.start_run():
        mlflow.log_metric("rmse", 1.0)
    for wrong in ({"filter_string": "rsme < 1"}, {"order_by": ["rsme DESC"]}):
        for form in ("list", "pandas"):
            with pytest.raises(FilterError, match=r"did you mean metrics\.rmse"):
                mlflow.search_runs(output_format=form, **wrong)


def test_the_client(tmp_path: Path) -> None:
    client = MlflowClient(str(tmp_path / "other"))
    experiment = client.create_experiment("wine")
    run = client.create_run(experiment, run_name="a", tags={"x": 1}, start_time=1000)
    run_id = run.info.run_id
    client.log_metric(run_id, "m", 1.5, step=3, timestamp=5)
    client.log_param(run_id, "p", 1)
    client.set_tag(run_id, "t", "v")
    client.log_batch(run_id, [Metric("n", 1.0, 0, 0)], [Param("q", "2")], [RunTag("u", "w")])
    client.log_text(run_id, "hi", "a.txt")
    client.delete_tag(run_id, "t")
    with pytest.raises(NotFound):
        client.delete_tag(run_id, "t")
    client.update_run(run_id, name="b")
    client.set_terminated(run_id, "FAILED", end_time=2000)
    found = client.get_run(run_id)
    assert (found.info.run_name, found.info.status, found.info.end_time) == ("b", "FAILED", 2000)
    assert found.info.start_time == 1000
    assert found.data.metrics == {"m": 1.5, "n": 1.0}
    assert found.data.params == {"p": "1", "q": "2"}
    assert "t" not in found.data.tags
    client.delete_run(run_id)
    assert client.search_runs([experiment]) == []
    client.restore_run(run_id)
    for _ in range(4):
        client.create_run(experiment)
    assert len(client.search_runs([experiment], page_token="")) == 5
    for wrong in ({"max_results": 0}, {"max_results": "3"}, {"page_token": "zz"}):
        with pytest.raises(InvalidInput):
            client.search_runs([experiment], **wrong)  # type: ignore[arg-type]
    first = client.search_runs([experiment], max_results=3)
    second = client.search_runs([experiment], max_results=3, page_token=first.token)
    assert len({r.info.run_id for r in [*first, *second]}) == 5
    assert (len(first), len(second), second.token) == (3, 2, None)
    with pytest.raises(InvalidInput):
        client.set_terminated(run_id, "DONE")
