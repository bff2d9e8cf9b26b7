"""Model folders: what is written, what is read back, and what is refused."""

from __future__ import annotations

import itertools
import json
import os
import pickle
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
import yaml
from scipy.sparse import csc_matrix, csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import Birch
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

from tuiflow.errors import AlreadyExists, InvalidInput, ModelError, NotFound
from tuiflow.models import infer_signature, pyfunc, read_mlmodel, serialize
from tuiflow.models.sklearn_flavor import load_model, save_model
from tuiflow.models.uri import LocalModel, RunModel, check_model_path, parse_model_uri

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(RNG.normal(size=(60, 3)), columns=["fixed acidity", "pH", "alcohol"])
TARGET = TABLE["pH"] * 2 + TABLE["alcohol"]
CLASSES = np.where(TARGET > 0, "good", "bad")


pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")


@pytest.fixture(scope="module")
def regression() -> ElasticNet:
    return ElasticNet(alpha=0.1).fit(TABLE, TARGET)


@pytest.fixture
def saved(tmp_path: Path, regression: ElasticNet) -> Path:
    save_model(regression, tmp_path / "model", input_example=TABLE.head(2), metadata={"team": "a"})
    return tmp_path / "model"


# what is written


def test_the_folder_is_mlflows(saved: Path) -> None:
    assert {path.name for path in saved.iterdir()} == {
        "MLmodel",
        "conda.yaml",
        "input_example.json",
        "model.skops",
        "python_env.yaml",
        "requirements.txt",
        "serving_input_example.json",
    }
    raw = yaml.safe_load((saved / "MLmodel").read_text())
    function = raw["flavors"]["python_function"]
    assert function["loader_module"] == "mlflow.sklearn"
    assert function["model_path"] == raw["flavors"]["sklearn"]["pickled_model"] == "model.skops"
    assert function["env"] == {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
    assert raw["flavors"]["sklearn"]["serialization_format"] == "skops"
    assert raw["metadata"] == {"team": "a"}
    assert json.loads(raw["signature"]["inputs"])[0] == {
        "type": "double",
        "name": "fixed acidity",
        "required": True,
    }
    assert json.loads(raw["signature"]["outputs"]) == [{"type": "double", "required": True}]
    request = json.loads((saved / "serving_input_example.json").read_text())
    assert request["dataframe_split"]["columns"] == list(TABLE.columns)
    assert request["dataframe_split"]["data"] == TABLE.head(2).to_numpy().tolist()


def test_only_the_owner_may_read_it(saved: Path) -> None:
    assert saved.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in saved.iterdir()} == {0o600}
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_requirements_pin_what_is_installed(saved: Path) -> None:
    import sklearn

    lines = (saved / "requirements.txt").read_text().splitlines()
    assert f"scikit-learn=={sklearn.__version__}" in lines
    assert [line.partition("==")[0] for line in lines] == [
        "numpy",
        "pandas",
        "scikit-learn",
        "scipy",
        "skops",
    ]
    env = yaml.safe_load((saved / "python_env.yaml").read_text())
    assert env["dependencies"][0] == "-r requirements.txt"
    # MLflow runs itself in the environment it builds; the model needs no MLflow.
    assert env["dependencies"][1].startswith("mlflow>=")


def test_environments_of_ones_own(tmp_path: Path, regression: ElasticNet) -> None:
    save_model(regression, tmp_path / "a", pip_requirements=["x==1"], extra_pip_requirements=["y"])
    assert (tmp_path / "a" / "requirements.txt").read_text() == "x==1\ny\n"
    conda = {"name": "mine", "dependencies": ["python=3.12", {"pip": ["z==2"]}]}
    save_model(regression, tmp_path / "b", conda_env=conda)
    assert yaml.safe_load((tmp_path / "b" / "conda.yaml").read_text()) == conda
    assert (tmp_path / "b" / "requirements.txt").read_text() == "z==2\n"
    (tmp_path / "reqs.txt").write_text("# mine\nw==3\n")
    save_model(regression, tmp_path / "c", pip_requirements=tmp_path / "reqs.txt")
    assert (tmp_path / "c" / "requirements.txt").read_text() == "w==3\n"


