"""Data sets: MLflow's digests, schemas and profiles; logging them and reading them back."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shell import Cli

import tuiflow as mlflow
from tuiflow import MlflowClient, data
from tuiflow.data.numpy_dataset import TensorDatasetSchema
from tuiflow.data.pandas_dataset import PandasDataset
from tuiflow.diff import compare
from tuiflow.entities import Dataset, DatasetInput, InputTag
from tuiflow.errors import InvalidInput, InvalidState, NotFound
from tuiflow.models.schema import ColSpec, Schema
from tuiflow.store import Store

# Digests that MLflow 3.17 gives with pandas 3.1 and NumPy 2.4.
FRAMES: dict[str, tuple[Callable[[], pd.DataFrame], str]] = {
    "numbers": (lambda: pd.DataFrame({"a": [1, 2, 3], "b": [1.5, 2.5, np.nan]}), "f44f0439"),
    "nothing": (lambda: pd.DataFrame(), "7dea362b"),
    "no rows": (lambda: pd.DataFrame({"a": [], "b": []}), "706459bf"),
    "no columns": (lambda: pd.DataFrame(index=range(5)), "b847836d"),
    "texts": (lambda: pd.DataFrame({"s": ["a", "b", "ü"], "t": ["x", None, "z"]}), "b4d06204"),
    "mixed objects": (
        lambda: pd.DataFrame(
            {"s": ["a", "b", "c"], "m": ["a", 1, None], "l": [[1], [2], [3]]}, dtype=object
        ),
        "0537d9bc",
    ),
    "booleans": (lambda: pd.DataFrame({"b": [True, False], "n": [1, 2]}), "9351d284"),
    "times": (
        lambda: pd.DataFrame(
            {
                "d": pd.to_datetime(["2020-01-01", "2021-01-01"]),
                "z": pd.to_datetime(["2020-01-01", "2021-01-01"]).tz_localize("UTC"),
                "td": pd.to_timedelta([1, 2], unit="s"),
                "x": [1, 2],
            }
        ),
        "4113cc0c",
    ),
    "categories": (
        lambda: pd.DataFrame(
            {
                "c": pd.Categorical(["a", "b", "a"]),
                "o": pd.Categorical(["a", "a", "a"]),
                "n": pd.Categorical([1, 2, 1]),
                "m": pd.Categorical(["a", None, "a"]),
            }
        ),
        "584cfe9a",
    ),
    "nullable": (
        lambda: pd.DataFrame(
            {
                "i": pd.array([1, None, 3], dtype="Int64"),
                "f": pd.array([1.0, None, 3], dtype="Float32"),
                "b": pd.array([True, None, False], dtype="boolean"),
                "s": pd.array(["a", None, "c"], dtype="string"),
                "t": pd.array(["a", "b", "c"], dtype="string"),
            }
        ),
        "55263cf4",
    ),
    "int8": (lambda: pd.DataFrame({"x": np.arange(5, dtype="int8")}), "b9282b6a"),
    "int64": (lambda: pd.DataFrame({"x": np.arange(5)}), "b9282b6a"),
    "float16": (lambda: pd.DataFrame({"x": np.arange(5, dtype="float16")}), "87e62c71"),
    "float32": (lambda: pd.DataFrame({"x": np.arange(5, dtype="float32")}), "0d5f615b"),
    "float64": (lambda: pd.DataFrame({"x": np.arange(5.0)}), "c8d06bc0"),
    "complex": (lambda: pd.DataFrame({"x": np.arange(5, dtype=complex)}), "c8d06bc0"),
    "25,000 rows": (
        lambda: pd.DataFrame({"a": np.arange(25_000), "s": [str(i) for i in range(25_000)]}),
        "39388e90",
    ),
    "10,000 rows": (lambda: pd.DataFrame({"a": np.arange(10_000)}), "376c6b97"),
    "10,001 rows": (lambda: pd.DataFrame({"a": np.arange(10_001)}), "beecb811"),
    "a gap behind row 10,000": (
        lambda: pd.DataFrame({"a": np.arange(12_000), "s": ["x"] * 11_999 + [None]}),
        "c39fc344",
    ),
    "names of two kinds": (
        lambda: pd.DataFrame({1: [1, 2], "a": [3, 4], "b": ["x", "y"]}),
        "1c104ac9",
    ),
    "a name twice": (
        lambda: pd.DataFrame([[1, 2, "x"], [3, 4, "y"]], columns=["a", "a", "b"]),
        "62a83401",
    ),
    "columns in another order": (lambda: pd.DataFrame({"b": [1, 2], "a": [3, 4]}), "d97b19a5"),
    "an index of texts": (lambda: pd.DataFrame({"a": [1, 2]}, index=["x", "y"]), "b544218e"),
    "two-level columns": (
        lambda: pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("b", "y")])),
        "b0a62489",
    ),
    "no numbers": (lambda: pd.DataFrame({"a": [np.inf, -np.inf, np.nan, -0.0, 0.0]}), "e423b60c"),
    "NumPy texts": (
        lambda: pd.DataFrame({"a": pd.Series([np.str_("a"), np.str_("b")], dtype=object)}),
        "defee322",
    ),
    "bytes": (lambda: pd.DataFrame({"a": [b"a", b"b"], "c": [1, 2]}), "27a7905c"),
    "only gaps": (lambda: pd.DataFrame({"a": [None, None], "b": [1, 2]}), "55ff6925"),
    "names abroad": (lambda: pd.DataFrame({"größe": [1], "名前": ["x"]}), "bab8e808"),
}

Arrays = tuple[Any, Any]
ARRAYS: dict[str, tuple[Callable[[], Arrays], str]] = {
    "int8": (lambda: (np.arange(12, dtype="int8").reshape(3, 4), None), "2e1d0375"),
    "int64": (lambda: (np.arange(12).reshape(3, 4), None), "2e1d0375"),
    "float16": (lambda: (np.arange(12, dtype="float16").reshape(3, 4), None), "03e8a37f"),
    "float32": (lambda: (np.arange(12, dtype="float32").reshape(3, 4), None), "40c9b1ce"),
    "float64": (lambda: (np.arange(12.0).reshape(3, 4), None), "62c5a915"),
    "bool": (lambda: (np.arange(12).astype(bool).reshape(3, 4), None), "92dcb7bd"),
    "with targets": (lambda: (np.arange(6.0).reshape(3, 2), np.array([0, 1, 0])), "61b95306"),
    "named": (lambda: ({"b": np.arange(3), "a": np.arange(6).reshape(3, 2)}, None), "fa07b5e8"),
    "named targets": (
        lambda: ({"b": np.arange(3)}, {"y": np.array(["a", "b", "c"]), "z": np.zeros(3)}),
        "6fadfbc2",
    ),
    "texts": (lambda: (np.array(["a", "bb", "ccc"]), None), "35e36688"),
    "bytes": (lambda: (np.array([b"a", b"bb"]), None), "929c878a"),
    "lists": (lambda: (np.array([[1], [2, 3]], dtype=object), None), "9d310509"),
    "gaps": (lambda: (np.array([None, "b", 1], dtype=object), None), "2c7a24b0"),
    "long": (lambda: (np.arange(30_000).reshape(3_000, 10), np.arange(3_000)), "215f101c"),
    "10,001 values": (lambda: (np.arange(10_001.0), None), "a097ecd2"),
    "empty": (lambda: (np.array([]), None), "7dea362b"),
    "no rows": (lambda: (np.zeros((0, 5)), None), "eda1dc11"),
    "by column": (lambda: (np.asfortranarray(np.arange(6).reshape(2, 3)), None), "bade85fd"),
    "strided": (lambda: (np.arange(20)[::2], None), "0e6a2777"),
    "no numbers": (lambda: (np.array([np.nan, np.inf, -0.0, 0.0]), None), "b73b6429"),
    "times": (lambda: (np.array(["2020-01-01"], dtype="datetime64[ns]"), None), "c5ea6808"),
    "big-endian": (lambda: (np.arange(4, dtype=">i4"), None), "75e0426e"),
    "records": (lambda: (np.zeros(3, dtype=[("a", "i4"), ("b", "f8")]), None), "d91d7833"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_digest_of_a_table(name: str) -> None:
    make, digest = FRAMES[name]
    assert data.from_pandas(make(), source="data.csv").digest == digest


@pytest.mark.parametrize("name", ARRAYS)
def test_digest_of_arrays(name: str) -> None:
    make, digest = ARRAYS[name]
    features, targets = make()
    assert data.from_numpy(features, source="data.npz", targets=targets).digest == digest


@pytest.mark.skipif(
    not os.environ.get("TUIFLOW_MLFLOW_PYTHON"),
    reason="TUIFLOW_MLFLOW_PYTHON names no python with mlflow",
)
def test_what_a_real_mlflow_says(tmp_path: Path) -> None:
    """Random tables: the whole of `to_dict`, digest and all, is MLflow's."""
    code = """
import sys, json, numpy as np, pandas as pd
which = sys.argv[1]
data = __import__(which).data if which == "tuiflow" else __import__("mlflow.data").data
found = []
for seed in range(60):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(1, 30))
    makers = [
        lambda: rng.normal(size=rows), lambda: rng.integers(0, 9, rows),
        lambda: rng.choice(["a", "b", "ü"], rows), lambda: rng.integers(0, 2, rows).astype(bool),
        lambda: pd.Series(rng.choice([1.0, np.nan], rows), dtype="float32"),
        lambda: pd.Categorical(rng.choice(["a", "b"], rows)),
        lambda: pd.Series(["x" if odd else None for odd in rng.integers(0, 2, rows)]),
    ]
    table = pd.DataFrame({f"c{i}": makers[int(rng.integers(7))]() for i in range(5)})
    found.append(data.from_pandas(table, source="x.csv", name="t").to_dict())
    shape = tuple(int(size) for size in rng.integers(1, 5, int(rng.integers(1, 4))))
    dtype = str(rng.choice(["float32", "float64", "int64", "uint8", "U3"]))
    array = rng.integers(0, 200, shape).astype(dtype)
    found.append(data.from_numpy(array, source="http://host/x", targets={"y": array}).to_dict())
print(json.dumps(found))
"""
    answers = []
    for python, which in (
        (os.environ["TUIFLOW_MLFLOW_PYTHON"], "mlflow"),
        (sys.executable, "tuiflow"),
    ):
        ran = subprocess.run(
            [python, "-W", "ignore", "-c", code, which],
            capture_output=True, text=True, timeout=300, check=True,
            cwd=tmp_path if which == "mlflow" else None,
        )  # fmt: skip
        answers.append(json.loads(ran.stdout.splitlines()[-1]))
    assert answers[0] == answers[1]


