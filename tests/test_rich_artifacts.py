"""Images and tables as artifacts, in MLflow's files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tuiflow as mlflow
from tuiflow import MlflowClient
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.store import Store
from tuiflow.tracking import images, tables

RNG = np.random.default_rng(0)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def run_id(store: Store) -> str:
    return store.create_run("0").info.run_id


def names(store: Store, run_id: str, folder: str) -> list[str]:
    return sorted(
        UUID.sub("UUID", Path(item.path).name) for item in store.list_artifacts(run_id, folder)
    )


# images


def test_a_stepped_image_has_mlflows_names(store: Store, run_id: str) -> None:
    picture = PIL.Image.new("RGB", (600, 300), "red")
    images.log_image(store, run_id, picture, key="a/b c", step=3, timestamp=77)
    stem = "a~b c+step+3+timestamp+77+UUID"
    assert names(store, run_id, "images") == [f"{stem}+compressed.webp", f"{stem}.png"]
    small, full = (
        PIL.Image.open(store.artifact_path(run_id, item.path))
        for item in store.list_artifacts(run_id, "images")
    )
    assert (full.size, small.size, small.format) == ((600, 300), (256, 128), "WEBP")
    assert store.get_run(run_id).data.tags["mlflow.loggedImages"] == "True"
    images.log_image(store, run_id, picture, key="x")
    [late] = [name for name in names(store, run_id, "images") if re.fullmatch(r"x\+.*\.png", name)]
    assert re.fullmatch(r"x\+step\+0\+timestamp\+\d{13}\+UUID\.png", late)


@pytest.mark.parametrize("channels", [None, 1, 3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "uint16", "float32", "float64", bool])
def test_arrays_become_pixels(channels: int | None, dtype: Any) -> None:
    shape = (4, 5) if channels is None else (4, 5, channels)
    pixels = RNG.integers(0, 256, shape)
    array = pixels > 127 if dtype is bool else pixels.astype(dtype)
    if array.dtype.kind == "f":
        array = array / 255
    picture = images.array_to_pil(array)
    assert picture.mode == {None: "L", 1: "L", 3: "RGB", 4: "RGBA"}[channels]
    flat = pixels[:, :, 0] if channels == 1 else pixels
    expected = np.where(flat > 127, 255, 0) if dtype is bool else flat
    assert np.abs(np.asarray(picture).astype(int) - expected).max() <= 1  # floats are cut


def test_floats_out_of_range_are_scaled() -> None:
    with pytest.warns(UserWarning, match="from -2 to 6 instead of 0 to 1"):
        picture = images.array_to_pil(np.array([[-2.0, 0.0, 6.0]]))
    assert np.asarray(picture).tolist() == [[0, 63, 255]]
    with pytest.warns(UserWarning, match="from 7 to 7"):
        assert np.asarray(images.array_to_pil(np.full((1, 2), 7.0))).tolist() == [[0, 0]]
    odd = np.array([[np.nan, 0.5, np.inf, -np.inf]])
    assert np.asarray(images.array_to_pil(odd)).tolist() == [[0, 127, 127, 127]]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "HSV"])
def test_pillow_images_of_any_mode(store: Store, run_id: str, mode: str) -> None:
    images.log_image(store, run_id, PIL.Image.new(mode, (6, 4)), key="k")
    assert len(store.list_artifacts(run_id, "images")) == 2


def test_an_image_as_a_file(store: Store, run_id: str) -> None:
    images.log_image(store, run_id, np.zeros((4, 5, 3)), "plots/black.png")
    images.log_image(store, run_id, images.Image([[0, 255]]), "white.jpg")
    assert PIL.Image.open(store.artifact_path(run_id, "plots/black.png")).size == (5, 4)
    assert PIL.Image.open(store.artifact_path(run_id, "white.jpg")).format == "JPEG"
    assert "mlflow.loggedImages" not in store.get_run(run_id).data.tags


def test_what_is_no_image(store: Store, run_id: str) -> None:
    good = np.zeros((2, 2))
    for array, words in (
        (np.array([[-1, 2]]), "from -1 to 2"),
        (np.array([[256, 2]]), "from 2 to 256"),
        (np.zeros((4, 5, 2)), r"got \(4, 5, 2\)"),
        (np.zeros(4), r"got \(4,\)"),
        (np.zeros((0, 5)), r"got \(0, 5\)"),
        (np.zeros((2, 2), complex), "not of complex128"),
        (np.array([["a"]]), "not of <U1"),
        ([[1, 2]], "not list"),
    ):
        with pytest.raises(InvalidInput, match=words):
            images.log_image(store, run_id, array, key="k")
    for arguments, words in (
        ({}, "needs a file name, or a key"),
        ({"artifact_file": "a.png", "step": 0}, "not both"),
        ({"key": "a:b"}, "may only hold"),
        ({"key": ""}, "may only hold"),
        ({"artifact_file": "a.unknown"}, "Can't save an image as 'a.unknown'"),
    ):
        with pytest.raises(InvalidInput, match=words):
            images.log_image(store, run_id, good, **arguments)
    assert store.list_artifacts(run_id) == []
    with pytest.raises(InvalidInput, match="Can't read the image"):
        images.Image("/no/such.png")


def test_image_object(tmp_path: Path) -> None:
    picture = images.Image(np.array([[[255, 0, 0], [0, 0, 255]]], "uint8"))
    assert picture.size == (2, 1)
    assert picture.to_list() == [(255, 0, 0), (0, 0, 255)]
    assert images.Image([[1, 2], [3, 4]]).to_list() == [1, 2, 3, 4]
    picture.save(tmp_path / "x.png")
    read = images.Image(str(tmp_path / "x.png"))
    assert read.to_array().tolist() == picture.to_array().tolist()
    assert read.resize((4, 2)).size == (4, 2)


@given(st.integers(1, 3000), st.integers(1, 3000))
@settings(max_examples=30)
def test_small_copies_fit(width: int, height: int) -> None:
    small = images.shrink(PIL.Image.new("1", (width, height)))
    assert max(small.size) == images.SMALL_SIDE
    assert min(small.size) >= 1
    if width == height:
        assert small.size == (images.SMALL_SIDE, images.SMALL_SIDE)


def test_images_without_pillow_say_what_to_install(tmp_path: Path) -> None:
    code = """
    import sys
    sys.modules["PIL"] = None  # as if it were not installed
    import numpy, tuiflow
    from tuiflow.errors import TuiflowError
    tuiflow.set_tracking_uri(sys.argv[1])
    with tuiflow.start_run():
        try:
            tuiflow.log_image(numpy.zeros((2, 2)), key="k")
        except TuiflowError as error:
            print(error)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "store")],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.stdout.strip() == "Images need Pillow; install it with: pip install 'tuiflow[image]'"