@pytest.mark.parametrize(
    "arguments",
    [
        {"conda_env": {"dependencies": []}, "pip_requirements": ["x"]},
        {"conda_env": {"name": "x"}},
        {"pip_requirements": ["x\n--index-url=y"]},
        {"pip_requirements": "/nowhere/requirements.txt"},
        {"signature": {"inputs": "[]"}},
        {"signature": True},
        {"pyfunc_predict_fn": "fit"},
        {"metadata": {"x": object()}},
    ],
    ids=lambda arguments: "+".join(arguments),
)
def test_bad_arguments_leave_nothing(
    tmp_path: Path, regression: ElasticNet, arguments: dict[str, object]
) -> None:
    with pytest.raises(InvalidInput):
        save_model(regression, tmp_path / "m", **arguments)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_overwritten_unawares(saved: Path, regression: ElasticNet) -> None:
    before = (saved / "MLmodel").read_bytes()
    with pytest.raises(AlreadyExists):
        save_model(regression, saved)
    assert (saved / "MLmodel").read_bytes() == before
    save_model(Ridge().fit(TABLE, TARGET), saved, replace=True)
    assert isinstance(load_model(saved), Ridge)
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_examples_of_every_kind(tmp_path: Path, regression: ElasticNet) -> None:
    when = pd.DataFrame({"t": pd.to_datetime(["2024-01-02"]), "n": [np.nan], "s": ["x"]})
    for name, example, kind, expected in (
        ("array", TABLE.to_numpy()[:1], "ndarray", TABLE.to_numpy()[:1].tolist()),
        ("dict", {"a": np.array([1, 2])}, "ndarray", {"a": [1, 2]}),
        ("rows", [{"a": 1}], "json_object", [{"a": 1}]),
        (
            "times",
            when,
            "dataframe",
            {"columns": ["t", "n", "s"], "data": [["2024-01-02T00:00:00", None, "x"]]},
        ),
        ("unnamed", pd.DataFrame([[1, 2]]), "dataframe", {"data": [[1, 2]]}),
    ):
        mlmodel = save_model(regression, tmp_path / name, input_example=example, signature=False)
        assert mlmodel.saved_input_example_info["type"] == kind
        assert mlmodel.input_example() == expected
        assert mlmodel.signature is None
        body = mlmodel.serving_input()
        assert body == {"dataframe_split" if kind == "dataframe" else "inputs": expected}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "example",
    [
        TABLE.head(2),
        pd.DataFrame(TABLE.head(2).to_numpy()),
        TABLE.head(2).to_numpy(),
        {"a": np.array([[1.5], [2.5]])},
        [[1, 2, 3]],
        {"a": 1, "b": "x"},
    ],
    ids=["table", "by position", "array", "arrays", "rows", "object"],
)
def test_a_loaded_model_has_its_example_as_it_was_given(
    tmp_path: Path, regression: ElasticNet, example: Any
) -> None:
    save_model(regression, tmp_path / "m", input_example=example)
    found = pyfunc.load(tmp_path / "m").input_example
    assert type(found) is type(example)
    if isinstance(example, pd.DataFrame):
        pd.testing.assert_frame_equal(found, example, check_column_type=False)
    else:
        np.testing.assert_equal(found, example)


@pytest.mark.parametrize("text", ["[1]", "{}", '{"data": 3}', '{"columns": ["a"]', "x"])
def test_an_example_that_is_damaged_is_told(saved: Path, text: str) -> None:
    (saved / "input_example.json").write_text(text)
    with pytest.raises(ModelError, match="input example"):
        pyfunc.load(saved).input_example  # noqa: B018