def test_a_table_as_mlflow_writes_it() -> None:
    table = pd.DataFrame({"x": [1, 2], "y": [0.5, np.nan], "kind": ["red", "white"]})
    made = data.from_pandas(table, source="wine.csv", targets="y", name="wine", predictions="x")
    assert isinstance(made, PandasDataset)
    assert (made.df is table, made.targets, made.predictions) == (True, "y", "x")
    assert made.profile == {"num_rows": 2, "num_elements": 6}
    assert made.schema is not None
    assert made.schema.input_names() == ["x", "y", "kind"]
    assert json.loads(made.to_json()) == {
        "name": "wine",
        "digest": made.digest,
        "source": '{"uri": "wine.csv"}',
        "source_type": "local",
        "schema": '{"mlflow_colspec": [{"type": "long", "name": "x", "required": true},'
        ' {"type": "double", "name": "y", "required": false},'
        ' {"type": "string", "name": "kind", "required": true}]}',
        "profile": '{"num_rows": 2, "num_elements": 6}',
    }
    assert data.from_pandas(table, digest="mine").digest == "mine"
    assert data.from_pandas(pd.DataFrame({"a": [1, "x"]})).to_dict()["schema"] is None


def test_arrays_as_mlflow_writes_them() -> None:
    made = data.from_numpy(
        {"b": np.zeros((2, 3), "float32")}, source="s3://bucket/key", targets=np.array([0, 1])
    )
    facts = made.to_dict()
    assert (facts["name"], facts["source_type"], facts["source"]) == (
        "dataset", "s3", '{"uri": "s3://bucket/key"}',
    )  # fmt: skip
    features = (
        '[{"name": "b", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 3]}}]'
    )
    targets = '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
    assert json.loads(facts["schema"]) == {
        "mlflow_tensorspec": {"features": features, "targets": targets}
    }
    assert TensorDatasetSchema.from_dict(json.loads(facts["schema"])) == made.schema
    assert json.loads(facts["profile"]) == {
        "features_shape": {"b": [2, 3]}, "features_size": {"b": 6}, "features_nbytes": {"b": 24},
        "targets_shape": [2], "targets_size": 2, "targets_nbytes": 16,
    }  # fmt: skip
    with pytest.raises(InvalidInput, match="not one of tensors"):
        TensorDatasetSchema.from_dict({})


