"""What a fit of each kind of scikit-learn estimator logs. The names are MLflow's."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from conftest import artifacts  # type: ignore[import-not-found]
from sklearn import metrics
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingRegressor,
    VotingClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import check_estimator

import tuiflow
from tuiflow.entities import Run
from tuiflow.errors import InvalidInput

Runs = Callable[[], list[Run]]
Warned = Callable[[], list[str]]

X, Y = load_iris(return_X_y=True)
X2, Y2 = X[:100], Y[:100]
XR, YR = (data[:60] for data in load_diabetes(return_X_y=True))

CLASSIFIER = {
    f"training_{name}"
    for name in ("precision_score", "recall_score", "f1_score", "accuracy_score", "score")
}
CHANCES = {"training_log_loss", "training_roc_auc"}
REGRESSOR = {
    f"training_{name}"
    for name in (
        "mean_squared_error",
        "root_mean_squared_error",
        "mean_absolute_error",
        "r2_score",
        "score",
    )
}


def autolog(**arguments: Any) -> None:
    tuiflow.sklearn.autolog(**{"log_models": False, "log_datasets": False, **arguments})


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        (lambda: LinearRegression().fit(XR, YR), REGRESSOR),
        (lambda: StackingRegressor([("r", Ridge())], cv=2).fit(XR, YR), REGRESSOR),
        (lambda: MultiOutputRegressor(Ridge()).fit(XR, np.c_[YR, YR]), REGRESSOR),
        (lambda: LogisticRegression(max_iter=500).fit(X, Y), CLASSIFIER | CHANCES),
        (lambda: RandomForestClassifier(3).fit(X, Y), CLASSIFIER | CHANCES),
        (lambda: KNeighborsClassifier().fit(X, Y), CLASSIFIER | CHANCES),
        (lambda: SVC().fit(X, Y), CLASSIFIER),
        (lambda: VotingClassifier([("a", GaussianNB())]).fit(X, Y), CLASSIFIER),
        (lambda: make_pipeline(StandardScaler(), SVC()).fit(X, Y), CLASSIFIER),
        (lambda: KMeans(2, n_init=1).fit(X), set()),
        (lambda: KMeans(2, n_init=1).fit_predict(X), set()),
        (lambda: DBSCAN().fit_predict(X), set()),
        (lambda: PCA(2).fit_transform(X), set()),
        (lambda: PCA(2).fit(X, Y), {"training_score"}),
        (lambda: make_pipeline(StandardScaler(), PCA(2)).fit_transform(X), set()),
    ],
)
def test_metrics_by_kind(
    fit: Callable[[], Any],
    expected: set[str],
    runs: Runs,
    warned: Warned,
) -> None:
    autolog()
    fit()
    (run,) = runs()
    assert set(run.data.metrics) == expected
    assert run.info.status == "FINISHED"
    assert run.data.tags["estimator_name"] in run.data.tags["estimator_class"]
    assert "estimator.html" in artifacts(run)
    assert warned() == []


@pytest.mark.usefixtures("no_pictures")
def test_values_of_a_classifier(runs: Runs) -> None:
    autolog()
    weight = np.linspace(1, 2, 100)
    labels = np.array(["no", "yes"])[Y2]
    model = LogisticRegression(C=0.01).fit(X2[:, :1], labels, sample_weight=weight)
    told, chance = model.predict(X2[:, :1]), model.predict_proba(X2[:, :1])
    whole = {"average": "weighted", "sample_weight": weight}
    found = runs()[0].data.metrics
    assert found == pytest.approx(
        {
            "training_precision_score": metrics.precision_score(labels, told, **whole),
            "training_recall_score": metrics.recall_score(labels, told, **whole),
            "training_f1_score": metrics.f1_score(labels, told, **whole),
            "training_accuracy_score": metrics.accuracy_score(labels, told, sample_weight=weight),
            "training_log_loss": metrics.log_loss(labels, chance, sample_weight=weight),
            "training_roc_auc": metrics.roc_auc_score(labels, chance[:, 1], sample_weight=weight),
            "training_score": model.score(X2[:, :1], labels, weight),
        },
        abs=1e-9,
    )
    assert found["training_accuracy_score"] < 1


def test_values_of_a_regressor(runs: Runs) -> None:
    autolog(log_post_training_metrics=False)
    weight = np.arange(60) + 1.0
    told = Ridge().fit(X=XR, y=YR, sample_weight=weight).predict(XR)
    squared = metrics.mean_squared_error(YR, told, sample_weight=weight)
    r2 = metrics.r2_score(YR, told, sample_weight=weight)
    assert runs()[0].data.metrics == pytest.approx(
        {
            "training_mean_squared_error": squared,
            "training_root_mean_squared_error": squared**0.5,
            "training_mean_absolute_error": metrics.mean_absolute_error(
                YR, told, sample_weight=weight
            ),
            "training_r2_score": r2,
            "training_score": r2,
        },
        abs=1e-9,
    )


@pytest.mark.usefixtures("no_pictures")
def test_the_positive_class_of_two(runs: Runs) -> None:
    autolog(pos_label=0)
    model = LogisticRegression(C=0.01).fit(X2[:, :1], Y2)
    told = model.predict(X2[:, :1])
    found = runs()[0].data.metrics
    assert found["training_precision_score"] == metrics.precision_score(Y2, told, pos_label=0)
    assert found["training_recall_score"] == metrics.recall_score(Y2, told, pos_label=0)


@pytest.mark.usefixtures("no_pictures")
def test_params_are_those_of_all_steps_and_cut_when_long(runs: Runs) -> None:
    autolog()
    make_pipeline(StandardScaler(), Ridge(alpha=3)).fit(XR, YR)
    params = runs()[0].data.params
    assert params["ridge__alpha"] == "3"
    assert params["ridge"] == "Ridge(alpha=3)"
    assert params["standardscaler__with_mean"] == "True"
    VotingClassifier([(f"model_{number}_{'x' * 60}", GaussianNB()) for number in range(100)]).fit(
        X, Y
    )
    (cut,) = [run.data.params["estimators"] for run in runs() if "estimators" in run.data.params]
    assert (len(cut), cut[-3:]) == (6000, "...")


def test_the_model_with_signature_and_example(runs: Runs) -> None:
    tuiflow.sklearn.autolog(log_input_examples=True, registered_model_name="diabetes")
    table = pd.DataFrame(XR[:, :2], columns=["age", "sex"])
    model = Ridge().fit(table, YR)
    (run,) = runs()
    loaded = tuiflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    assert loaded.predict(table) == pytest.approx(model.predict(table))
    assert loaded.mlmodel.signature is not None
    assert loaded.mlmodel.signature.inputs is not None
    assert loaded.mlmodel.signature.inputs.input_names() == ["age", "sex"]
    folder = Path(run.info.artifact_uri)
    example = json.loads((folder / "model" / "input_example.json").read_text())
    assert example["data"] == table.head().to_numpy().tolist()
    (version,) = tuiflow.MlflowClient().search_model_versions("name = 'diabetes'")
    assert version.run_id == run.info.run_id


def test_no_example_and_no_signature_unless_asked(runs: Runs) -> None:
    tuiflow.sklearn.autolog(log_model_signatures=False)
    LinearRegression().fit(XR, YR)
    (run,) = runs()
    loaded = tuiflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    assert loaded.mlmodel.signature is None
    assert "model/input_example.json" not in artifacts(run)


@pytest.mark.parametrize("estimator", [DBSCAN(), PCA(2)])
def test_models_that_predict_nothing(estimator: Any, runs: Runs, warned: Warned) -> None:
    tuiflow.sklearn.autolog()
    estimator.fit(X)
    (run,) = runs()
    assert "model/MLmodel" in artifacts(run)
    assert warned() == []


def test_data_sets(runs: Runs) -> None:
    autolog(log_datasets=True)
    model = Ridge().fit(XR, YR)
    table = pd.DataFrame(XR).head(7)
    model.predict(table.to_numpy())
    given = runs()[0].inputs.dataset_inputs
    assert [(tag.key, tag.value) for item in given for tag in item.tags] == [
        ("mlflow.data.context", "train"),
        ("mlflow.data.context", "eval"),
    ]
    assert [item.dataset.source_type for item in given] == ["code", "code"]
    # Digests as MLflow 3.17.2 logs them for these arrays.
    assert [item.dataset.digest for item in given] == DIGESTS


def test_data_that_was_scored_before_it_is_predicted_for(runs: Runs) -> None:
    autolog(log_datasets=True)
    model = Ridge().fit(XR, YR)
    model.score(XR, YR)
    for _ in range(2):
        model.predict(XR)
    given = runs()[0].inputs.dataset_inputs
    assert [tag.value for item in given for tag in item.tags] == ["train", "eval"]


DIGESTS = ["5b7771f4", "7dd2391a"]


@pytest.mark.usefixtures("no_pictures")
def test_sparse_data_lists_and_missing_values(runs: Runs, warned: Warned) -> None:
    tuiflow.sklearn.autolog(log_input_examples=True)
    LogisticRegression(max_iter=500).fit(sp.csr_matrix(X), Y)
    holes = X2.copy()
    holes[3, 1] = np.nan
    HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=5).fit(holes, Y2)
    Ridge().fit(XR.tolist(), YR.tolist())
    found = runs()
    assert [len(run.data.metrics) for run in found] == [7, 7, 5]
    assert all("model/input_example.json" in artifacts(run) for run in found)
    assert warned() == []


def test_pictures_of_a_classifier(runs: Runs) -> None:
    autolog()
    LogisticRegression(max_iter=500).fit(X, Y)
    LogisticRegression().fit(X2, Y2)
    several, two = runs()
    assert {name for name in artifacts(several) if name.endswith(".png")} == {
        "training_confusion_matrix.png"
    }
    assert {name for name in artifacts(two) if name.endswith(".png")} == {
        "training_confusion_matrix.png",
        "training_roc_curve.png",
        "training_precision_recall_curve.png",
    }
    for name in artifacts(two):
        if name.endswith(".png"):
            assert (Path(two.info.artifact_uri) / name).read_bytes()[:4] == b"\x89PNG"
    assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_without_matplotlib_one_message(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import sys
        sys.modules['matplotlib'] = None
        import tuiflow
        tuiflow.set_tracking_uri(sys.argv[1])
        tuiflow.sklearn.autolog(log_models=False)
        from sklearn.naive_bayes import GaussianNB
        GaussianNB().fit([[1], [2]], [0, 1])
        GaussianNB().fit([[1], [2]], [0, 1])
        print(*(len(r.data.metrics) for r in tuiflow.search_runs(output_format="list")))
    """)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "other")], capture_output=True, text=True
    )
    assert done.stdout == "7 7\n", done.stderr
    assert done.stderr.count("Matplotlib") == 1


