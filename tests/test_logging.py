"""What is logged, and what is kept of it."""

from __future__ import annotations

import datetime
import errno
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import tuiflow as mlflow
from tuiflow import MlflowClient
from tuiflow.entities import Metric
from tuiflow.errors import InvalidInput


@pytest.fixture(autouse=True)
def uri(tmp_path: Path) -> str:
    mlflow.set_tracking_uri(tmp_path / "store")
    return mlflow.get_tracking_uri()


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
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([1, 2])
    with mlflow.start_run() as run:
        mlflow.log_figure(figure, "plots/a.png", save_kwargs={"dpi": 30})
        mlflow.log_figure(figure, "a.svg")
        for wrong, name, reason in (
            ("no figure", "b.png", "Matplotlib or Plotly"),
            (figure, "b", "needs an ending"),
            (figure, ".png", "needs an ending"),
        ):
            with pytest.raises(InvalidInput, match=reason):
                mlflow.log_figure(wrong, name)
    folder = Path(mlflow.get_run(run.info.run_id).info.artifact_uri)
    png = (folder / "plots/a.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20]) == 60  # 2 inches at 30 dots
    assert "<svg" in (folder / "a.svg").read_text()
    assert sorted(path.name for path in folder.rglob("*")) == ["a.png", "a.svg", "plots"]


def test_dictionaries() -> None:
    import numpy
    import yaml

    value = {
        "b": [1, 2.5, None, True],
        "a": {"ü": "日本", 2: "two", "three": (3,), None: {4}},
        "numpy": [numpy.float64(1.5), numpy.int64(3)],
        "when": datetime.date(2026, 1, 31),
        "where": Path("x/y"),
    }
    with mlflow.start_run() as run:
        mlflow.log_dict(value, "d.json")
        mlflow.log_dict(value, "deep/d.yml")
        mlflow.log_dict([1, {"a": 2}], Path("list.txt"))
    folder = Path(mlflow.get_run(run.info.run_id).info.artifact_uri)
    assert json.loads((folder / "d.json").read_text()) == {
        "b": [1, 2.5, None, True],
        "a": {"ü": "日本", "2": "two", "three": [3], "null": "{4}"},
        "numpy": [1.5, "3"],
        "when": "2026-01-31",
        "where": "x/y",
    }
    assert yaml.safe_load((folder / "deep/d.yml").read_text()) == {
        "b": [1, 2.5, None, True],
        "a": {"ü": "日本", 2: "two", "three": [3], None: [4]},
        "numpy": [1.5, "3"],
        "when": datetime.date(2026, 1, 31),
        "where": "x/y",
    }
    assert json.loads((folder / "list.txt").read_text()) == [1, {"a": 2}]


def test_where_artifacts_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "src" / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "src" / "empty").mkdir()
    for name in ("a.txt", "sub/b.txt", "sub/deep/c.txt"):
        (tmp_path / "src" / name).write_text(name)
    client = MlflowClient()
    monkeypatch.chdir(tmp_path / "src")

    def logged(act: Callable[[], None]) -> list[str]:
        with mlflow.start_run() as run:
            act()
        folder = Path(run.info.artifact_uri)
        return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())

    assert logged(lambda: mlflow.log_artifact("a.txt")) == ["a.txt"]
    assert logged(lambda: mlflow.log_artifact("a.txt", "x/y")) == ["x/y/a.txt"]
    assert logged(lambda: mlflow.log_artifact("sub", Path("x"))) == [
        "x/sub/b.txt",
        "x/sub/deep/c.txt",
    ]
    assert logged(lambda: mlflow.log_artifacts("sub")) == ["b.txt", "deep/c.txt"]
    assert logged(lambda: mlflow.log_artifacts(".", "all")) == [
        "all/a.txt",
        "all/sub/b.txt",
        "all/sub/deep/c.txt",
    ]
    with pytest.raises(InvalidInput, match=r"no file 'none\.txt'"):
        mlflow.log_artifact("none.txt")
    with pytest.warns(UserWarning, match=r"no folder 'a\.txt'"):
        mlflow.log_artifacts("a.txt")
    mlflow.end_run()

    run_id = client.create_run("0").info.run_id
    client.log_artifacts(run_id, ".")
    assert [(f.path, f.is_dir, f.file_size) for f in client.list_artifacts(run_id)] == [
        ("a.txt", False, 5),
        ("empty", True, None),
        ("sub", True, None),
    ]
    for path in ("sub", "sub/", "./sub"):
        assert [f.path for f in client.list_artifacts(run_id, path)] == ["sub/b.txt", "sub/deep"]
    for path in ("a.txt", "none", "empty"):
        assert client.list_artifacts(run_id, path) == []
    with pytest.raises(InvalidInput):
        client.list_artifacts(run_id, "../..")


@pytest.mark.skipif(not Path("/sys").is_dir(), reason="there is no folder that nobody may write")
def test_artifacts_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.txt").write_text("a")
    mlflow.set_experiment(
        experiment_id=mlflow.create_experiment("closed", artifact_location="/sys/closed")
    )
    acts: list[tuple[str, Callable[[], None]]] = [
        ("Artifact 'a.txt'", lambda: mlflow.log_text("a", "a.txt")),
        ("Artifact 'b/a.json'", lambda: mlflow.log_dict({}, "b/a.json")),
        ("Artifact 'a.txt'", lambda: mlflow.log_artifact(tmp_path / "src" / "a.txt")),
        ("Artifact 'src'", lambda: mlflow.log_artifact(tmp_path / "src")),
        ("Artifacts", lambda: mlflow.log_artifacts(tmp_path / "src")),
        ("Artifact 't.json'", lambda: mlflow.log_table({"a": [1]}, "t.json")),
    ]
    with mlflow.start_run():
        for what, act in acts:
            with pytest.raises(mlflow.MlflowException, match=rf"^{what} can't be .* in /sys\.$"):
                act()

    def unreadable(source: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(source))

    monkeypatch.setattr(shutil, "copyfile", unreadable)
    with mlflow.start_run(experiment_id="0"), pytest.raises(PermissionError, match=r"a\.txt"):
        mlflow.log_artifact(tmp_path / "src" / "a.txt")