def test_an_example_with_params(tmp_path: Path, regression: ElasticNet) -> None:
    mlmodel = save_model(regression, tmp_path / "m", input_example=(TABLE.head(2), {"top": 3}))
    assert mlmodel.saved_input_example_info["params"] == "true"
    written = json.loads((tmp_path / "m" / "input_example.json").read_text())
    assert (written.keys(), written["params"]) == ({"inputs", "params"}, {"top": 3})
    assert mlmodel.serving_input() == {"dataframe_split": written["inputs"], "params": {"top": 3}}
    assert mlmodel.signature is not None and mlmodel.signature.params is not None
    assert mlmodel.signature.params.params[0].name == "top"
    loaded = pyfunc.load(tmp_path / "m")
    pd.testing.assert_frame_equal(loaded.input_example, TABLE.head(2))
    assert len(loaded.predict(loaded.input_example, {"top": 5})) == 2
    (tmp_path / "m" / "input_example.json").write_text("[1]")
    with pytest.raises(ModelError, match="input example"):
        loaded.input_example  # noqa: B018


@pytest.mark.parametrize("make", [csr_matrix, csc_matrix])
def test_a_sparse_example(tmp_path: Path, regression: ElasticNet, make: Any) -> None:
    example = make([[0.0, 1.5, 0.0], [np.nan, 0.0, 2.5]])
    whole = make(np.eye(3))
    mlmodel = save_model(Ridge().fit(whole, [1, 2, 3]), tmp_path / "m", input_example=whole)
    assert mlmodel.saved_input_example_info["type"] == f"sparse_matrix_{whole.format}"
    assert mlmodel.signature is not None
    mlmodel = save_model(regression, tmp_path / "n", input_example=example, signature=False)
    assert mlmodel.serving_input() == {"inputs": [[0.0, 1.5, 0.0], [None, 0.0, 2.5]]}
    found = pyfunc.load(tmp_path / "n").input_example
    assert found.format == example.format
    np.testing.assert_equal(found.toarray(), example.toarray())
    damaged = mlmodel.input_example() | {"indices": [0, 99, 1]}
    (tmp_path / "n" / "input_example.json").write_text(json.dumps(damaged))
    with pytest.raises(ModelError, match="input example"):
        pyfunc.load(tmp_path / "n").input_example  # noqa: B018


@pytest.mark.parametrize(
    ("example", "reason"),
    [
        (TABLE.head(2).assign(pH=np.inf), "infinite"),
        (TABLE["pH"], "Series"),
        (object(), "object"),
        ((TABLE.head(2), {"top": object()}), "object"),
    ],
    ids=["infinite", "series", "object", "params"],
)
def test_an_example_that_json_can_not_hold_does_not_cost_the_model(
    tmp_path: Path,
    regression: ElasticNet,
    caplog: pytest.LogCaptureFixture,
    example: Any,
    reason: str,
) -> None:
    mlmodel = save_model(regression, tmp_path / "m", input_example=example)
    assert mlmodel.saved_input_example_info == {}
    assert mlmodel.input_example() is None and mlmodel.serving_input() is None
    assert not (tmp_path / "m" / "input_example.json").exists()
    told = caplog.records[0].message
    assert "Saved without its input example" in told
    assert reason in told
    assert len(pyfunc.load(tmp_path / "m").predict(TABLE)) == len(TABLE)


def test_an_example_that_does_not_fit_costs_the_signature_only(
    tmp_path: Path, regression: ElasticNet, caplog: pytest.LogCaptureFixture
) -> None:
    mlmodel = save_model(regression, tmp_path / "m", input_example=np.zeros((1, 99)))
    assert mlmodel.signature is None
    (record,) = caplog.records
    assert "Saved without a signature" in record.message


def test_an_example_of_lists_is_told_what_a_dictionary_is(
    tmp_path: Path, regression: ElasticNet, caplog: pytest.LogCaptureFixture
) -> None:
    save_model(regression, tmp_path / "m", input_example={"x1": [1.0], "x2": [2.0]})
    (record,) = caplog.records
    assert "a dictionary is one row, of which a list is one value" in record.message
    assert "column 'x1': expected array of double, row 0 holds double;" in record.message


# saving and loading


def _mixed() -> tuple[object, pd.DataFrame]:
    table = TABLE.assign(kind=RNG.choice(["red", "white"], len(TABLE)))
    columns = ColumnTransformer([("n", StandardScaler(), ["pH"]), ("c", OneHotEncoder(), ["kind"])])
    return make_pipeline(columns, LogisticRegression()).fit(table, CLASSES), table


