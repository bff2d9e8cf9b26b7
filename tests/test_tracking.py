from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

import tuiflow as mlflow
from tuiflow import MlflowClient
from tuiflow.entities import Metric, Param, RunTag
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


def test_one_run_with_everything(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a,b\n1,2\n")
    mlflow.set_experiment("wine")
    with mlflow.start_run(run_name="first", description="a note", tags={"team": 1}) as run:
        assert mlflow.log_param("alpha", 0.5) == 0.5
        mlflow.log_params({"l1": 0.1, "kind": "net"})
        mlflow.log_metric("rmse", 0.9, step=1, timestamp=1000)
        mlflow.log_metric("rmse", 0.8, step=2)
        mlflow.log_metrics({"mae": 0.5, "nan": math.nan, "inf": -math.inf}, step=7)
        mlflow.set_tag("x", True)
        mlflow.set_tags({"y": None})
        mlflow.log_artifact(str(tmp_path / "data" / "a.csv"), "tables")
        mlflow.log_artifacts(str(tmp_path / "data"), "all/of/it")
        mlflow.log_text("héllo", "notes/hello.txt")
        mlflow.log_dict({"a": [1, {"b": None}]}, "d.json")
        mlflow.log_dict({"a": (1, 2)}, "d.yaml")
    found = mlflow.get_run(run.info.run_id)
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "first"
    assert found.info.experiment_name == "wine"
    assert found.info.end_time is not None
    assert found.data.params == {"alpha": "0.5", "l1": "0.1", "kind": "net"}
    assert found.data.metrics["rmse"] == 0.8
    assert math.isnan(found.data.metrics["nan"])
    assert found.data.metrics["inf"] == -math.inf
    assert found.data.tags["team"] == "1"
    assert found.data.tags["x"] == "True"
    assert found.data.tags["mlflow.note.content"] == found.note == "a note"
    client = MlflowClient()
    assert client.get_metric_history(run.info.run_id, "rmse")[0] == Metric("rmse", 0.9, 1000, 1)
    paths = {info.path for info in client.list_artifacts(run.info.run_id)}
    assert paths == {"tables", "all", "notes", "d.json", "d.yaml"}
    folder = Path(found.info.artifact_uri)
    assert (folder / "all/of/it/a.csv").read_text() == "a,b\n1,2\n"
    assert (folder / "notes/hello.txt").read_text("utf-8") == "héllo"
    assert json.loads((folder / "d.json").read_text()) == {"a": [1, {"b": None}]}
    assert (folder / "d.yaml").read_text() == "a:\n- 1\n- 2\n"


def test_figures() -> None:
    class Figure:
        def savefig(self, path: Path, dpi: int = 100) -> None:
            assert path.suffix == ".png"
            path.write_text(f"dpi {dpi}")

    with mlflow.start_run() as run:
        mlflow.log_figure(Figure(), "plots/a.png", save_kwargs={"dpi": 7})
        with pytest.raises(InvalidInput, match="Matplotlib or Plotly"):
            mlflow.log_figure("no figure", "b.png")
    folder = Path(mlflow.get_run(run.info.run_id).info.artifact_uri)
    assert (folder / "plots/a.png").read_text() == "dpi 7"
    assert not (folder / "b.png").exists()


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


def test_ctrl_c_while_training(tmp_path: Path) -> None:
    code = """
    import time, tuiflow
    with tuiflow.start_run():
        print("go", flush=True)
        time.sleep(600)
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


def test_what_can_not_be_started() -> None:
    with pytest.raises(NotFound):
        mlflow.start_run(run_id="0" * 32)
    with mlflow.start_run() as run:
        pass
    MlflowClient().delete_run(run.info.run_id)
    with pytest.raises(InvalidState, match="restore"):
        mlflow.start_run(run_id=run.info.run_id)
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


@pytest.mark.parametrize("value", ["0.5", None, [1, 2], b"1", object()])
def test_values_that_are_no_numbers(value: object) -> None:
    with pytest.raises(InvalidInput, match="needs a number"):
        mlflow.log_metric("m", value)  # type: ignore[arg-type]
    assert mlflow.active_run() is None


def test_numbers_of_other_kinds() -> None:
    import numpy

    with mlflow.start_run() as run:
        mlflow.log_metric("a", numpy.float32(0.5), step=numpy.int64(3))
        mlflow.log_metric("b", True, step=2.0)  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="whole number"):
            mlflow.log_metric("c", 1, step=1.5)  # type: ignore[arg-type]
    assert mlflow.get_run(run.info.run_id).data.metrics == {"a": 0.5, "b": 1.0}


def test_a_param_does_not_change() -> None:
    with mlflow.start_run():
        mlflow.log_param("alpha", 0.5)
        mlflow.log_param("alpha", 0.5)
        with pytest.raises(InvalidInput, match="can't change"):
            mlflow.log_param("alpha", 0.6)


def test_experiments() -> None:
    assert mlflow.get_experiment("0").name == "Default"
    wine = mlflow.create_experiment("wine", tags={"team": 1})
    with pytest.raises(AlreadyExists):
        mlflow.create_experiment("wine")
    assert mlflow.set_experiment("wine").experiment_id == wine
    assert mlflow.set_experiment(experiment_id=wine).name == "wine"
    assert mlflow.get_experiment_by_name("none") is None
    with pytest.raises(NotFound):
        mlflow.set_experiment(experiment_id="77")
    with pytest.raises(InvalidInput):
        mlflow.set_experiment()
    assert [found.name for found in mlflow.search_experiments()] == ["wine", "Default"]


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
    with pytest.raises(NotFound):
        mlflow.search_runs(experiment_names=["none"])


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
    first = client.search_runs([experiment], max_results=3)
    second = client.search_runs([experiment], max_results=3, page_token=first.token)
    assert len({r.info.run_id for r in [*first, *second]}) == 5
    assert (len(first), len(second), second.token) == (3, 2, None)
    with pytest.raises(InvalidInput):
        client.set_terminated(run_id, "DONE")


@pytest.mark.parametrize(
    "uri",
    ["http://localhost:5000", "databricks", "postgresql://x/y", "s3://bucket", "sqlite://x.db", ""],
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
    from tuiflow.tracking.context import git_commit

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
