"""What trainings of LightGBM log. Names and values are MLflow's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import artifacts  # type: ignore[import-not-found]
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.model_selection import GridSearchCV

import tuiflow
from tuiflow.entities import Run
from tuiflow.errors import InvalidInput, ModelError

lgb = pytest.importorskip("lightgbm")

Runs = Callable[[], list[Run]]
Warned = Callable[[], list[str]]

TABLE, LABELS = load_breast_cancer(return_X_y=True, as_frame=True)
TABLE, LABELS = TABLE.iloc[:200, :5], LABELS[:200]
TRAIN, VALID = slice(0, 150), slice(150, 200)
XI, YI = load_iris(return_X_y=True)
QUIET = {"verbose": -1, "num_threads": 1}
BINARY = {"objective": "binary", "metric": ["binary_logloss", "auc"], **QUIET}
ESTIMATOR = {"verbose": -1, "n_jobs": 1}


def sets() -> tuple[Any, Any]:
    train = lgb.Dataset(TABLE[TRAIN], label=LABELS[TRAIN])
    return train, lgb.Dataset(TABLE[VALID], label=LABELS[VALID], reference=train)


def history(run: Run, key: str) -> list[tuple[int, float]]:
    found = tuiflow.MlflowClient().get_metric_history(run.info.run_id, key)
    return [(metric.step, metric.value) for metric in found]


def test_params_metrics_importance_data_and_model_of_a_booster(runs: Runs, warned: Warned) -> None:
    tuiflow.lightgbm.autolog(log_input_examples=True, registered_model_name="cancer")
    train, valid = sets()
    told: dict[str, Any] = {}
    booster = lgb.train(
        {**BINARY, "learning_rate": 0.5},
        train,
        4,
        valid_sets=[train, valid],
        valid_names=["train", "valid"],
        callbacks=[lgb.record_evaluation(told)],
    )
    (run,) = runs()
    assert warned() == []
    assert run.info.status == "FINISHED"
    assert run.data.tags["mlflow.autologging"] == "lightgbm"
    assert run.data.params == {
        "objective": "binary",
        "metric": "['binary_logloss', 'auc']",
        "verbose": "-1",
        "num_threads": "1",
        "learning_rate": "0.5",
        "num_boost_round": "4",
        "keep_training_booster": "False",
    }
    assert set(run.data.metrics) == {
        f"{data}-{metric}" for data in ("train", "valid") for metric in ("binary_logloss", "auc")
    }
    for key in run.data.metrics:
        data, _, metric = key.partition("-")
        assert history(run, key) == list(enumerate(told[data][metric]))
    for kind in ("split", "gain"):
        importance = Path(run.info.artifact_uri) / f"feature_importance_{kind}"
        values = json.loads(importance.with_suffix(".json").read_text())
        assert list(values) == booster.feature_name()
        assert list(values.values()) == booster.feature_importance(kind).tolist()
        assert importance.with_suffix(".png").read_bytes()[:4] == b"\x89PNG"
    given = run.inputs.dataset_inputs
    assert [(item.dataset.name, item.tags[0].value) for item in given] == [
        ("dataset", "train"),
        ("train", "eval"),
        ("valid", "eval"),
    ]
    model = tuiflow.pyfunc.load_model("models:/cancer/1")
    assert model.predict(TABLE[VALID]) == pytest.approx(booster.predict(TABLE[VALID]))
    assert model.mlmodel.input_example()["data"] == TABLE.head().to_numpy().tolist()
    loaded = tuiflow.lightgbm.load_model(f"runs:/{run.info.run_id}/model")
    assert isinstance(loaded, lgb.Booster)
    assert loaded.model_to_string() == booster.model_to_string()


@pytest.mark.parametrize("how", ["train", "estimator"])
def test_early_stopping(how: str, runs: Runs) -> None:
    tuiflow.lightgbm.autolog(log_models=False, log_datasets=False)
    told: dict[str, Any] = {}
    callbacks = [lgb.record_evaluation(told), lgb.early_stopping(2, verbose=False)]
    if how == "estimator":
        model = lgb.LGBMClassifier(n_estimators=50, learning_rate=0.5, **ESTIMATOR)
        model.fit(
            TABLE[TRAIN],
            LABELS[TRAIN],
            eval_set=[(TABLE[VALID], LABELS[VALID])],
            callbacks=callbacks,
        )
        best = model.best_iteration_
    else:
        train, valid = sets()
        best = lgb.train(
            {**BINARY, "metric": "binary_logloss", "learning_rate": 0.5},
            train,
            50,
            valid_sets=[valid],
            callbacks=callbacks,
        ).best_iteration
    assert len(callbacks) == 2
    (run,) = runs()
    values = told["valid_0"]["binary_logloss"]
    assert 2 < len(values) < 50
    assert run.data.metrics["stopped_iteration"] == len(values)
    assert run.data.metrics["best_iteration"] == best
    assert history(run, "valid_0-binary_logloss") == [
        *enumerate(values),
        (len(values), values[best - 1]),
    ]


def test_an_estimator_is_logged_once_with_scikit_learns_logging_on(
    runs: Runs, warned: Warned
) -> None:
    tuiflow.autolog(log_datasets=False)
    model = lgb.LGBMClassifier(n_estimators=3, num_leaves=4, **ESTIMATOR)
    model.fit(TABLE[TRAIN], LABELS[TRAIN])
    held, truth = TABLE[VALID], LABELS[VALID]
    score = model.score(held, truth)
    (run,) = runs()
    assert warned() == []
    assert run.data.tags["mlflow.autologging"] == "lightgbm"
    assert run.data.params["num_leaves"] == "4"
    assert run.data.params["num_boost_round"] == "3"
    assert run.data.metrics["LGBMClassifier_score_held"] == score
    # Read with skops, which runs no code.
    assert "model/model.skops" in artifacts(run)
    loaded = tuiflow.lightgbm.load_model(f"runs:/{run.info.run_id}/model")
    assert type(loaded) is lgb.LGBMClassifier
    assert (loaded.predict(held) == model.predict(held)).all()
    assert loaded.get_params() == model.get_params()


def test_trainings_inside_others(runs: Runs) -> None:
    tuiflow.autolog(log_models=False, log_datasets=False)
    search = GridSearchCV(
        lgb.LGBMRegressor(n_estimators=2, **ESTIMATOR), {"num_leaves": [2, 3]}, cv=2
    )
    search.fit(XI, YI)
    assert sorted(run.data.tags["mlflow.autologging"] for run in runs()) == ["sklearn"] * 3
    lgb.cv(BINARY, sets()[0], 2)
    assert len(runs()) == 3


def test_ranking_and_metrics_of_the_script(runs: Runs, warned: Warned) -> None:
    tuiflow.lightgbm.autolog()
    data = lgb.Dataset(XI, label=YI, group=[50, 50, 50])
    lgb.train(
        {"objective": "lambdarank", "metric": "ndcg", "ndcg_eval_at": [3], **QUIET},
        data,
        2,
        valid_sets=[data],
        feval=lambda predicted, data: ("mine", 1.5, True),
    )
    (run,) = runs()
    assert set(run.data.metrics) == {"training-ndcg_at_3", "training-mine"}
    assert warned() == []


def test_a_mistake_in_logging_breaks_no_training(
    runs: Runs, warned: Warned, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuiflow.lightgbm.autolog()
    monkeypatch.setattr("tuiflow.boosting.arguments.metric_key", lambda *_: 1 / 0)
    train, _ = sets()
    booster = lgb.train(BINARY, train, 5, valid_sets=[train])
    assert booster.num_trees() == 5
    (message,) = warned()
    assert "the metrics (ZeroDivisionError" in message
    assert "model/MLmodel" in artifacts(runs()[0])


def test_errors_of_the_training_are_the_scripts(runs: Runs) -> None:
    tuiflow.lightgbm.autolog()
    with pytest.raises(lgb.basic.LightGBMError):
        lgb.train({"objective": "no such", **QUIET}, sets()[0], 1)
    with pytest.raises(TypeError):
        lgb.train()
    assert [run.info.status for run in runs()] == ["FAILED", "FAILED"]


def test_data_from_before_autologging(runs: Runs, warned: Warned) -> None:
    train, _ = sets()
    train.construct()
    tuiflow.lightgbm.autolog()
    lgb.train(BINARY, train, 1)
    (message,) = warned()
    assert "made before autologging" in message
    model = tuiflow.pyfunc.load_model(f"runs:/{runs()[0].info.run_id}/model")
    shuffled = TABLE[VALID][TABLE.columns[::-1]]
    assert model.predict(shuffled) == pytest.approx(model.predict(TABLE[VALID]))


def test_an_objective_of_the_script_is_saved_with_cloudpickle(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def squares(truth: Any, predicted: Any) -> Any:
        return predicted - truth, truth * 0 + 1

    model = lgb.LGBMRegressor(n_estimators=2, objective=squares, **ESTIMATOR).fit(XI, YI)
    tuiflow.lightgbm.save_model(model, tmp_path / "m")
    assert "cloudpickle" in caplog.text
    assert (tmp_path / "m" / "model.pkl").is_file()
    loaded = tuiflow.lightgbm.load_model(tmp_path / "m")
    assert loaded.predict(XI) == pytest.approx(model.predict(XI))


def test_switched_off_it_is_as_before(runs: Runs) -> None:
    before = (lgb.train, lgb.sklearn.train, lgb.Dataset.__init__, lgb.LGBMClassifier.fit)
    tuiflow.lightgbm.autolog()
    assert lgb.train is not before[0]
    tuiflow.lightgbm.autolog(disable=True)
    after = (lgb.train, lgb.sklearn.train, lgb.Dataset.__init__, lgb.LGBMClassifier.fit)
    assert after == before
    lgb.LGBMRegressor(n_estimators=1, **ESTIMATOR).fit(XI, YI)
    assert runs() == []


def test_models_by_hand(tmp_path: Path) -> None:
    model = lgb.LGBMRegressor(n_estimators=2, **ESTIMATOR).fit(TABLE, LABELS)
    tuiflow.lightgbm.save_model(model, tmp_path / "m", input_example=TABLE.head(2))
    loaded = tuiflow.pyfunc.load_model(tmp_path / "m")
    assert loaded.predict(TABLE) == pytest.approx(model.predict(TABLE))
    assert loaded.column_names == tuple(TABLE.columns)
    assert isinstance(loaded.get_raw_model(), lgb.LGBMRegressor)
    with tuiflow.start_run():
        info = tuiflow.lightgbm.log_model(model.booster_, name="mine")
    assert tuiflow.lightgbm.load_model(info.model_uri).num_trees() == 2
    with pytest.raises(InvalidInput, match="no model of LightGBM"):
        tuiflow.lightgbm.save_model(object(), tmp_path / "other")
    with pytest.raises(InvalidInput, match="not served"):
        tuiflow.lightgbm.log_model(model, code_paths=["x.py"])
    assert not (tmp_path / "other").exists()


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    model = lgb.LGBMRegressor(n_estimators=1, **ESTIMATOR).fit(XI, YI)
    tuiflow.lightgbm.save_model(model.booster_, tmp_path / "m")
    (tmp_path / "m" / "model.lgb").write_text("no model")
    with pytest.raises(ModelError, match="can't be loaded"):
        tuiflow.lightgbm.load_model(tmp_path / "m")