def test_a_place_alone_as_mlflow_writes_it() -> None:
    url = "https://h/x.tgz"
    place = {"source": '{"url": "https://h/x.tgz"}', "source_type": "http"}
    made = data.MetaDataset(data.http_dataset_source.HTTPDatasetSource(url=url))
    assert made.to_dict() == {"name": "dataset", "digest": "6f211d6d", **place}
    schema = Schema([ColSpec("string", "text"), ColSpec("integer", "label")])
    named = data.meta_dataset.MetaDataset(url, name="imdb", schema=schema)
    assert named.to_dict() == {
        "name": "imdb",
        "digest": "01424731",
        **place,
        "schema": '{"mlflow_colspec": [{"type": "string", "name": "text", "required": true},'
        ' {"type": "integer", "name": "label", "required": true}]}',
    }
    with mlflow.start_run() as run:
        mlflow.log_inputs([made, named], ["training", "test"], [None, None])
    first, second = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
    assert (first.dataset.schema, first.dataset.profile, first.dataset.place) == (None, None, url)
    assert second.dataset.schema == named.to_dict()["schema"]


def test_what_is_no_data_set() -> None:
    table = pd.DataFrame({"a": [1]})
    for call, words in (
        (lambda: data.from_pandas([1], source="x"), "takes a DataFrame, not list"),
        (lambda: data.from_pandas(table, targets="b"), "no column 'b' for targets; it has a"),
        (lambda: data.from_pandas(table, predictions="c"), "no column 'c' for predictions"),
        (lambda: data.from_pandas(table, source="dbfs:/x"), "is a path, or a URI"),
        (lambda: data.from_pandas(table, source="file://host/x"), "is a path, or a URI"),
        (lambda: data.from_pandas(table, source=5), "is a path or URI, not 5"),
        (lambda: data.from_numpy([1, 2]), "must be a NumPy array"),
        (lambda: data.from_numpy(np.zeros(1), targets={"y": [1]}), "targets must be a NumPy array"),
        (lambda: data.from_numpy({}), "at least one array"),
        (lambda: mlflow.log_input(table), "make one with data.from_pandas"),
        (lambda: mlflow.log_input("x"), "not str; make one"),
        (lambda: mlflow.log_input(context="training"), "without a data set"),
        (lambda: mlflow.log_inputs([None], [], []), "as many contexts and tags"),
        (lambda: mlflow.log_inputs([], [], [], models=["m"]), "models can't be logged"),
    ):
        with pytest.raises(InvalidInput, match=words):
            call()