# tables: the expected texts are what MLflow 3.17 writes


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"a": [1, 2], "b": ["x", "y"]}, '{"columns":["a","b"],"data":[[1,"x"],[2,"y"]]}'),
        ({"a": 1, "b": "x"}, '{"columns":["a","b"],"data":[[1,"x"]]}'),
        (
            pd.DataFrame({"a": [1.5, None], "d": pd.to_datetime(["2020-01-01", "2021-01-01"])}),
            '{"columns":["a","d"],"data":[[1.5,"2020-01-01T00:00:00.000"],'
            '[null,"2021-01-01T00:00:00.000"]]}',
        ),
        ({"a": [{"x": 1}, {"y": [1, 2]}]}, '{"columns":["a"],"data":[[{"x":1}],[{"y":[1,2]}]]}'),
        (pd.DataFrame({"a": [1, 2]}, index=["x", "y"]), '{"columns":["a"],"data":[[1],[2]]}'),
        (pd.DataFrame({"a": []}), '{"columns":["a"],"data":[]}'),
        ({"x": [float("inf"), True]}, '{"columns":["x"],"data":[[null],[true]]}'),
    ],
)
def test_a_table_as_mlflow_writes_it(store: Store, run_id: str, data: Any, text: str) -> None:
    tables.log_table(store, run_id, data, "d/t.json")
    assert store.artifact_path(run_id, "d/t.json").read_text() == text
    tag = store.get_run(run_id).data.tags["mlflow.loggedArtifacts"]
    assert tag == '[{"path": "d/t.json", "type": "table"}]'


def test_rows_are_added(store: Store, run_id: str) -> None:
    table = {"id": ["007", "1"], "day": ["2020-01-01", "x"]}
    tables.log_table(store, run_id, table, "t.json")
    tables.log_table(store, run_id, {"id": ["2"], "more": [1]}, "t.json")
    # MLflow would turn "007" into 7 here.
    assert json.loads(store.artifact_path(run_id, "t.json").read_text()) == {
        "columns": ["id", "day", "more"],
        "data": [["007", "2020-01-01", None], ["1", "x", None], ["2", None, 1.0]],
    }
    tables.log_table(store, run_id, table, "other.json")
    assert json.loads(store.get_run(run_id).data.tags["mlflow.loggedArtifacts"]) == [
        {"path": "t.json", "type": "table"}, {"path": "other.json", "type": "table"},
    ]  # fmt: skip
    assert list(table) == ["id", "day"]