MODELS = {
    "elastic net": ElasticNet().fit(TABLE, TARGET),
    "forest": RandomForestClassifier(5, random_state=0).fit(TABLE, CLASSES),
    "boosting": GradientBoostingClassifier(n_estimators=3).fit(TABLE, CLASSES),
    "histogram boosting": HistGradientBoostingClassifier(max_iter=3).fit(TABLE, CLASSES),
    "network": MLPClassifier(hidden_layer_sizes=(4,), solver="lbfgs", tol=10).fit(TABLE, CLASSES),
    "neighbours": KNeighborsClassifier(3, algorithm="kd_tree").fit(TABLE, CLASSES),
    "log": make_pipeline(FunctionTransformer(np.tanh), Ridge()).fit(TABLE, TARGET),
    "search": GridSearchCV(
        make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [0.1, 1.0]}, cv=2
    ).fit(TABLE, TARGET),
}


@pytest.mark.parametrize("name", [*MODELS, "pipeline"])
def test_models_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    model, table = _mixed() if name == "pipeline" else (MODELS[name], TABLE)
    mlmodel = save_model(model, tmp_path / "m", input_example=table.head(3))
    assert mlmodel.flavors["sklearn"]["serialization_format"] == "skops"
    loaded = pyfunc.load(tmp_path / "m")
    shuffled = table[list(reversed(table.columns))].assign(extra=1)
    np.testing.assert_array_equal(loaded.predict(shuffled), model.predict(table))
    assert type(load_model(tmp_path / "m")) is type(model)


@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_estimators_need_no_pickle(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 4))
    targets = (x[:, 0] > 0, x[:, 0], np.abs(x[:, 0]) + 1, np.c_[x[:, 0], x[:, 1]])
    formats = {}
    for name, estimator in all_estimators(type_filter=["classifier", "regressor", "cluster"]):
        if name.endswith("CV"):  # slow, and their parts are here anyway
            continue
        for data, target in itertools.product((x, np.abs(x)), targets):
            try:
                model = estimator().fit(data, target)
            except (TypeError, ValueError, AttributeError):
                continue
            saved = serialize.save(model, tmp_path)
            formats[name] = saved.format
            if hasattr(model, "predict"):
                np.testing.assert_allclose(
                    np.asarray(saved.restored.predict(data), float), model.predict(data), 1e-9
                )
            break
    assert len(formats) > 70
    assert [name for name, format in formats.items() if format != "skops"] == ["Birch"]