def test_what_only_prepares_data_is_logged_as_a_step_only(runs: Runs) -> None:
    autolog()
    StandardScaler().fit_transform(X)
    OneHotEncoder().fit(X)
    ColumnTransformer([("all", StandardScaler(), [0, 1])]).fit_transform(X)
    assert runs() == []


def test_classes_of_the_script(runs: Runs) -> None:
    autolog()

    class Derived(Ridge):
        pass

    class Own:
        def fit(self, data: Any, labels: Any) -> Any:
            return Ridge().fit(data, labels)

    Derived().fit(XR, YR)
    Own().fit(XR, YR)
    assert [run.data.tags["estimator_name"] for run in runs()] == ["Derived", "Ridge"]


@pytest.mark.parametrize("copy", [True, False])
def test_training_in_place_changes_no_metric(copy: bool, runs: Runs) -> None:
    autolog()
    Ridge(copy_X=copy).fit(XR.copy(), YR)
    told = Ridge().fit(XR, YR).predict(XR)
    assert runs()[0].data.metrics["training_mean_squared_error"] == pytest.approx(
        metrics.mean_squared_error(YR, told), abs=1e-9
    )


@pytest.mark.usefixtures("no_pictures")
def test_threads_of_a_fit_are_part_of_it(runs: Runs) -> None:
    autolog()
    RandomForestClassifier(4, n_jobs=2, random_state=0).fit(X, Y)
    assert len(runs()) == 1


