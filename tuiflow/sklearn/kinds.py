"""Which metrics describe a fit, by the kind of the estimator (names and definitions of MLflow's
`mlflow/sklearn/utils.py`)."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from tuiflow.sklearn.fit_data import FitData, argument_names

PREFIX = "training_"

Miss = Callable[[str, BaseException], None]
"""Told the name of a metric and why there is none."""


def training_metrics(
    estimator: Any, data: FitData, pos_label: int | str | None, miss: Miss
) -> dict[str, float]:
    """Metrics of a fitted estimator on what it was fitted with; none without labels.

    Classifiers: precision, recall and F1 (weighted by class, or of `pos_label`), accuracy, and
    with `predict_proba` log loss and the area under the ROC curve (one-vs-one where there are more
    than two classes). Regressors: (root) mean squared and mean absolute error, R². All: `score`.
    """
    from sklearn.base import is_classifier, is_regressor

    if data.y is None or _is_without_model(estimator):
        return {}
    found: dict[str, float] = {}

    def add(name: str, compute: Callable[[], Any]) -> None:
        try:
            found[PREFIX + name] = compute()
        except Exception as error:
            miss(PREFIX + name, error)

    try:
        if is_classifier(estimator):
            _add_classifier(add, estimator, data, pos_label)
        elif is_regressor(estimator):
            _add_regressor(add, found, estimator, data)
    except Exception as error:
        miss("training metrics", error)
    if hasattr(estimator, "score"):
        add("score", lambda: _score(estimator, data, found))
    return found


def _is_without_model(estimator: Any) -> bool:
    """A search that was told not to fit its best try."""
    return getattr(estimator, "refit", True) is False


def _add_classifier(
    add: Callable[[str, Callable[[], Any]], None],
    estimator: Any,
    data: FitData,
    pos_label: int | str | None,
) -> None:
    from sklearn import metrics

    y, weight = data.labels(), data.weight
    predicted = estimator.predict(data.X)
    average = "weighted" if pos_label is None else "binary"
    for function in (metrics.precision_score, metrics.recall_score, metrics.f1_score):
        add(
            function.__name__,
            lambda function=function: function(  # type: ignore[misc]
                y, predicted, pos_label=pos_label, average=average, sample_weight=weight
            ),
        )
    add("accuracy_score", lambda: metrics.accuracy_score(y, predicted, sample_weight=weight))
    if not hasattr(estimator, "predict_proba"):
        return
    chance = estimator.predict_proba(data.X)
    add("log_loss", lambda: metrics.log_loss(y, chance, sample_weight=weight))
    # For two classes, roc_auc_score takes the chance of the greater label.
    scores = chance[:, 1] if len(chance[0]) == 2 else chance
    add(
        "roc_auc",
        lambda: metrics.roc_auc_score(
            y, scores, average="weighted", sample_weight=weight, multi_class="ovo"
        ),
    )


def _add_regressor(
    add: Callable[[str, Callable[[], Any]], None],
    found: dict[str, float],
    estimator: Any,
    data: FitData,
) -> None:
    from sklearn import metrics

    y, predicted = data.labels(), estimator.predict(data.X)
    for function in (metrics.mean_squared_error, metrics.mean_absolute_error, metrics.r2_score):
        add(
            function.__name__,
            lambda function=function: function(  # type: ignore[misc]
                y, predicted, sample_weight=data.weight
            ),
        )
    squared = found.get(f"{PREFIX}mean_squared_error")
    if squared is not None:
        found[f"{PREFIX}root_mean_squared_error"] = math.sqrt(squared)


def _score(estimator: Any, data: FitData, found: dict[str, float]) -> Any:
    """`estimator.score`, or what is known already to be the same without predicting once more."""
    from sklearn.base import ClassifierMixin, RegressorMixin

    score = inspect.unwrap(type(estimator).score)
    for mixin, name in ((ClassifierMixin, "accuracy_score"), (RegressorMixin, "r2_score")):
        known = found.get(PREFIX + name)
        if known is not None and score is inspect.unwrap(mixin.score):
            return known
    if "sample_weight" in argument_names(estimator.score):
        return estimator.score(data.X, data.y, data.weight)
    return estimator.score(data.X, data.y)