class Doubler(TransformerMixin, BaseEstimator):
    def fit(self, x: object, y: object = None) -> Doubler:
        return self

    def transform(self, x: pd.DataFrame) -> pd.DataFrame:
        return x * 2


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (make_pipeline(Doubler(), Ridge()).fit(TABLE, TARGET), "Doubler"),
        (make_pipeline(FunctionTransformer(lambda x: x * 2), Ridge()).fit(TABLE, TARGET), "lambda"),
        (Birch().fit(TABLE), "Birch"),
    ],
    ids=["own class", "lambda", "unknown to skops"],
)
def test_cloudpickle_only_where_skops_can_not(
    tmp_path: Path, model: object, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    mlmodel = save_model(model, tmp_path / "m")
    assert mlmodel.flavors["sklearn"]["serialization_format"] == "cloudpickle"
    (record,) = caplog.records
    assert reason in record.message
    assert "runs code" in record.message
    assert "\n" not in record.message
    assert not (tmp_path / "m" / "model.skops").exists()
    assert "cloudpickle==" in (tmp_path / "m" / "requirements.txt").read_text()
    np.testing.assert_array_equal(
        pyfunc.load(tmp_path / "m").predict(TABLE),
        model.predict(TABLE),  # type: ignore[attr-defined]
    )


def test_a_module_of_ones_own_travels_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "features.py").write_text(
        "from sklearn.base import BaseEstimator, TransformerMixin\n"
        "class Half(TransformerMixin, BaseEstimator):\n"
        "    def fit(self, x, y=None): return self\n"
        "    def transform(self, x): return x / 2\n"
    )
    (tmp_path / "train.py").write_text(
        "from features import Half\nfrom sklearn.linear_model import Ridge\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from tuiflow.models.sklearn_flavor import save_model\n"
        "import numpy as np\nx = np.ones((4, 1))\n"
        "save_model(make_pipeline(Half(), Ridge()).fit(x, x[:, 0]), 'm')\n"
    )
    subprocess.run([sys.executable, "train.py"], cwd=tmp_path, check=True, timeout=120)
    (tmp_path / "features.py").unlink()
    code = (
        "import sys, numpy as np\nfrom tuiflow.models import pyfunc\n"
        "print(pyfunc.load(sys.argv[1]).predict(np.ones((1, 1))))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "m")]
    run = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "[1.]"


def test_what_can_not_be_saved_at_all(tmp_path: Path) -> None:
    model = FunctionTransformer(kw_args={"lock": threading.Lock()})
    with pytest.raises(ModelError, match="can't be saved"):
        save_model(model, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_predict_has_no_python_function(tmp_path: Path) -> None:
    mlmodel = save_model(StandardScaler().fit(TABLE), tmp_path / "m")
    assert set(mlmodel.flavors) == {"sklearn"}
    with pytest.raises(ModelError, match="no python_function"):
        pyfunc.load(tmp_path / "m")


def test_another_predict_function(tmp_path: Path) -> None:
    model = LogisticRegression().fit(TABLE, CLASSES)
    save_model(model, tmp_path / "m", pyfunc_predict_fn="predict_proba")
    np.testing.assert_array_equal(
        pyfunc.load(tmp_path / "m").predict(TABLE), model.predict_proba(TABLE)
    )


def test_without_a_signature_names_of_the_fit_count(tmp_path: Path, regression: ElasticNet) -> None:
    save_model(regression, tmp_path / "m")
    loaded = pyfunc.load(tmp_path / "m")
    shuffled = TABLE[["alcohol", "fixed acidity", "pH"]]
    np.testing.assert_array_equal(loaded.predict(shuffled), regression.predict(TABLE))
    assert loaded.check_columns(["pH", "x"]) == (["fixed acidity", "alcohol"], ["x"])
    with pytest.raises(InvalidInput, match="lacks the columns 'pH'"):
        loaded.predict(TABLE.drop(columns="pH"))
    with pytest.raises(ModelError, match="can't predict for this input"):
        loaded.predict([["a", "b", "c"]])


def test_a_signature_made_by_hand(tmp_path: Path, regression: ElasticNet) -> None:
    signature = infer_signature(TABLE, regression.predict(TABLE))
    mlmodel = save_model(regression, tmp_path / "m", signature=signature)
    assert mlmodel.signature == signature
    loaded = pyfunc.load(tmp_path / "m")
    assert loaded.column_names == tuple(TABLE.columns)
    with pytest.raises(InvalidInput, match="declares none"):
        loaded.predict(TABLE, params={"x": 1})


# what is refused


def reload(model: object, tmp_path: Path) -> object:
    """Write with skops and read as tuiflow does."""
    skops.io.dump(model, tmp_path / "model.skops")
    return serialize.load(tmp_path / "model.skops", "skops")


@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, "posix.system"), (np.load, "numpy.load"), (pickle.loads, "_pickle.loads")],
    ids=["system", "load", "loads"],
)
def test_a_hostile_file_is_refused_whatever_it_says(
    saved: Path, function: object, name: str
) -> None:
    skops.io.dump(make_pipeline(FunctionTransformer(function), Ridge()), saved / "model.skops")
    raw = yaml.safe_load((saved / "MLmodel").read_text())
    raw["flavors"]["sklearn"]["skops_trusted_types"] = [name]
    (saved / "MLmodel").write_text(yaml.safe_dump(raw))
    for load in (load_model, pyfunc.load):
        with pytest.raises(ModelError, match=f"not trusted: {name}"):
            load(saved)


def _with_tree(edit: object) -> DecisionTreeClassifier:
    model = DecisionTreeClassifier(max_depth=3).fit(TABLE, CLASSES)
    state = {k: getattr(v, "copy", lambda v=v: v)() for k, v in model.tree_.__getstate__().items()}
    edit(state["nodes"])  # type: ignore[operator]
    model.tree_.__setstate__(state)
    return model


