"""Scores and metrics that are computed after a fit."""

from __future__ import annotations

import gc
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tuiflow
from tuiflow.entities import Run

pytestmark = pytest.mark.usefixtures("no_pictures")

Runs = Callable[[], list[Run]]
Warned = Callable[[], list[str]]

DATA = load_iris(return_X_y=True)


@pytest.fixture(autouse=True)
def switched_on(own_store: Path) -> None:
    tuiflow.sklearn.autolog(log_models=False, log_datasets=False)


def later(run: Run) -> dict[str, float]:
    """Metrics that the fit itself did not log."""
    return {k: v for k, v in run.data.metrics.items() if not k.startswith("training_")}


def calls(run: Run) -> Any:
    return json.loads(Path(run.info.artifact_uri, "metric_info.json").read_text())


def test_score_is_named_after_the_callers_variable(runs: Runs) -> None:
    X, Y = DATA
    model = GaussianNB().fit(X, Y)
    X_test, y_test = X[::2], Y[::2]
    score = model.score(X_test, y_test)
    assert model.score(X_test, y=y_test) == score
    model.score(X[:10], Y[:10])
    (run,) = runs()
    assert later(run) == {
        "GaussianNB_score_X_test": score,
        "GaussianNB_score-2_X_test": score,
        "GaussianNB_score-3_unknown_dataset": model.score(X[:10], Y[:10]),
    }
    assert calls(run)["GaussianNB_score-2_X_test"] == "GaussianNB.score(X=X_test, y=y_test)"


def test_metrics_of_predictions(runs: Runs) -> None:
    X, Y = DATA
    model = LogisticRegression(max_iter=500).fit(X, Y)
    X_test, y_test = X[::2], Y[::2]
    pred = model.predict(X_test)
    chances = model.predict_proba(X_test)
    expected = {
        "accuracy_score_X_test": sklearn.metrics.accuracy_score(y_test, pred),
        "f1_score_X_test": sklearn.metrics.f1_score(y_test, y_pred=pred, average="macro"),
        "log_loss_X_test": sklearn.metrics.log_loss(y_test, chances),
        "f1_score-2_X_test": sklearn.metrics.f1_score(y_test, pred, average="weighted"),
    }
    sklearn.metrics.confusion_matrix(y_test, pred)  # no number
    sklearn.metrics.accuracy_score(y_test, pred.copy())  # not what the model returned
    sklearn.metrics.accuracy_score(y_test, y_test)
    (run,) = runs()
    assert later(run) == pytest.approx(expected, abs=1e-9)
    second = list(inspect.signature(sklearn.metrics.log_loss).parameters)[1]
    assert calls(run) == {
        "accuracy_score_X_test": "accuracy_score(y_true=y_test, y_pred=pred)",
        "f1_score-2_X_test": "f1_score(y_true=y_test, y_pred=pred, average='weighted')",
        "f1_score_X_test": "f1_score(y_true=y_test, y_pred=pred, average='macro')",
        "log_loss_X_test": f"log_loss(y_true=y_test, {second}=chances)",
    }


def test_names_are_those_of_the_outermost_caller(runs: Runs) -> None:
    X, Y = DATA
    model = GaussianNB().fit(X, Y)

    def evaluate(estimator: Any, data: Any, truth: Any) -> float:
        return float(sklearn.metrics.accuracy_score(truth, estimator.predict(data)))

    holdout = X[::3]
    value = evaluate(model, holdout, Y[::3])
    assert later(runs()[0]) == {"accuracy_score_holdout": value}


def test_two_data_sets_of_one_name(runs: Runs) -> None:
    X, Y = DATA
    model = GaussianNB().fit(X, Y)
    values = []
    kept = [X[:50].copy(), X[50:].copy()]
    for fold, truth in zip(kept, (Y[:50], Y[50:]), strict=True):
        values.append(sklearn.metrics.accuracy_score(truth, model.predict(fold)))
    assert later(runs()[0]) == {
        "accuracy_score_fold": values[0],
        "accuracy_score-2_fold-2": values[1],
    }


def test_each_model_has_its_run(runs: Runs) -> None:
    X, Y = DATA
    first, second = GaussianNB().fit(X, Y), LogisticRegression(max_iter=500).fit(X, Y)
    told, others = first.predict(X), second.predict(X)
    one = sklearn.metrics.accuracy_score(Y, told)
    two = sklearn.metrics.accuracy_score(Y, others)
    assert [later(run) for run in runs()] == [
        {"accuracy_score_X": one},
        {"accuracy_score_X": two},
    ]


def test_it_reaches_a_run_that_has_ended(runs: Runs) -> None:
    X, Y = DATA
    with tuiflow.start_run():
        model = GaussianNB().fit(X, Y)
    score = model.score(X, Y)
    (run,) = runs()
    assert (run.info.status, later(run)) == ("FINISHED", {"GaussianNB_score_X": score})


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (make_pipeline(StandardScaler(), GaussianNB()), "Pipeline"),
        (GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-3]}, cv=2), "GridSearchCV"),
        (RandomForestClassifier(2, n_jobs=2, random_state=0), "RandomForestClassifier"),
    ],
)
def test_models_made_of_models(model: Any, name: str, runs: Runs) -> None:
    X, Y = DATA
    score = model.fit(X, Y).score(X, Y)
    found = later(runs()[0])
    assert found[f"{name}_score_X"] == score
    assert not [key for key in found if "accuracy" in key]


def test_clusters_and_tables(runs: Runs) -> None:
    frame = pd.DataFrame(DATA[0], columns=list("abcd"))
    model = KMeans(3, n_init=1, random_state=0).fit(frame)
    labels = model.predict(frame)
    value = sklearn.metrics.silhouette_score(frame, labels)
    assert later(runs()[0]) == {"silhouette_score_frame": pytest.approx(value, abs=1e-9)}


def test_it_can_be_left_out(runs: Runs) -> None:
    X, Y = DATA
    tuiflow.sklearn.autolog(log_models=False, log_datasets=False, log_post_training_metrics=False)
    model = GaussianNB().fit(X, Y)
    sklearn.metrics.accuracy_score(Y, model.predict(X))
    model.score(X, Y)
    assert later(runs()[0]) == {}


def test_what_is_gone_is_forgotten(runs: Runs) -> None:
    from tuiflow.sklearn import after

    def use() -> None:
        X, Y = DATA
        model = GaussianNB().fit(X, Y)
        model.predict(X)
        model.score(X, Y)

    gc.collect()
    before = set(after._models), set(after._predictions), set(after._runs)
    use()
    gc.collect()
    assert (set(after._models), set(after._predictions), set(after._runs)) == before


def test_scores_survive_a_store_that_fails(
    own_store: Path, runs: Runs, warned: Warned, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, Y = DATA
    from tuiflow.store import Store

    model = GaussianNB().fit(X, Y)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "log_batch", fail)
    assert model.score(X, Y) > 0.9
    assert np.mean(model.predict(X) == Y) > 0.9
    (message,) = warned()
    assert "No space left" in message


def test_data_of_the_module_has_no_name_in_a_function(runs: Runs) -> None:
    GaussianNB().fit(*DATA).score(DATA[0], DATA[1])
    assert "GaussianNB_score_unknown_dataset" in later(runs()[0])
