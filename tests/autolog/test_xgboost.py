"""What trainings of XGBoost log. Names and values are MLflow's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import artifacts  # type: ignore[import-not-found]
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.model_selection import GridSearchCV

import tuiflow
from tuiflow.data import training_log
from tuiflow.entities import Run
from tuiflow.errors import InvalidInput, ModelError

xgb = pytest.importorskip("xgboost")

Runs = Callable[[], list[Run]]
Warned = Callable[[], list[str]]

TABLE, LABELS = load_breast_cancer(return_X_y=True, as_frame=True)
TABLE, LABELS = TABLE.iloc[:200, :5], LABELS[:200]
TRAIN, VALID = slice(0, 150), slice(150, 200)
XI, YI = load_iris(return_X_y=True)
BINARY = {"objective": "binary:logistic", "eval_metric": ["logloss", "auc"], "nthread": 1}


def matrices() -> tuple[Any, Any]:
    return (
        xgb.DMatrix(TABLE[TRAIN], label=LABELS[TRAIN]),
        xgb.DMatrix(TABLE[VALID], label=LABELS[VALID]),
    )


def history(run: Run, key: str) -> list[tuple[int, float]]:
    found = tuiflow.MlflowClient().get_metric_history(run.info.run_id, key)
    return [(metric.step, metric.value) for metric in found]


def test_params_metrics_importance_data_and_model_of_a_booster(runs: Runs, warned: Warned) -> None:
    tuiflow.xgboost.autolog(log_input_examples=True, registered_model_name="cancer")
    train, valid = matrices()
    told: dict[str, Any] = {}
    booster = xgb.train(
        {**BINARY, "eta": 0.5},
        train,
        4,
        evals=[(train, "train"), (valid, "valid")],
        evals_result=told,
        verbose_eval=False,
    )
    (run,) = runs()
    assert warned() == []
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.autologging"] == "xgboost"
    assert run.data.params == {
        "objective": "binary:logistic",
        "eval_metric": "['logloss', 'auc']",
        "nthread": "1",
        "eta": "0.5",
        "num_boost_round": "4",
        "maximize": "None",
        "early_stopping_rounds": "None",
        "verbose_eval": "False",
        "custom_metric": "None",
    }
    assert set(run.data.metrics) == {
        f"{data}-{metric}" for data in ("train", "valid") for metric in ("logloss", "auc")
    }
    for key in run.data.metrics:
        data, _, metric = key.partition("-")
        assert history(run, key) == list(enumerate(told[data][metric]))
    weights = json.loads(
        (Path(run.info.artifact_uri) / "feature_importance_weight.json").read_text()
    )
    assert weights == booster.get_score(importance_type="weight")
    picture = (Path(run.info.artifact_uri) / "feature_importance_weight.png").read_bytes()
    assert picture[:4] == b"\x89PNG"
    given = run.inputs.dataset_inputs
    assert [(item.dataset.name, item.tags[0].value) for item in given] == [
        ("dataset", "train"),
        ("train", "eval"),
        ("valid", "eval"),
    ]
    model = tuiflow.pyfunc.load_model("models:/cancer/1")
    assert model.predict(TABLE[VALID]) == pytest.approx(booster.predict(valid))
    assert model.mlmodel.input_example()["data"] == TABLE.head().to_numpy().tolist()
    loaded = tuiflow.xgboost.load_model(f"runs:/{run.info.run_id}/model")
    assert isinstance(loaded, xgb.Booster)
    assert loaded.save_raw("json") == booster.save_raw("json")


@pytest.mark.parametrize("how", ["argument", "callback", "estimator"])
def test_early_stopping(how: str, runs: Runs) -> None:
    tuiflow.xgboost.autolog(log_models=False, log_datasets=False)
    train, valid = matrices()
    if how == "estimator":
        model = xgb.XGBClassifier(n_estimators=50, early_stopping_rounds=2, n_jobs=1)
        model.fit(
            TABLE[TRAIN],
            LABELS[TRAIN],
            eval_set=[(TABLE[VALID], LABELS[VALID])],
            verbose=False,
        )
        key, best, told = "validation_0-logloss", model.best_iteration, model.evals_result()
        values = told["validation_0"]["logloss"]
    else:
        results: dict[str, Any] = {}
        stop = {"early_stopping_rounds": 2} if how == "argument" else {}
        callbacks = [] if how == "argument" else [xgb.callback.EarlyStopping(rounds=2)]
        booster = xgb.train(
            {"objective": "binary:logistic", "nthread": 1},
            train,
            50,
            evals=[(valid, "valid")],
            evals_result=results,
            verbose_eval=False,
            callbacks=callbacks,
            **stop,
        )
        key, best, values = "valid-logloss", booster.best_iteration, results["valid"]["logloss"]
        assert len(callbacks) == (how == "callback")
    (run,) = runs()
    assert 2 < len(values) < 50
    assert run.data.metrics["stopped_iteration"] == len(values) - 1
    assert run.data.metrics["best_iteration"] == best
    assert history(run, key) == [*enumerate(values), (len(values), values[best])]


def test_an_estimator_is_logged_once_with_scikit_learns_logging_on(
    runs: Runs, warned: Warned
) -> None:
    tuiflow.autolog(log_datasets=False)
    model = xgb.XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1)
    model.fit(TABLE[TRAIN], LABELS[TRAIN])
    held, truth = TABLE[VALID], LABELS[VALID]
    score = model.score(held, truth)
    (run,) = runs()
    assert warned() == []
    assert run.data.tags["mlflow.autologging"] == "xgboost"
    assert run.data.params["max_depth"] == "2"
    assert run.data.params["num_boost_round"] == "3"
    assert run.data.metrics["XGBClassifier_score_held"] == score
    loaded = tuiflow.xgboost.load_model(f"runs:/{run.info.run_id}/model")
    assert type(loaded) is xgb.XGBClassifier
    assert (loaded.predict(held) == model.predict(held)).all()


def test_trainings_inside_others(runs: Runs) -> None:
    tuiflow.autolog(log_models=False, log_datasets=False)
    GridSearchCV(xgb.XGBRegressor(n_estimators=2, n_jobs=1), {"max_depth": [1, 2]}, cv=2).fit(
        XI, YI
    )
    assert sorted(run.data.tags["mlflow.autologging"] for run in runs()) == ["sklearn"] * 3
    xgb.cv({"objective": "binary:logistic", "nthread": 1}, matrices()[0], 2)
    assert len(runs()) == 3


def test_ranking_many_classes_and_metrics_of_the_script(runs: Runs, warned: Warned) -> None:
    tuiflow.xgboost.autolog(importance_types=["weight", "gain"], model_format="json")
    grouped = xgb.DMatrix(XI, label=YI, group=[50, 50, 50])
    xgb.train(
        {"objective": "rank:ndcg", "eval_metric": "ndcg@3", "nthread": 1},
        grouped,
        2,
        evals=[(grouped, "tr")],
        verbose_eval=False,
    )
    matrix = xgb.DMatrix(XI, label=YI)
    xgb.train(
        {"objective": "multi:softprob", "num_class": 3, "booster": "gblinear", "nthread": 1},
        matrix,
        2,
        evals=[(matrix, "tr")],
        custom_metric=lambda predicted, data: ("mine", 1.5),
        verbose_eval=False,
    )
    ranking, linear = runs()
    assert set(ranking.data.metrics) == {"tr-ndcg_at_3"}
    assert set(linear.data.metrics) == {"tr-mlogloss", "tr-mine"}
    assert "model/model.json" in artifacts(linear)
    assert "feature_importance_weight.png" in artifacts(linear)
    # Linear models have no gain; all else is there.
    (message,) = warned()
    assert "the feature importance by gain" in message
    loaded = tuiflow.pyfunc.load_model(f"runs:/{linear.info.run_id}/model")
    assert loaded.predict(XI).shape == (150, 3)
    assert isinstance(loaded.get_raw_model(), xgb.Booster)


def test_a_mistake_in_logging_breaks_no_training(
    runs: Runs, warned: Warned, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuiflow.xgboost.autolog()
    monkeypatch.setattr("tuiflow.boosting.arguments.metric_key", lambda *_: 1 / 0)
    monkeypatch.setattr(training_log, "MAX_VALUES", 10)
    train, _ = matrices()
    booster = xgb.train(BINARY, train, 5, evals=[(train, "train")], verbose_eval=False)
    assert booster.num_boosted_rounds() == 5
    (message,) = warned()
    assert "the metrics (ZeroDivisionError" in message
    assert "750 values are too many" in message
    assert "model/MLmodel" in artifacts(runs()[0])


def test_errors_of_the_training_are_the_scripts(runs: Runs) -> None:
    tuiflow.xgboost.autolog()
    with pytest.raises(xgb.core.XGBoostError):
        xgb.train({"objective": "no such"}, matrices()[0], 1)
    with pytest.raises(TypeError):
        xgb.train()
    assert [run.info.status for run in runs()] == ["FAILED", "FAILED"]


def test_data_from_before_autologging(runs: Runs, warned: Warned) -> None:
    train, _ = matrices()
    tuiflow.xgboost.autolog(log_datasets=False)
    xgb.train(BINARY, train, 1)
    (message,) = warned()
    assert "made before autologging" in message
    model = tuiflow.pyfunc.load_model(f"runs:/{runs()[0].info.run_id}/model")
    shuffled = TABLE[VALID][TABLE.columns[::-1]]
    assert model.predict(shuffled) == pytest.approx(model.predict(TABLE[VALID]))


def test_sparse_data_and_a_second_model_in_a_run(runs: Runs, warned: Warned) -> None:
    import scipy.sparse as sp

    tuiflow.xgboost.autolog()
    with tuiflow.start_run():
        xgb.XGBRegressor(n_estimators=1, n_jobs=1).fit(sp.csr_matrix(XI), YI)
        xgb.XGBRegressor(n_estimators=2, n_jobs=1).fit(sp.csr_matrix(XI), YI)
    (run,) = runs()
    assert run.data.params["num_boost_round"] == "1"
    assert len(warned()) == 1


@pytest.mark.parametrize(
    "arguments", [{"importance_types": ["beauty"]}, {"model_format": "pickle"}]
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        tuiflow.xgboost.autolog(**arguments)


def test_switched_off_it_is_as_before(runs: Runs) -> None:
    before = (xgb.train, xgb.sklearn.train, xgb.DMatrix.__init__, xgb.XGBClassifier.fit)
    score = xgb.XGBClassifier.score
    tuiflow.xgboost.autolog()
    assert xgb.train is not before[0]
    tuiflow.xgboost.autolog(disable=True)
    after = (xgb.train, xgb.sklearn.train, xgb.DMatrix.__init__, xgb.XGBClassifier.fit)
    assert after == before
    assert xgb.XGBClassifier.score is score
    xgb.XGBRegressor(n_estimators=1).fit(XI, YI)
    assert runs() == []


def test_models_by_hand(tmp_path: Path) -> None:
    model = xgb.XGBRegressor(n_estimators=2, n_jobs=1).fit(TABLE, LABELS)
    tuiflow.xgboost.save_model(model, tmp_path / "m", input_example=TABLE.head(2))
    loaded = tuiflow.pyfunc.load_model(tmp_path / "m")
    assert loaded.predict(TABLE) == pytest.approx(model.predict(TABLE))
    assert loaded.column_names == tuple(TABLE.columns)
    with tuiflow.start_run():
        info = tuiflow.xgboost.log_model(model, name="mine", model_format="json")
    assert isinstance(loaded.get_raw_model(), xgb.XGBRegressor)
    again = tuiflow.xgboost.load_model(info.model_uri)
    assert again.get_booster().num_boosted_rounds() == 2
    with pytest.raises(InvalidInput, match="no model of XGBoost"):
        tuiflow.xgboost.save_model(object(), tmp_path / "other")
    with pytest.raises(InvalidInput, match="not served"):
        tuiflow.xgboost.log_model(model, code_paths=["x.py"])
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("name", ["os.system", "xgboost.sklearn.XGBModelBase", "subprocess.Popen"])
def test_a_model_file_names_no_class_of_its_choosing(name: str, tmp_path: Path) -> None:
    model = xgb.XGBRegressor(n_estimators=1, n_jobs=1).fit(XI, YI)
    tuiflow.xgboost.save_model(model, tmp_path / "m")
    text = (tmp_path / "m" / "MLmodel").read_text()
    (tmp_path / "m" / "MLmodel").write_text(text.replace("xgboost.sklearn.XGBRegressor", name))
    with pytest.raises(ModelError, match="unknown class"):
        tuiflow.xgboost.load_model(tmp_path / "m")


def test_a_subclass_is_saved_as_the_class_it_derives_from(tmp_path: Path) -> None:
    class Mine(xgb.XGBClassifier):  # type: ignore[misc]
        pass

    tuiflow.xgboost.save_model(Mine(n_estimators=1, n_jobs=1).fit(XI, YI), tmp_path / "m")
    assert type(tuiflow.xgboost.load_model(tmp_path / "m")) is xgb.XGBClassifier


def test_a_table_with_missing_values(runs: Runs, warned: Warned) -> None:
    tuiflow.xgboost.autolog()
    table = pd.DataFrame({"a": [1.0, np.nan, 3.0, 4.0] * 5, "b": [1, 2, 3, 4] * 5})
    xgb.train({"nthread": 1}, xgb.DMatrix(table, label=[0, 1, 0, 1] * 5), 1)
    model = tuiflow.pyfunc.load_model(f"runs:/{runs()[0].info.run_id}/model")
    assert model.predict(table).shape == (20,)
    assert warned() == []