# sources


def test_the_script_is_the_source_where_none_is_named() -> None:
    source = data.from_pandas(pd.DataFrame({"a": [1]})).source
    tags = source.to_dict()["tags"]
    assert source._get_source_type() == "code"
    assert tags["mlflow.source.type"] == "LOCAL"
    assert {"mlflow.user", "mlflow.source.name"} <= set(tags)
    assert all(key.startswith("mlflow.") for key in tags)
    with pytest.raises(InvalidInput, match="run the script again"):
        source.load()


def test_a_local_source_is_found_again(tmp_path: Path) -> None:
    file = tmp_path / "a b.csv"
    file.write_text("x\n1\n")
    table = pd.read_csv(file)
    for spelt in (file, str(file), file.as_uri()):
        source = data.from_pandas(table, source=spelt).source
        assert source.load() == str(file)
        copy = Path(source.load(tmp_path / "copy"))
        assert (copy.parent, copy.read_text()) == (tmp_path / "copy", "x\n1\n")
    file.unlink()
    with pytest.raises(NotFound, match="was read from there"):
        source.load()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "wine.csv").write_text("x\n1\n")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_source_on_the_web_is_downloaded(web: str, tmp_path: Path) -> None:
    made = data.from_pandas(pd.DataFrame({"x": [1]}), source=f"{web}/wine.csv")
    assert made.to_dict()["source"] == f'{{"url": "{web}/wine.csv"}}'
    loaded = Path(made.source.load(tmp_path / "here"))
    assert (loaded, loaded.read_text()) == (tmp_path / "here" / "wine.csv", "x\n1\n")
    gone = data.from_pandas(pd.DataFrame({"x": [1]}), source=f"{web}/none.csv").source
    with pytest.raises(NotFound, match="404"):
        gone.load(tmp_path / "here")
    assert [item.name for item in (tmp_path / "here").iterdir()] == ["wine.csv"]


