"""Models of XGBoost and LightGBM against a real MLflow 3, in a Python that has these libraries too:
`TUIFLOW_MLFLOW_PYTHON`, see test_mlflow_interop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_breast_cancer
from test_mlflow_interop import PYTHON, with_mlflow

import tuiflow

pytestmark = pytest.mark.skipif(
    not PYTHON, reason="TUIFLOW_MLFLOW_PYTHON names no python with mlflow"
)
lgb = pytest.importorskip("lightgbm")
xgb = pytest.importorskip("xgboost")

TABLE, LABELS = load_breast_cancer(return_X_y=True, as_frame=True)
TABLE, LABELS = TABLE.iloc[:100, :4], LABELS[:100]


def models() -> dict[str, Any]:
    """Name → a model and what it predicts for the first rows."""
    data = xgb.DMatrix(TABLE, label=LABELS)
    booster = xgb.train({"objective": "binary:logistic", "nthread": 1}, data, 2)
    quiet = {"verbose": -1, "n_jobs": 1}
    light = lgb.LGBMClassifier(n_estimators=2, **quiet).fit(TABLE, LABELS)
    fitted = xgb.XGBClassifier(n_estimators=2, n_jobs=1).fit(TABLE, LABELS)
    head = TABLE.head()
    return {
        "xgboost-booster": (booster, booster.predict(xgb.DMatrix(head))),
        "xgboost-estimator": (fitted, fitted.predict(head)),
        "lightgbm-booster": (light.booster_, light.booster_.predict(head)),
        "lightgbm-estimator": (light, light.predict(head)),
    }


LOAD = """
out = {}
for folder in sys.argv[1:]:
    model = mlflow.pyfunc.load_model(folder)
    name = os.path.basename(folder)
    native = getattr(mlflow, name.partition('-')[0]).load_model(folder)
    out[name] = [np.asarray(model.predict(model.input_example)).tolist(), type(native).__name__]
answer(out)
"""


def test_mlflow_loads_ours(tmp_path: Path) -> None:
    made = models()
    for name, (model, _) in made.items():
        flavor = getattr(tuiflow, name.partition("-")[0])
        flavor.save_model(model, tmp_path / name, input_example=TABLE.head())
    answers = with_mlflow(tmp_path, LOAD, *(tmp_path / name for name in made))
    for name, (model, expected) in made.items():
        predicted, kind = answers[name]
        assert predicted == pytest.approx(expected.tolist()), name
        assert kind == type(model).__name__


SAVE = """
import lightgbm, xgboost
table = pd.read_json(sys.argv[1], orient="split")
labels = [n % 2 for n in range(len(table))]
boosted = xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(table, labels)
light = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1).fit(table, labels)
head = table.head()
for name, flavor, model in (
    ("xgboost-estimator", mlflow.xgboost, boosted),
    ("xgboost-booster", mlflow.xgboost, boosted.get_booster()),
    ("lightgbm-estimator", mlflow.lightgbm, light),
    ("lightgbm-booster", mlflow.lightgbm, light.booster_),
):
    flavor.save_model(model, os.path.join(sys.argv[2], name), input_example=head)
answer({
    "xgboost-estimator": boosted.predict(head).tolist(),
    "xgboost-booster": boosted.get_booster().predict(xgboost.DMatrix(head)).tolist(),
    "lightgbm-estimator": light.predict(head).tolist(),
    "lightgbm-booster": light.booster_.predict(head).tolist(),
})
"""


def test_we_load_mlflows(tmp_path: Path) -> None:
    TABLE.to_json(tmp_path / "table.json", orient="split")
    answers = with_mlflow(tmp_path, SAVE, tmp_path / "table.json", tmp_path)
    for name, expected in answers.items():
        model = tuiflow.pyfunc.load_model(tmp_path / name)
        assert model.predict(TABLE.head()) == pytest.approx(expected), name
        assert model.signature is not None, name
