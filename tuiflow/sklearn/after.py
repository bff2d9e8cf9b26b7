"""Scores and metrics that a script computes after `fit` go to the run of the fit.

A model is known by its identity, and so are predictions: a metric belongs to the run whose model
made one of its arguments. Names are MLflow's: `METRIC[-N]_DATA`, where N counts calls of the same
metric and DATA is the caller's variable that was predicted for. `metric_info.json` tells the calls.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tuiflow.sklearn.datasets import log_dataset
from tuiflow.sklearn.naming import call_text, variable_name
from tuiflow.sklearn.settings import FLAVOR, config
from tuiflow.store import Store
from tuiflow.tracking import record
from tuiflow.tracking.autolog import guard
from tuiflow.tracking.autolog.patching import Original, reason, warn
from tuiflow.tracking.autolog.session import Session

INFO_FILE = "metric_info.json"


class _Fitted:
    """A run that models were fitted in, and what was asked of them since."""

    def __init__(self, store: Store, run_id: str) -> None:
        self.store = store
        self.run_id = run_id
        self.datasets: dict[str, list[int | None]] = {}
        self.calls: dict[str, list[tuple[str, str]]] = {}
        self.predicted: set[str] = set()

    def dataset_name(self, data: Any) -> str:
        """`X_test`; `X_test-2` for another object of that name."""
        name = variable_name(data)
        with _lock:
            known = self.datasets.setdefault(name, [])
            if id(data) not in known:
                known.append(id(data))
                _when_gone(data, _forget, known, len(known) - 1)
            return _numbered(name, known.index(id(data)))

    def is_first_prediction(self, dataset: str) -> bool:
        """Whether nothing was predicted for the data of that name before."""
        with _lock:
            first = dataset not in self.predicted
            self.predicted.add(dataset)
            return first

    def metric_name(self, metric: str, dataset: str, call: str) -> str:
        with _lock:
            calls = self.calls.setdefault(metric, [])
            key = f"{_numbered(metric, len(calls))}_{dataset}"
            calls.append((key, call))
            return key

    def log(self, key: str, value: Any) -> None:
        points = [record.metric(key, value, None, None)]
        self.store.log_batch(self.run_id, metrics=points, in_order=True)
        with _lock:
            calls = dict(sorted(call for calls in self.calls.values() for call in calls))
        record.log_dict(self.store, self.run_id, calls, INFO_FILE)


_lock = threading.RLock()
_runs: weakref.WeakValueDictionary[str, _Fitted] = weakref.WeakValueDictionary()
_models: dict[int, _Fitted] = {}
_predictions: dict[int, tuple[_Fitted, str]] = {}


def remember_model(session: Session, estimator: Any) -> None:
    """From now on, what is computed with `estimator` goes to the session's run."""
    with _lock:
        run = _runs.get(session.run_id)
        if run is None:
            run = _runs[session.run_id] = _Fitted(session.store, session.run_id)
        if id(estimator) not in _models:
            _when_gone(estimator, _models.pop, id(estimator), None)
        _models[id(estimator)] = run


def log_prediction(original: Original, estimator: Any, *args: Any, **kwargs: Any) -> None:
    """Around `predict` and its kin: remember which run the result is from."""
    run = _models.get(id(estimator))
    if run is None or guard.inside() or not config().log_post_training_metrics:
        original(estimator, *args, **kwargs)
        return
    with guard.entered():
        result = original(estimator, *args, **kwargs)
    with _told(run):
        data = _first(original, args, kwargs)
        dataset = run.dataset_name(data)
        with _lock:
            if _when_gone(result, _predictions.pop, id(result), None):
                _predictions[id(result)] = (run, dataset)
        if run.is_first_prediction(dataset) and config().log_datasets:
            log_dataset(run.store, run.run_id, "eval", data)


def log_score(original: Original, estimator: Any, *args: Any, **kwargs: Any) -> None:
    """Around `score`: log it as `ESTIMATOR_score_DATA`."""
    run = _models.get(id(estimator))
    if run is None or guard.inside() or not config().log_post_training_metrics:
        original(estimator, *args, **kwargs)
        return
    with guard.entered():
        score = original(estimator, *args, **kwargs)
    if not _is_number(score):
        return
    with _told(run):
        kind = type(estimator).__name__
        call = call_text(f"{kind}.score", original.function.__get__(estimator), args, kwargs)
        dataset = run.dataset_name(_first(original, args, kwargs))
        run.log(run.metric_name(f"{kind}_score", dataset, call), score)


def log_metric_call(original: Original, *args: Any, **kwargs: Any) -> None:
    """Around a function of `sklearn.metrics`: log what it returns for a known prediction."""
    if not _predictions or guard.inside() or not config().log_post_training_metrics:
        original(*args, **kwargs)
        return
    with guard.entered():
        value = original(*args, **kwargs)
    if not _is_number(value):
        return
    found = next(
        (_predictions[id(a)] for a in (*args, *kwargs.values()) if id(a) in _predictions), None
    )
    if found is not None:
        run, dataset = found
        with _told(run):
            name = original.function.__name__
            call = call_text(name, original.function, args, kwargs)
            run.log(run.metric_name(name, dataset, call), value)


def call_without_logging(original: Original, *args: Any, **kwargs: Any) -> None:
    """Around what fits many times to judge one estimator, such as cross_val_score."""
    with guard.entered():
        original(*args, **kwargs)


@contextlib.contextmanager
def _told(run: _Fitted) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        warn(FLAVOR, f"run {run.run_id} lacks what was computed after the fit ({reason(error)}).")


def _first(original: Original, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    return args[0] if args else next(iter(kwargs.values()), None)


def _is_number(value: Any) -> bool:
    import numpy as np

    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _numbered(name: str, index: int) -> str:
    return name if index == 0 else f"{name}-{index + 1}"


def _forget(known: list[int | None], index: int) -> None:
    known[index] = None


def _when_gone(value: Any, call: Any, *args: Any) -> bool:
    """Call when `value` is no more and its id may be another's; False where that can't be told."""
    try:
        weakref.finalize(value, call, *args).atexit = False
    except TypeError:
        return False
    return True
