"""What is logged around `xgboost.train`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import xgboost
from xgboost.callback import EarlyStopping, TrainingCallback

from tuiflow.boosting import arguments, heads
from tuiflow.boosting.importance import log_importance
from tuiflow.boosting.models import log_trained
from tuiflow.data.training_log import DatasetLog, check_size
from tuiflow.models.xgboost_flavor import predictor
from tuiflow.tracking.autolog.patching import Original
from tuiflow.tracking.autolog.session import Session
from tuiflow.xgboost import model as model_module
from tuiflow.xgboost.settings import config

# The rest of `train`'s arguments is logged (MLflow's list).
_NOT_LOGGED = ("dtrain", "evals", "obj", "feval", "evals_result", "xgb_model", "callbacks")


class MetricsCallback(TrainingCallback):  # type: ignore[misc]
    """Hands the metrics of every iteration to the session."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._known: Mapping[str, Mapping[str, list[Any]]] = {}
        self.results: list[dict[str, float]] = []

    def after_iteration(
        self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, list[Any]]]
    ) -> bool:
        """`evals_log` is data → metric → its values so far. Never stops the training."""
        self._known = evals_log
        self._log()
        return False

    def after_training(self, model: Any) -> Any:
        # Before XGBoost 3.1 callbacks went in any order, and the one that stops was the last.
        self._log()
        return model

    def _log(self) -> None:
        """Log the iterations that came since."""
        with self._session.attempt("the metrics"):
            series = {
                arguments.metric_key(data, metric): values
                for data, metrics in self._known.items()
                for metric, values in metrics.items()
            }
            done = min(map(len, series.values()), default=0)
            for epoch in range(len(self.results), done):
                found = {key: float(values[epoch]) for key, values in series.items()}
                self.results.append(found)
                self._session.buffer.metrics(found, epoch)
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
            log = DatasetLog(session)
            log.add("train", None, _values(given["dtrain"]))
            for matrix, name in given.get("evals") or ():
                log.add("eval", name, _values(matrix))
    callback = MetricsCallback(session)
    callbacks = list(given.get("callbacks") or ())
    # The first one: XGBoost asks no further callback once one stops the training.
    given["callbacks"] = [callback, *callbacks]
    booster = original(**given)
    if settings.log_models and with_model:
        dtrain = given["dtrain"]
        log_trained(
            session, settings, log_model, booster, predictor(booster), lambda: heads.head_of(dtrain)
        )
    stops = given.get("early_stopping_rounds") or any(
        isinstance(one, EarlyStopping) for one in callbacks
    )
    if stops:
        with session.attempt("where it stopped"):
            _log_best(session, callback, booster)
    for kind in settings.importance_types:
        with session.attempt(f"the feature importance by {kind}"):
            log_importance(session, kind, booster.get_score(importance_type=kind))
    return booster


def log_model(model: Any, **arguments: Any) -> None:
    model_module.log_model(model, model_format=config().model_format, **arguments)


def _log_best(session: Session, callback: MetricsCallback, booster: xgboost.Booster) -> None:
    """The best iteration's metrics once more, one step after the last (as MLflow has it)."""
    results, best = callback.results, booster.best_iteration
    session.buffer.metrics({"stopped_iteration": len(results) - 1, "best_iteration": best})
    session.buffer.metrics(results[best], len(results))


def _values(matrix: xgboost.DMatrix) -> Any:
    check_size((matrix.num_row(), matrix.num_col()))
    return matrix.get_data()