def test_a_source_read_back() -> None:
    for spelt in ("data.csv", "https://host/x", "gs://bucket/x", None):
        made = data.from_pandas(pd.DataFrame({"x": [1]}), source=spelt)
        with mlflow.start_run() as run:
            mlflow.log_input(made)
        [item] = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
        for given_back in (item, item.dataset, made):
            assert data.get_source(given_back).to_json() == made.source.to_json()
    with pytest.raises(InvalidInput, match="its own tool"):
        data.from_pandas(pd.DataFrame({"x": [1]}), source="s3://bucket/x").source.load()
    for kind, text in (("delta", "{}"), ("local", "{}"), ("local", "no JSON"), ("http", "[]")):
        with pytest.raises(InvalidInput):
            data.get_source(Dataset("n", "d", kind, text))


# logging


@pytest.fixture
def wine() -> PandasDataset:
    return data.from_pandas(pd.DataFrame({"ph": [3.1, 3.2]}), source="wine.csv", name="wine")


def test_what_a_run_read(wine: PandasDataset) -> None:
    arrays = data.from_numpy(np.zeros((4, 2)), source="x.npz", name="arrays")
    with mlflow.start_run() as run:
        assert run.inputs.dataset_inputs == ()
        mlflow.log_input(wine, context="training", tags={"part": 1})
        mlflow.log_input(wine, context="validation")
        mlflow.log_inputs([arrays, None], ["test", None], [None, None])
    first, second = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
    facts = wine.to_dict()
    assert first.dataset == Dataset(**facts)
    assert {tag.key: tag.value for tag in first.tags} == {
        "part": "1", "mlflow.data.context": "training",
    }  # fmt: skip
    assert (first.context, first.dataset.rows, first.dataset.place) == ("training", 2, "wine.csv")
    assert (second.context, second.dataset.name, second.dataset.rows) == ("test", "arrays", 4)
    [listed] = mlflow.search_runs(output_format="list")
    assert listed.inputs == mlflow.get_run(run.info.run_id).inputs


def test_the_client_logs_data_of_other_runs(wine: PandasDataset) -> None:
    client = MlflowClient()
    one, two = (client.create_run("0").info.run_id for _ in range(2))
    item = DatasetInput(Dataset("n", "d", "local", "{}"), [InputTag("k", "v")])
    client.log_inputs(one, datasets=[item])
    client.log_inputs(two, [item, item])
    assert client.get_run(one).inputs == client.get_run(two).inputs
    assert client.get_run(two).inputs.dataset_inputs[0].tags == (InputTag("k", "v"),)
    client.delete_run(one)
    with pytest.raises(InvalidState):
        client.log_inputs(one, [item])
    with pytest.raises(NotFound):
        client.log_inputs("0" * 32, [item])


class Own:
    """A data set of somebody else's making."""

    def to_dict(self) -> dict[str, str]:
        return {"name": "own", "digest": "1", "source": "{}", "source_type": "mine"}


def test_a_data_set_of_ones_own() -> None:
    mlflow.log_input(Own(), "training")
    run = mlflow.active_run()
    assert run is not None
    [item] = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
    assert (item.dataset.name, item.dataset.schema, item.dataset.rows) == ("own", None, None)
    assert item.dataset.place == "{}"

    class Half(Own):
        def to_dict(self) -> dict[str, str]:
            return {"name": "own"}

    with pytest.raises(InvalidInput, match="no 'digest'"):
        mlflow.log_input(Half())


def test_limits(store: Store) -> None:
    run_id = store.create_run("0").info.run_id
    fine = DatasetInput(Dataset("n" * 500, "d" * 36, "local", "s" * 65_535, "c" * 1_048_575))
    for bad in (
        Dataset("n" * 501, "d", "local", "{}"),
        Dataset("n", "d" * 37, "local", "{}"),
        Dataset("n", "d", "local", "s" * 65_536),
        Dataset("n", "d", "local", "{}", "c" * 1_048_576),
        Dataset("n", 5, "local", "{}"),  # type: ignore[arg-type]
    ):
        with pytest.raises(InvalidInput, match="data set's"):
            store.log_inputs(run_id, [fine, DatasetInput(bad)])
    with pytest.raises(InvalidInput, match="the limit is 255"):
        store.log_inputs(run_id, [DatasetInput(fine.dataset, [InputTag("k" * 256, "v")])])
    assert store.get_run(run_id).inputs.dataset_inputs == ()
    store.log_inputs(run_id, [fine])
    assert store.get_run(run_id).inputs.dataset_inputs == (fine,)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
