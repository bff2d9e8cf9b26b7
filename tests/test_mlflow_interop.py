"""Models and signatures against a real MLflow 3, in a Python of its own.

Set TUIFLOW_MLFLOW_PYTHON to a python that has mlflow, scikit-learn and skops.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from tuiflow.models import infer_signature, pyfunc
from tuiflow.models.sklearn_flavor import load_model, save_model

PYTHON = os.environ.get("TUIFLOW_MLFLOW_PYTHON", "")
pytestmark = pytest.mark.skipif(
    not PYTHON, reason="TUIFLOW_MLFLOW_PYTHON names no python with mlflow"
)

RNG = np.random.default_rng(1)
TABLE = pd.DataFrame(RNG.normal(size=(40, 2)), columns=["fixed acidity", "pH"])
TABLE["kind"] = RNG.choice(["red", "white"], 40)
NUMBERS = TABLE[["fixed acidity", "pH"]]
TARGET = NUMBERS.sum(axis=1).to_numpy()
CLASSES = np.where(TARGET > 0, "good", "bad")


def with_mlflow(tmp_path: Path, code: str, *arguments: object) -> Any:
    """Run `code` with MLflow; it calls `answer(value)` once, with a JSON value."""
    script = (
        "import json, os, sys, warnings; warnings.simplefilter('ignore')\n"
        "import mlflow, numpy as np, pandas as pd\n"
        "def answer(value): open(os.environ['ANSWER'], 'w').write(json.dumps(value))\n" + code
    )
    environment = {
        "ANSWER": str(tmp_path / "answer.json"),
        "HOME": str(tmp_path),
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db",
        "PATH": os.environ["PATH"],
    }
    command = [PYTHON, "-c", script, *map(str, arguments)]
    run = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=300
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads((tmp_path / "answer.json").read_text())


def mixed() -> Any:
    columns = ColumnTransformer([("n", StandardScaler(), ["pH"]), ("c", OneHotEncoder(), ["kind"])])
    return make_pipeline(columns, LogisticRegression()).fit(TABLE, CLASSES)


def trained() -> dict[str, tuple[Any, Any]]:
    """Models with the data they were fitted on."""
    return {
        "elastic net": (ElasticNet(alpha=0.1).fit(NUMBERS, TARGET), NUMBERS),
        "array": (Ridge().fit(NUMBERS.to_numpy(), TARGET), NUMBERS.to_numpy()),
        "unnamed": (
            Ridge().fit(NUMBERS.to_numpy(), TARGET),
            pd.DataFrame(NUMBERS.to_numpy()),
        ),
        "mixed": (mixed(), TABLE),
        "forest": (RandomForestClassifier(5, random_state=0).fit(NUMBERS, CLASSES), NUMBERS),
        "histogram": (HistGradientBoostingClassifier(max_iter=3).fit(NUMBERS, CLASSES), NUMBERS),
        "neighbours": (KNeighborsRegressor(3, algorithm="kd_tree").fit(NUMBERS, TARGET), NUMBERS),
        "network": (
            MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", tol=10).fit(NUMBERS, TARGET),
            NUMBERS,
        ),
        "process": (GaussianProcessRegressor(RBF() + WhiteKernel()).fit(NUMBERS, TARGET), NUMBERS),
        "search": (GridSearchCV(Ridge(), {"alpha": [0.1, 1]}, cv=2).fit(NUMBERS, TARGET), NUMBERS),
        "lambda": (
            make_pipeline(FunctionTransformer(lambda x: x * 2), Ridge()).fit(NUMBERS, TARGET),
            NUMBERS,
        ),
    }


LOAD = """
out = {}
for folder in sys.argv[1:]:
    model = mlflow.pyfunc.load_model(folder)
    request = model.metadata.get_serving_input(folder)
    served = mlflow.models.validate_serving_input(folder, request)
    native = mlflow.sklearn.load_model(folder)
    out[os.path.basename(folder)] = [
        np.asarray(model.predict(model.input_example)).tolist(),
        np.asarray(served).tolist(),
        type(native).__name__,
        model.metadata.signature.to_dict(),
        mlflow.models.get_model_info(folder).run_id,
    ]