def test_threads_add_their_rows(store: Store, run_id: str) -> None:
    threads = [
        threading.Thread(target=tables.log_table, args=(store, run_id, {"n": [n]}, "t.json"))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    loaded = tables.load_table(store, "0", "t.json", [run_id])
    assert sorted(loaded["n"]) == list(range(8))


def test_a_column_of_images(store: Store, run_id: str) -> None:
    picture = PIL.Image.new("RGB", (512, 256))
    table = pd.DataFrame({"text": ["a", "b"], "picture": [picture, images.Image(picture)]})
    tables.log_table(store, run_id, table, "d/t.json")
    written = json.loads(store.artifact_path(run_id, "d/t.json").read_text())
    for _, cell in written["data"]:
        assert (cell["type"], UUID.sub("UUID", cell["filepath"])) == (
            "image", "table_images/d/t/UUID.png",
        )  # fmt: skip
        assert PIL.Image.open(store.artifact_path(run_id, cell["filepath"])).size == (512, 256)
        small = PIL.Image.open(store.artifact_path(run_id, cell["compressed_filepath"]))
        assert (small.size, small.format) == ((256, 128), "WEBP")
    assert isinstance(table["picture"][0], PIL.Image.Image)
    with pytest.raises(InvalidInput, match="holds images and other values"):
        tables.log_table(store, run_id, {"p": [picture, 1]}, "x.json")


def test_what_is_no_table(store: Store, run_id: str) -> None:
    for data, name, words in (
        ({"a": [1]}, "t.csv", "ends in .json or .parquet"),
        ({"a": [1]}, "t[0].json", "has none of"),
        ([1, 2], "t.json", "not list"),
        ({"a": [b"\xff"]}, "t.json", "can't be written as 't.json'"),
        ({"a": [1]}, "../t.json", "stay inside"),
    ):
        with pytest.raises(InvalidInput, match=words):
            tables.log_table(store, run_id, data, name)
    with store.writing_artifact(run_id, "no.json") as part:
        part.write_text("[1, 2")
    with pytest.raises(InvalidInput, match=r"no\.json holds no table"):
        tables.log_table(store, run_id, {"a": [1]}, "no.json")
    assert [item.path for item in store.list_artifacts(run_id)] == ["no.json"]


def test_tables_of_many_runs() -> None:
    mlflow.set_experiment("tables")
    ids = []
    for alpha in (1, 2):
        with mlflow.start_run() as run:
            ids.append(run.info.run_id)
            mlflow.log_param("alpha", alpha)
            mlflow.log_table({"score": [alpha / 2], "status": ["own"]}, "eval/t.json")
    with mlflow.start_run() as bare:
        mlflow.log_param("alpha", 3)
    mlflow.log_table({"score": [9]}, artifact_file="late.json", run_id=bare.info.run_id)

    found = mlflow.load_table("eval/t.json", extra_columns=["run_id", "params.alpha", "status"])
    assert found.to_dict("list") == {
        "score": [1.0, 0.5],
        "status": ["own", "own"],
        "run_id": ids[::-1],
        "params.alpha": ["2", "1"],
        "status_": ["FINISHED", "FINISHED"],
    }
    client = MlflowClient()
    experiment = mlflow.get_experiment_by_name("tables").experiment_id
    assert list(client.load_table(experiment, "eval/t.json", run_ids=ids[:1])["score"]) == [0.5]
    with pytest.warns(UserWarning, match="1 of the runs have no table"):
        mlflow.load_table("eval/t.json", [*ids, bare.info.run_id])
    with pytest.raises(NotFound, match=r"has a table 'none\.json'"):
        mlflow.load_table("none.json")
    with pytest.raises(InvalidInput, match="no column 'colour'"):
        mlflow.load_table("eval/t.json", extra_columns=["colour"])


CELLS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_adding_rows_changes_no_other(store: Store, rows: list[list[Any]]) -> None:
    run_id = store.create_run("0").info.run_id
    table = pd.DataFrame(rows, columns=["a", "b"], dtype=object)
    tables.log_table(store, run_id, table, "t.json")
    tables.log_table(store, run_id, table, "t.json")
    written = json.loads(store.artifact_path(run_id, "t.json").read_text())["data"]
    assert written == rows + rows