def test_a_second_model_in_a_run(runs: Runs, warned: Warned) -> None:
    autolog()
    with tuiflow.start_run():
        Ridge(alpha=1).fit(XR, YR)
        Ridge(alpha=2).fit(XR, YR)
    (run,) = runs()
    assert run.data.params["alpha"] == "1"
    (message,) = warned()
    assert "lacks the params" in message


@pytest.mark.usefixtures("no_pictures")
def test_labels_in_a_column(runs: Runs, warned: Warned) -> None:
    autolog()
    KNeighborsClassifier().fit(X, Y.reshape(-1, 1))
    assert set(runs()[0].data.metrics) == CLASSIFIER | CHANCES
    assert warned() == []


@pytest.mark.parametrize(("leave", "fits"), [(True, 0), (False, 1)])
def test_versions_it_was_not_tried_with(
    leave: bool, fits: int, runs: Runs, warned: Warned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuiflow.sklearn.enable.TRIED_WITH", "99.0")
    autolog(disable_for_unsupported_versions=leave)
    Ridge().fit(XR, YR)
    assert len(runs()) == fits
    assert len(warned()) == fits


@pytest.mark.usefixtures("no_pictures")
def test_estimators_keep_scikit_learns_conventions() -> None:
    autolog(silent=True)
    results = check_estimator(PCA(), on_fail=None, on_skip=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []


@pytest.mark.parametrize("arguments", [{"max_tuning_runs": -1}, {"serialization_format": "onnx"}])
def test_arguments_that_make_no_sense(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        tuiflow.sklearn.autolog(**arguments)


def test_switched_off_it_is_as_before(runs: Runs) -> None:
    before = (Ridge.fit, DecisionTreeRegressor.predict, metrics.f1_score, PCA.score)
    autolog()
    assert Ridge.fit is not before[0]
    tuiflow.sklearn.autolog(disable=True)
    assert (Ridge.fit, DecisionTreeRegressor.predict, metrics.f1_score, PCA.score) == before
    Ridge().fit(XR, YR)
    assert runs() == []