answer(out)
"""


def test_mlflow_loads_ours(tmp_path: Path) -> None:
    models = trained()
    for name, (model, data) in models.items():
        save_model(model, tmp_path / name, input_example=data[:4], run_id="0" * 32)
    answers = with_mlflow(tmp_path, LOAD, *(tmp_path / name for name in models))
    for name, (model, data) in models.items():
        predicted, served, kind, signature, run_id = answers[name]
        ours = pyfunc.load(tmp_path / name)
        expected = model.predict(data)[:4]
        if expected.dtype.kind == "f":
            assert predicted == pytest.approx(expected), name
            assert served == pytest.approx(expected), name
        else:
            assert predicted == served == expected.tolist(), name
        assert kind == type(model).__name__
        assert ours.signature is not None
        assert signature == ours.signature.to_dict(), name
        assert run_id == "0" * 32


SAVE = """
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import ElasticNet
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
table = pd.read_json(sys.argv[1], orient="split")
target = table.sum(axis=1)
linear = ElasticNet(alpha=0.1).fit(table, target)
forest = RandomForestRegressor(5, random_state=0).fit(table, target)
own = make_pipeline(FunctionTransformer(lambda x: x * 2), ElasticNet()).fit(table, target)
save = mlflow.sklearn.save_model
save(linear, "skops", input_example=table.head(2))
save(linear, "plain")
save(linear, "pickle", serialization_format="pickle", input_example=table.to_numpy()[:2])
save(own, "cloudpickle", serialization_format="cloudpickle", input_example=table.head(2))
save(forest, "trees", skops_trusted_types=["sklearn.tree._tree.Tree"])
with mlflow.start_run():
    info = mlflow.sklearn.log_model(linear, name="model", input_example=table.head(2))
    mlflow.artifacts.download_artifacts(info.model_uri, dst_path="logged")
answer({
    "skops": linear.predict(table).tolist(),
    "plain": linear.predict(table).tolist(),
    "pickle": linear.predict(table.to_numpy()).tolist(),
    "cloudpickle": own.predict(table).tolist(),
    "trees": forest.predict(table).tolist(),
    "logged": linear.predict(table).tolist(),
})
"""


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_we_load_mlflows(tmp_path: Path) -> None:
    NUMBERS.to_json(tmp_path / "table.json", orient="split", double_precision=15)
    table = pd.read_json(tmp_path / "table.json", orient="split")
    answers = with_mlflow(tmp_path, SAVE, tmp_path / "table.json")
    for name, expected in answers.items():
        model = pyfunc.load(tmp_path / name)
        assert model.predict(table) == pytest.approx(expected), name
        load_model(tmp_path / name)
    logged = pyfunc.load(tmp_path / "logged").mlmodel
    assert logged.model_id is not None
    assert logged.serving_input()["dataframe_split"]["columns"] == list(NUMBERS.columns)


CASES = """
import datetime
import scipy.sparse
def cases():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        "i8": np.array([1, 2], "int8"), "i32": np.array([1, 2], "int32"), "i64": [1, 2],
        "u16": np.array([1, 2], "uint16"), "u32": np.array([1, 2], "uint32"),
        "f16": np.array([1, 2], "float16"), "f32": np.array([1, 2], "float32"),
        "f64": [1.0, 2.0], "gap": [1.0, np.nan], "b": [True, False], "s": ["x", "y"],
        "s_gap": ["x", None], "raw": [b"x", b"y"], "t": pd.to_datetime(["2024-01-01"] * 2),
        "cat": pd.Categorical(["x", "y"]), "nullable": pd.array([1, None], dtype="Int64"),
        "bools": pd.array([True, None], dtype="boolean"), "objects": np.array([1, 2], dtype=object),
        "lists": [[1, 2], [3]], "dicts": [{"a": 1}, {"a": 2, "b": "x"}],
        "days": [datetime.date(2024, 1, 1)] * 2,
    })
    yield frame
    yield frame[["f64"]]
    yield pd.DataFrame(np.eye(2))
    yield pd.Series([1.5, np.nan], name="y")
    yield pd.Series([1, 2], name="y")
    yield np.zeros((3, 2))
    yield np.zeros((3, 2, 4), "float32")
    yield np.array(["abc", "d"])
    yield np.array([True])
    yield np.array([1, 2], "int32")
    yield {"a": np.zeros(3), "b": np.zeros((3, 2), "int64")}
    yield [{"a": 1, "b": "x"}, {"a": 2}]
    yield [{"a": 1.5, "tags": ["x", "y"], "o": {"k": 1}}, {"a": None, "tags": [], "o": {"j": 2.5}}]
    yield {"a": 1, "names": ["x"], "flag": True}
    yield ["x", "y"]
    yield [1, 2]
    yield scipy.sparse.csr_matrix(np.eye(2))
"""


PARAMS = {"n": 3, "x": 1.5, "s": "a", "l": ["a"], "b": True}


def test_signatures_are_spelt_alike(tmp_path: Path) -> None:
    code = (
        f"{CASES}\nfrom mlflow.models import infer_signature\n"
        "answer([infer_signature(case).to_dict() for case in cases()]"
        f" + [infer_signature(params={PARAMS}).to_dict()])"
    )
    theirs = with_mlflow(tmp_path, code)
    scope: dict[str, Any] = {"np": np, "pd": pd}
    exec(CASES, scope)
    ours = [infer_signature(case).to_dict() for case in scope["cases"]()]
    ours.append(infer_signature(params=PARAMS).to_dict())
    for our, their in zip(ours, theirs, strict=True):
        for part in ("inputs", "outputs", "params"):
            assert json.loads(our[part] or "null") == json.loads(their[part] or "null")