@pytest.mark.parametrize("value", ["high", "", None, [1], 10**400, 1j, object()])
def test_values_that_are_no_numbers(value: object) -> None:
    with pytest.raises(InvalidInput, match="needs a number"):
        mlflow.log_metric("m", value)  # type: ignore[arg-type]
    assert mlflow.active_run() is None


def test_numbers_of_other_kinds() -> None:
    import numpy

    with mlflow.start_run() as run:
        mlflow.log_metric("a", numpy.float32(0.5), step=numpy.int64(3))
        mlflow.log_metric("b", True, step=2.0)  # type: ignore[arg-type]
        mlflow.log_metric("c", "1e-3")  # type: ignore[arg-type]
        mlflow.log_metrics({"d": numpy.array([[1.5]]), "e": numpy.array(2)})  # type: ignore[dict-item]
        for wrong in ({"step": 1.5}, {"step": "3"}, {"timestamp": "3"}, {"timestamp": -1}):
            with pytest.raises(InvalidInput, match=r"step|timestamp"):
                mlflow.log_metric("f", 1, **wrong)  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="needs a number"):
            mlflow.log_metrics({"a": 9.0, "f": numpy.array([1, 2])})  # type: ignore[dict-item]
    found = mlflow.get_run(run.info.run_id).data.metrics
    assert found == {"a": 0.5, "b": 1.0, "c": 0.001, "d": 1.5, "e": 2.0}


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("points", "latest", "history"),
    [  # (value, step, timestamp); the latest is the greatest (step, timestamp, value)
        ([(1, 5, 10), (2, 1, 20)], 1, [1, 2]),
        ([(1, 1, 20), (2, 1, 10)], 1, [2, 1]),
        ([(2, 1, 10), (1, 1, 10)], 2, [2, 1]),
        ([(1, -5, 10), (2, -1, 10), (3, -9, 10)], 2, [3, 1, 2]),
        ([(1, 3, 10), (2, 1, 5), (3, 2, 7)], 1, [2, 3, 1]),
        ([(1, 1, 10), (NAN, 2, 20)], NAN, [1, NAN]),
        ([(1, 1, 10), (NAN, 1, 10)], 1, [1, NAN]),
        ([(-1, 1, 10), (NAN, 1, 10)], NAN, [-1, NAN]),
        ([(INF, 1, 10), (1, 1, 10)], INF, [INF, 1]),
        ([(-INF, 1, 10), (1, 1, 10)], 1, [-INF, 1]),
    ],
)
@pytest.mark.parametrize("at_once", [False, True])
def test_latest_and_history(
    points: list[tuple[float, int, int]], latest: float, history: list[float], at_once: bool
) -> None:
    client = MlflowClient()
    run_id = client.create_run("0").info.run_id
    if at_once:
        client.log_batch(run_id, [Metric("m", float(v), time, step) for v, step, time in points])
    else:
        for value, step, time in points:
            mlflow.log_metric("m", value, step=step, timestamp=time, run_id=run_id)
    assert repr(client.get_run(run_id).data.metrics["m"]) == repr(float(latest))
    found = client.get_metric_history(run_id, "m")
    assert repr([point.value for point in found]) == repr([float(value) for value in history])


def test_values_are_kept_as_text() -> None:
    values = {
        "int": 1,
        "float": 0.1 + 0.2,
        "small": 1e-5,
        "none": None,
        "bool": True,
        "nested": {"a": {"b": [1]}},
        "path": Path("a/b"),
        "text": " x\n",
        "empty": "",
    }
    with mlflow.start_run() as run:
        mlflow.log_params(values)
        mlflow.set_tags(values)
    data = mlflow.get_run(run.info.run_id).data
    assert data.params == {key: str(value) for key, value in values.items()}
    assert {key: data.tags[key] for key in values} == data.params


def test_what_is_too_long_is_cut_with_a_warning() -> None:
    with mlflow.start_run() as run:
        with pytest.warns(UserWarning, match="'p' has 6001 characters") as caught:
            mlflow.log_param("p", "x" * 6001)
        assert Path(caught[0].filename) == Path(__file__)
        with pytest.warns(UserWarning, match="first 8000"):
            mlflow.set_tags({"t": "x" * 9000})
        mlflow.log_param("p", "x" * 6000)
    data = mlflow.get_run(run.info.run_id).data
    assert (len(data.params["p"]), len(data.tags["t"])) == (6000, 8000)
    with pytest.raises(InvalidInput, match="251 characters"):
        mlflow.log_metric("k" * 251, 1)


def test_a_param_does_not_change() -> None:
    with mlflow.start_run():
        mlflow.log_param("alpha", 0.5)
        mlflow.log_param("alpha", 0.5)
        with pytest.raises(InvalidInput, match="can't change"):
            mlflow.log_param("alpha", 0.6)


@pytest.mark.parametrize("value", ["ınf", "İNF", "٣", "1e99999999999999999999"])
def test_texts_that_only_look_like_numbers(value: str) -> None:
    mlflow.log_params({"size": value, "other": "1"})
    with pytest.raises(InvalidInput, match="can't change"):
        mlflow.log_param("size", "3")
    found = mlflow.search_runs(filter_string="params.size = 3", output_format="list")
    assert found == []
    mlflow.log_param("size", value)
