"""Searches for parameters (GridSearchCV and its kin): best values, all results, and child runs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from numbers import Real
from typing import Any

from tuiflow.entities import TAG_PARENT, DatasetInput, RunStatus
from tuiflow.sklearn.settings import FLAVOR, SklearnConfig
from tuiflow.store import now_ms
from tuiflow.tracking import record
from tuiflow.tracking.autolog.buffer import Buffer
from tuiflow.tracking.autolog.session import TAG_AUTOLOG, Session

RESULTS_FILE = "cv_results.csv"
_NO_METRICS = ("param", "split")

_log = logging.getLogger("tuiflow.autolog")


def is_search(estimator: Any) -> bool:
    """Whether `estimator` tries parameters on an estimator of its own."""
    from sklearn.model_selection._search import BaseSearchCV

    return isinstance(estimator, BaseSearchCV)


def has_untuned_params(estimator: Any) -> bool:
    """Whether deep parameters would be those of the seed, which no one fits (MLflow's choice)."""
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

    return isinstance(estimator, GridSearchCV | RandomizedSearchCV)


def estimator_tags(estimator: Any) -> dict[str, str]:
    kind = type(estimator)
    return {
        "estimator_name": kind.__name__,
        "estimator_class": f"{kind.__module__}.{kind.__name__}",
    }


def log_search(
    session: Session,
    config: SklearnConfig,
    search: Any,
    script_tags: Mapping[str, str],
    dataset: DatasetInput | None,
) -> None:
    """Log the best score and parameters, a table of all results, and the best tries as children.

    A try's child has the full parameters of its estimator and, as metrics, mean, deviation and
    rank of its scores and times (without those of single folds).
    """
    import pandas as pd

    if hasattr(search, "best_score_"):
        with session.attempt("the best score"):
            session.buffer.metrics({"best_cv_score": search.best_score_})
    if hasattr(search, "best_params_"):
        session.buffer.params({f"best_{key}": value for key, value in search.best_params_.items()})
    with session.attempt("the best params"):
        session.buffer.flush()
    if not hasattr(search, "cv_results_"):
        return
    results = pd.DataFrame.from_dict(search.cv_results_)
    with session.attempt("the table of results"):
        record.log_text(session.store, session.run_id, results.to_csv(index=False), RESULTS_FILE)
    with session.attempt("the runs of the tries"):
        best = _best(results, config)
        if len(best) < len(results) and not config.silent:
            _log.info("%d of %d tries are logged as runs.", len(best), len(results))
        parent = session.store.get_run(session.run_id).info
        base = search.estimator.get_params(deep=not has_untuned_params(search.estimator))
        tags = {
            **script_tags,
            TAG_AUTOLOG: FLAVOR,
            TAG_PARENT: session.run_id,
            **estimator_tags(search.estimator),
        }
        for _, row in best.iterrows():
            _log_try(session, parent.experiment_id, parent.start_time, base, tags, row, dataset)


def _best(results: Any, config: SklearnConfig) -> Any:
    """The rows to make runs of: by the rank of the (first) score."""
    if config.max_tuning_runs is None:
        return results
    ranks = [name for name in results.columns if name.startswith("rank_test_")]
    rank = "rank_test_score" if "rank_test_score" in ranks else ranks[0]
    return results.nsmallest(config.max_tuning_runs, rank)


def _log_try(
    session: Session,
    experiment_id: str,
    start_time: int,
    base: Mapping[str, Any],
    tags: Mapping[str, str],
    row: Any,
    dataset: DatasetInput | None,
) -> None:
    store = session.store
    run_id = store.create_run(experiment_id, start_time=start_time, tags=tags).info.run_id
    status = RunStatus.FAILED
    try:
        buffer = Buffer(store, run_id)
        buffer.params({**base, **row.get("params", {})})
        buffer.metrics(
            {
                key: float(value)
                for key, value in row.items()
                if not key.startswith(_NO_METRICS) and isinstance(value, Real)
            }
        )
        buffer.flush()
        if dataset is not None:
            store.log_inputs(run_id, [dataset])
        status = RunStatus.FINISHED
    finally:
        store.finish_run(run_id, status.value, now_ms())
