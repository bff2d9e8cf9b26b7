"""What is logged around `lightgbm.train`."""

from __future__ import annotations

from typing import Any

from tuiflow.boosting import arguments, heads
from tuiflow.boosting.importance import log_importance
from tuiflow.boosting.models import log_trained
from tuiflow.data.training_log import DatasetLog
from tuiflow.lightgbm.model import log_model
from tuiflow.lightgbm.settings import config
from tuiflow.models.lightgbm_flavor import predictor
from tuiflow.tracking.autolog.patching import Original
from tuiflow.tracking.autolog.session import Session

# The rest of `train`'s arguments is logged (MLflow's list).
_NOT_LOGGED = (
    "train_set",
    "valid_sets",
    "valid_names",
    "fobj",
    "feval",
    "init_model",
    "learning_rates",
    "callbacks",
)
_IMPORTANCE = ("split", "gain")


class MetricsCallback:
    """Hands the metrics of every iteration to the session."""

    # Before the callback that ends the training early, by an exception.
    order = -1000
    before_iteration = False

    def __init__(self, session: Session) -> None:
        self._session = session
        self.results: list[dict[str, float]] = []
        # LightGBM gives an order to callbacks that have none of their own.
        self.__dict__["order"] = self.order

    def __call__(self, env: Any) -> None:
        """`env` is LightGBM's CallbackEnv; its results are (data, metric, value, …)."""
        with self._session.attempt("the metrics"):
            found = {
                arguments.metric_key(data, metric): float(value)
                for data, metric, value, *_ in env.evaluation_result_list or ()
            }
            self.results.append(found)
            self._session.buffer.metrics(found, env.iteration)
            self._session.buffer.flush_if_due()


def log_train(
    session: Session, original: Original, *args: Any, with_model: bool = True, **kwargs: Any
) -> Any:
    """Train, and log before it the parameters and data sets, after it the model and what tells
    how it came about."""
    settings = config()
    given = original.bind(*args, **kwargs)
    with session.attempt("the params"):
        session.buffer.params(arguments.to_log(given, _NOT_LOGGED))
        session.buffer.flush()
    if settings.log_datasets:
        with session.attempt("the data set"):
            _log_data(session, given)
    callback = MetricsCallback(session)
    given["callbacks"] = [callback, *(given.get("callbacks") or ())]
    booster = original(**given)
    if booster.best_iteration > 0:
        with session.attempt("where it stopped"):
            _log_best(session, callback, booster.best_iteration)
    for kind in _IMPORTANCE:
        with session.attempt(f"the feature importance by {kind}"):
            values = booster.feature_importance(importance_type=kind).tolist()
            log_importance(session, kind, dict(zip(booster.feature_name(), values, strict=True)))
    if settings.log_models and with_model:
        data = given["train_set"]
        log_trained(
            session, settings, log_model, booster, predictor(booster), lambda: heads.head_of(data)
        )
    return booster


def _log_data(session: Session, given: dict[str, Any]) -> None:
    log = DatasetLog(session)
    train_set = given["train_set"]
    log.add("train", None, train_set.data, train_set.label)
    valid = given.get("valid_sets") or ()
    sets = list(valid) if isinstance(valid, list | tuple) else [valid]
    names = given.get("valid_names") or ()
    named = [names] if isinstance(names, str) else list(names)
    for index, data in enumerate(sets):
        log.add("eval", named[index] if index < len(named) else None, data.data, data.label)


def _log_best(session: Session, callback: MetricsCallback, best: int) -> None:
    """The best iteration, counted from 1, and its metrics once more, one step after the last (as
    MLflow has it)."""
    results = callback.results
    session.buffer.metrics({"stopped_iteration": len(results), "best_iteration": best})
    session.buffer.metrics(results[best - 1], len(results))