def _wide_forest() -> RandomForestClassifier:
    model = RandomForestClassifier(3).fit(TABLE, CLASSES)
    model.estimators_[1] = DecisionTreeClassifier().fit(np.hstack([TABLE, TABLE]), CLASSES)
    return model


def _deep_boosting() -> GradientBoostingClassifier:
    model = GradientBoostingClassifier(n_estimators=2).fit(TABLE, CLASSES)
    model.estimators_ = np.repeat(model.estimators_, 2, axis=1)
    return model


def _wide_histogram() -> HistGradientBoostingClassifier:
    model = HistGradientBoostingClassifier(max_iter=2).fit(TABLE, CLASSES)
    model._predictors[1][0].nodes["feature_idx"][0] = 50
    return model


def _lost_neighbours() -> KNeighborsClassifier:
    model = KNeighborsClassifier(algorithm="ball_tree", leaf_size=5).fit(TABLE, CLASSES)
    state = list(model._tree.__getstate__())
    state[1] = np.full_like(state[1], 10**6)
    model._tree.__setstate__(tuple(state))
    return model


@pytest.mark.parametrize(
    "make",
    [
        lambda: _with_tree(lambda nodes: nodes["left_child"].__setitem__(0, 10**6)),
        lambda: _with_tree(lambda nodes: nodes["right_child"].__setitem__(0, 0)),
        lambda: _with_tree(lambda nodes: nodes["feature"].__setitem__(0, 77)),
        _wide_forest,
        _deep_boosting,
        _wide_histogram,
        _lost_neighbours,
    ],
    ids=["child", "circle", "feature", "forest", "boosting", "histogram", "neighbours"],
)
def test_trees_that_point_outside_are_refused(tmp_path: Path, make: object) -> None:
    with pytest.raises(ModelError, match="is damaged"):
        reload(make(), tmp_path)  # type: ignore[operator]


def test_a_tree_of_impossible_length_is_refused(tmp_path: Path) -> None:
    skops.io.dump(DecisionTreeClassifier(max_depth=2).fit(TABLE, CLASSES), tmp_path / "honest")
    with (
        zipfile.ZipFile(tmp_path / "honest") as honest,
        zipfile.ZipFile(tmp_path / "forged", "w") as forged,
    ):
        for name in honest.namelist():
            data = honest.read(name)
            if name == "schema.json":
                schema = json.loads(data)
                tree = schema["content"]["content"]["tree_"]["content"]["content"]
                # without the __id__ by which skops shares equal numbers
                tree["node_count"] |= {"content": "-1", "__id__": None}
                data = json.dumps(schema).encode()
            forged.writestr(name, data)
    with pytest.raises(ModelError, match="is damaged"):
        serialize.load(tmp_path / "forged", "skops")


@pytest.mark.parametrize("format", ["skops", "pickle", "cloudpickle", "marshal"])
def test_junk_is_told(tmp_path: Path, format: str) -> None:
    (tmp_path / "m").write_bytes(b"junk")
    with pytest.raises(ModelError) as caught:
        serialize.load(tmp_path / "m", format)
    assert "\n" not in caught.value.message


# reading MLmodel


def test_reading_loads_neither_the_model_nor_scikit_learn(saved: Path) -> None:
    (saved / "model.skops").write_bytes(b"junk")
    code = (
        f"from pathlib import Path; from tuiflow.models import read_mlmodel\n"
        f"m = read_mlmodel(Path({str(saved)!r})); m.input_example(); m.serving_input()\n"
        "import sys; print(m.signature is not None,"
        " *({'sklearn', 'pandas', 'numpy', 'skops'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True"]