DATASETS = st.builds(Dataset, TEXTS, TEXTS, TEXTS, TEXTS, st.none() | TEXTS, st.none() | TEXTS)
INPUTS = st.lists(
    st.builds(
        DatasetInput,
        DATASETS,
        st.dictionaries(TEXTS, TEXTS, max_size=3).map(
            lambda tags: tuple(InputTag(*tag) for tag in tags.items())
        ),
    ),
    max_size=4,
    unique_by=lambda item: (item.dataset.name, item.dataset.digest),
)


@given(INPUTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_data_set_comes_back(store: Store, inputs: list[DatasetInput]) -> None:
    first, second = (store.create_run("0").info.run_id for _ in range(2))
    store.log_inputs(first, inputs)
    store.log_inputs(second, inputs)
    for item in inputs:
        assert isinstance(item.dataset.place, str)
        assert item.dataset.rows is None or isinstance(item.dataset.rows, int)
    one, two = (store.get_run(run_id).inputs.dataset_inputs for run_id in (first, second))
    assert one == two
    # A schema and profile are kept as they were with the first data set of that identity.
    kept = {(item.dataset.name, item.dataset.digest): item for item in one}
    assert set(kept) == {(item.dataset.name, item.dataset.digest) for item in inputs}
    for item in inputs:
        found = kept[item.dataset.name, item.dataset.digest]
        assert found.tags == item.tags
        assert (found.dataset.source_type, found.dataset.source) == (
            item.dataset.source_type, item.dataset.source,
        )  # fmt: skip


def test_many_runs_with_data(store: Store) -> None:
    run_ids = [store.create_run("0").info.run_id for _ in range(600)]
    for number, run_id in enumerate(run_ids):
        store.log_inputs(run_id, [DatasetInput(Dataset("n", str(number), "local", "{}"))])
    loaded = store.load_runs([store.row_key(run_id) for run_id in run_ids])
    assert [run.inputs.dataset_inputs[0].dataset.digest for run in loaded] == [
        str(number) for number in range(600)
    ]


# where runs are shown


def test_the_shell_shows_data(cli: Cli, store: Store) -> None:
    run_id = store.create_run("0", "one").info.run_id
    profile = '{"num_rows": 12345}'
    evil = Dataset("wi\x1b[31mne", "abc", "http", '{"url": "http://host/x"}', None, profile)
    store.log_inputs(run_id, [DatasetInput(evil, [InputTag("mlflow.data.context", "training")])])
    shown = cli("show", "one").out
    assert "DATA" in shown
    [line] = [line for line in shown.splitlines() if "12,345" in line]
    assert line.split()[-4:] == ["training", "12,345", "abc", "http://host/x"]
    assert "\x1b" not in shown
    [listed] = json.loads(cli("runs", "--format", "json").out)
    assert listed["inputs"] == [
        {
            "name": "wi\x1b[31mne",
            "digest": "abc",
            "source_type": "http",
            "source": '{"url": "http://host/x"}',
            "context": "training",
        }
    ]


def test_a_comparison_tells_other_data(store: Store) -> None:
    run_ids = [store.create_run("0", name).info.run_id for name in ("one", "two")]
    for run_id, digest in zip(run_ids, ("abc", "xyz"), strict=True):
        store.log_inputs(
            run_id,
            [
                DatasetInput(Dataset("wine", digest, "local", "{}"),
                             [InputTag("mlflow.data.context", "training")]),
                DatasetInput(Dataset("test", "same", "local", "{}")),
            ],
        )  # fmt: skip
    section = compare(store, run_ids).section("data")
    rows = {row.key: [cell.value for cell in row.cells] for row in section.rows}
    assert rows == {"training": ["wine abc", "wine xyz"], "no context": ["test same"] * 2}
    assert [row.key for row in section.different] == ["training"]


def test_no_table_library_is_loaded_unasked() -> None:
    code = (
        "import sys, tuiflow\ntuiflow.data, tuiflow.data.from_pandas, tuiflow.data.from_numpy\n"
        "assert not {'pandas', 'numpy', 'httpx'} & set(sys.modules), sorted(sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
