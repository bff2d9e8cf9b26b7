"""Searches for parameters: the best, the table, and the tries as child runs."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.metrics
from conftest import artifacts  # type: ignore[import-not-found]
from sklearn.datasets import load_diabetes, load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tuiflow
from tuiflow.entities import Run

pytestmark = pytest.mark.usefixtures("no_pictures")

Runs = Callable[[], list[Run]]
Warned = Callable[[], list[str]]

X, Y = (data[:60] for data in load_diabetes(return_X_y=True))
XC, YC = load_iris(return_X_y=True)
ALPHAS = [0.1, 1.0, 10.0, 100.0]


def autolog(**arguments: Any) -> None:
    tuiflow.sklearn.autolog(**{"log_models": False, "log_datasets": False, **arguments})


def test_a_grid_search(runs: Runs, warned: Warned) -> None:
    tuiflow.sklearn.autolog()
    search = GridSearchCV(Ridge(), {"alpha": ALPHAS}, cv=2).fit(X, Y)
    parent, *children = runs()
    params = parent.data.params
    assert params["best_alpha"] == str(search.best_params_["alpha"])
    assert params["estimator"] == "Ridge()"
    assert "estimator__alpha" not in params  # the seed's, which nothing is fitted with
    assert parent.data.metrics["best_cv_score"] == pytest.approx(search.best_score_, abs=1e-9)
    assert {"training_score", "training_mean_squared_error"} <= parent.data.metrics.keys()
    assert {"cv_results.csv", "model/MLmodel", "best_estimator/MLmodel"} <= artifacts(parent)
    table = Path(parent.info.artifact_uri, "cv_results.csv").read_text().splitlines()
    assert [float(row["param_alpha"]) for row in csv.DictReader(table)] == ALPHAS
    best = tuiflow.sklearn.load_model(f"runs:/{parent.info.run_id}/best_estimator")
    assert best.get_params() == search.best_estimator_.get_params()

    assert len(children) == 4
    for child in children:
        at = ALPHAS.index(float(child.data.params["alpha"]))
        assert child.data.params["solver"] == "auto"
        for name in ("mean_test_score", "std_test_score", "rank_test_score", "mean_fit_time"):
            assert child.data.metrics[name] == pytest.approx(search.cv_results_[name][at], abs=1e-9)
        assert not [name for name in child.data.metrics if name.startswith(("split", "param"))]
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert child.data.tags["mlflow.autologging"] == "sklearn"
        assert child.data.tags["estimator_name"] == "Ridge"
        assert child.data.tags["mlflow.source.name"] == parent.data.tags["mlflow.source.name"]
        assert child.info.status == "FINISHED"
        assert len(child.inputs.dataset_inputs) == 1
    assert warned() == []


@pytest.mark.parametrize(("most", "expected"), [(0, 0), (2, 2), (None, 6)])
def test_how_many_tries_are_runs(most: int | None, expected: int, runs: Runs) -> None:
    autolog(max_tuning_runs=most)
    search = GridSearchCV(Ridge(), {"alpha": [*ALPHAS, 2.0, 3.0]}, cv=2).fit(X, Y)
    children = runs()[1:]
    assert len(children) == expected
    best = sorted(search.cv_results_["rank_test_score"])[:expected]
    assert sorted(child.data.metrics["rank_test_score"] for child in children) == best


def test_five_tries_are_runs_unless_said_otherwise(runs: Runs) -> None:
    autolog()
    GridSearchCV(Ridge(), {"alpha": [*ALPHAS, 2.0, 3.0]}, cv=2).fit(X, Y)
    assert len(runs()) == 1 + 5


def test_several_scores(runs: Runs) -> None:
    autolog(max_tuning_runs=1)
    GridSearchCV(
        LogisticRegression(max_iter=500),
        {"C": [1e-5, 1.0]},
        cv=2,
        scoring={"acc": "accuracy", "f1": "f1_macro"},
        refit="f1",
    ).fit(XC, YC)
    child = runs()[1]
    assert child.data.metrics["rank_test_acc"] == 1
    assert {"mean_test_acc", "mean_test_f1"} <= child.data.metrics.keys()


def test_a_search_without_a_final_fit(runs: Runs, warned: Warned) -> None:
    tuiflow.sklearn.autolog()
    GridSearchCV(Ridge(), {"alpha": ALPHAS}, cv=2, refit=False).fit(X, Y)
    parent, *children = runs()
    assert parent.data.metrics.keys() == {"best_cv_score"}
    assert len(children) == 4
    assert warned() == []


@pytest.mark.parametrize(
    "search",
    [
        RandomizedSearchCV(Ridge(), {"alpha": ALPHAS}, n_iter=3, random_state=0, cv=2),
        HalvingGridSearchCV(Ridge(), {"alpha": [0.1, 1, 10]}, random_state=0, cv=2, factor=3),
        GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1, 2, 3]}, cv=2),
    ],
    ids=["randomized", "halving", "pipeline"],
)
def test_other_searches(search: Any, runs: Runs, warned: Warned) -> None:
    autolog()
    search.fit(X, Y)
    parent, *children = runs()
    assert len(children) == min(5, len(search.cv_results_["params"]))
    assert parent.data.metrics["best_cv_score"] == pytest.approx(search.best_score_)
    assert warned() == []


def test_fits_that_only_judge_are_not_logged(runs: Runs) -> None:
    autolog()
    plain = cross_val_score(Ridge(), X, Y, cv=2)
    assert len(plain) == 2
    cross_val_predict(Ridge(), X, Y, cv=2)
    assert runs() == []


def test_metrics_travel_to_other_processes(runs: Runs) -> None:
    autolog()
    scorer = sklearn.metrics.make_scorer(
        sklearn.metrics.mean_absolute_error, greater_is_better=False
    )
    here = cross_val_score(Ridge(), X, Y, cv=2, scoring=scorer)
    there = cross_val_score(Ridge(), X, Y, cv=2, scoring=scorer, n_jobs=2)
    assert np.allclose(here, there)
    assert runs() == []
    GridSearchCV(Ridge(), {"alpha": [1, 2, 3]}, cv=2, n_jobs=2, scoring=scorer).fit(X, Y)
    assert len(runs()) == 1 + 3


def test_a_custom_scorer_is_kept_with_skops(runs: Runs) -> None:
    tuiflow.sklearn.autolog()
    scorer = sklearn.metrics.make_scorer(sklearn.metrics.mean_absolute_error)
    GridSearchCV(Ridge(), {"alpha": [1, 2]}, cv=2, scoring=scorer).fit(X, Y)
    run = runs()[0]
    assert "model/model.skops" in artifacts(run)
    tuiflow.sklearn.autolog(disable=True)
    loaded = tuiflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
    assert loaded.scorer_._score_func is mean_absolute_error