BAD = {
    "no yaml": "a: [",
    "a list": "- a",
    "no flavors": "run_id: x",
    "flavors of text": "flavors: x",
    "flavor of text": "flavors: {sklearn: x}",
    "signature of text": "flavors: {}\nsignature: x",
    "signature of numbers": "flavors: {}\nsignature: {inputs: 5}",
    "signature no json": "flavors: {}\nsignature: {inputs: '['}",
    "unknown type": 'flavors: {}\nsignature: {inputs: \'[{"type": "complex"}]\'}',
    "code": "flavors: !!python/object/apply:os.system ['true']",
    "deep": "flavors: " + "[" * 5000,
    "deep signature": f"flavors: {{}}\nsignature: {{inputs: '{'[' * 100000}'}}",
    "bomb": "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(
        f"{n}: &{n} [{', '.join([f'*{p}'] * 10)}]\n"
        for p, n in zip("abcdef", "bcdefg", strict=True)
    )
    + "flavors: {}",
    "itself": "flavors: &f {x: *f}",
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_malformed_mlmodel_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "MLmodel").write_text(BAD[name])
    with pytest.raises(ModelError) as caught:
        read_mlmodel(tmp_path)
    assert "MLmodel" in caught.value.message


def test_no_mlmodel_at_all(tmp_path: Path) -> None:
    for load in (read_mlmodel, load_model, pyfunc.load):
        with pytest.raises(NotFound, match="not a model folder"):
            load(tmp_path / "nothing")


@pytest.mark.parametrize("path", ["../out.skops", "/etc/passwd", "a/../../x", "link", "", 5, None])
def test_paths_stay_in_the_folder(saved: Path, path: object) -> None:
    (saved.parent / "out.skops").write_bytes((saved / "model.skops").read_bytes())
    (saved / "link").symlink_to(saved.parent / "out.skops")
    raw = yaml.safe_load((saved / "MLmodel").read_text())
    raw["flavors"]["sklearn"]["pickled_model"] = path
    raw["flavors"]["python_function"]["model_path"] = path
    raw["saved_input_example_info"]["artifact_path"] = path or "../x"
    (saved / "MLmodel").write_text(yaml.safe_dump(raw))
    with pytest.raises(ModelError):
        load_model(saved)
    with pytest.raises(ModelError):
        read_mlmodel(saved).input_example()


def test_models_of_other_kinds_are_told(saved: Path) -> None:
    raw = yaml.safe_load((saved / "MLmodel").read_text())
    raw["flavors"] = {"python_function": {"loader_module": "mlflow.catboost"}, "xgboost": {}}
    (saved / "MLmodel").write_text(yaml.safe_dump(raw))
    with pytest.raises(ModelError, match=r"mlflow\.catboost"):
        pyfunc.load(saved)
    with pytest.raises(ModelError, match="no scikit-learn model"):
        load_model(saved)
    (saved / "model.skops").unlink()
    raw["flavors"] = {"sklearn": {"pickled_model": "model.skops"}}
    (saved / "MLmodel").write_text(yaml.safe_dump(raw))
    with pytest.raises(ModelError, match="lacks its model file"):
        load_model(saved)


def test_a_model_of_the_first_versions_of_mlflow(tmp_path: Path, regression: ElasticNet) -> None:
    flavor = {"data": "model.pkl", "loader_module": "mlflow.sklearn"}
    (tmp_path / "MLmodel").write_text(yaml.safe_dump({"flavors": {"python_function": flavor}}))
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(regression))
    assert isinstance(load_model(tmp_path), ElasticNet)
    assert len(pyfunc.load(tmp_path).predict(TABLE)) == len(TABLE)


# addresses


def test_addresses() -> None:
    assert parse_model_uri("runs:/abc/model/best") == RunModel("abc", "model/best")
    assert str(RunModel("abc", "m")) == "runs:/abc/m"
    assert parse_model_uri("runs:/best:r2/m/") == RunModel("best:r2", "m")
    assert parse_model_uri("file:///a%20b/m") == LocalModel(Path("/a b/m"))
    assert parse_model_uri("some/folder") == LocalModel(Path("some/folder"))
    for bad in ("", "runs:/x", "runs:/x/../m", "s3://b/m", "file://host/m"):
        with pytest.raises(InvalidInput):
            parse_model_uri(bad)


@pytest.mark.parametrize(
    "path", ["", "/m", "~m", "a//b", ".", "a/..", "a,b", "a\nb", "a\\b", "x" * 300, "\ud800"]
)
def test_names_that_no_model_may_have(path: str) -> None:
    with pytest.raises(InvalidInput):
        check_model_path(path)
    assert check_model_path("checkpoints/épreuve 7") == "checkpoints/épreuve 7"
