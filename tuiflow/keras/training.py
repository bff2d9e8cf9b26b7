"""What is logged around Keras' `fit`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import keras

from tuiflow.data.training_log import DatasetLog
from tuiflow.keras.model import log_model
from tuiflow.keras.settings import KerasConfig, config
from tuiflow.models.keras_flavor import signature_of
from tuiflow.models.schema import ModelSignature
from tuiflow.tracking import record
from tuiflow.tracking.autolog.checkpoints import Checkpoints
from tuiflow.tracking.autolog.patching import Original
from tuiflow.tracking.autolog.session import Session

SUMMARY_FILE = "model_summary.txt"
EXAMPLE_ROWS = 5

_NOT_LOGGED = ("self", "x", "y", "callbacks", "validation_data", "verbose")
_EARLY_STOPPING = ("monitor", "min_delta", "patience", "baseline", "restore_best_weights")


class MetricsCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Hands the metrics of every epoch or step to the session."""

    def __init__(self, session: Session, settings: KerasConfig) -> None:
        super().__init__()
        self._session = session
        self._settings = settings
        self._epoch = 0
        plan = settings.checkpoints
        self._checkpoints = None
        if plan is not None:
            # Keras takes no other suffix for weights: `….weights.h5`.
            suffix = ".h5" if plan.weights_only else ".keras"
            self._checkpoints = Checkpoints(session, plan, suffix)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        with self._session.attempt("the optimizer's params"):
            prefix = self._settings.optimizer_prefix
            found = self.model.optimizer.get_config()
            self._session.buffer.params({f"{prefix}{key}": v for key, v in found.items()})
            self._session.buffer.flush()
        with self._session.attempt(SUMMARY_FILE):
            lines: list[str] = []
            self.model.summary(print_fn=lambda line, *_, **__: lines.append(line))
            text = "\n".join(lines)
            record.log_text(self._session.store, self._session.run_id, text, SUMMARY_FILE)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self._settings.every_n_steps is None:
            self._metrics(logs, epoch)
        if self._checkpoints is not None:
            with self._session.attempt("a checkpoint"):
                read = functools.partial(_numbers, logs)
                self._checkpoints.after_epoch(self._step(), epoch, read, self.save)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        n, checkpoints = self._settings.every_n_steps, self._checkpoints
        if n is None and checkpoints is None:
            return
        with self._session.attempt("the metrics"):
            step = self._step()
            if n is not None and step % n == 0:
                self._metrics(logs, step)
            if checkpoints is not None:
                read = functools.partial(_numbers, logs)
                checkpoints.after_step(step, self._epoch, read, self.save)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        with self._session.attempt("the metrics of validation"):
            step = self._epoch if self._settings.every_n_steps is None else self._step()
            self._metrics({f"validation_{key}": value for key, value in (logs or {}).items()}, step)

    def save(self, path: Any) -> None:
        plan = self._settings.checkpoints
        if plan is not None and plan.weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)

    def _step(self) -> int:
        return int(self.model.optimizer.iterations)

    def _metrics(self, logs: Mapping[str, Any] | None, step: int) -> None:
        with self._session.attempt("the metrics"):
            self._session.buffer.metrics(_numbers(logs), step)
            self._session.buffer.flush_if_due()


def _numbers(logs: Mapping[str, Any] | None) -> dict[str, float]:
    return {key: float(value) for key, value in (logs or {}).items()}


def log_fit(session: Session, original: Original, model: Any, *args: Any, **kwargs: Any) -> Any:
    """Fit, and log before it the arguments and data sets, after it the model."""
    settings = config()
    given = original.bind(model, *args, **kwargs)
    with session.attempt("the params"):
        found = {key: _short(v) for key, v in given.items() if key not in _NOT_LOGGED}
        found["batch_size"] = _batch_size(given)
        session.buffer.params(found)
        session.buffer.flush()
    if settings.log_datasets:
        with session.attempt("the data set"):
            _log_data(session, given)
    callbacks, stopping = _with_callback(session, settings, given.get("callbacks"))
    given["callbacks"] = callbacks
    given.pop("self", None)
    history = original(model, **given)
    if stopping is not None:
        with session.attempt("where it stopped"):
            _log_best(session, stopping, history)
    if settings.log_models:
        _log_model(session, settings, model, given.get("x"))
    return history


def _with_callback(session: Session, settings: KerasConfig, callbacks: Any) -> tuple[Any, Any]:
    """The callbacks with ours, and the one that stops early."""
    callback = MetricsCallback(session, settings)
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks.append(callback)
        return callbacks, None
    theirs = list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]
    theirs = [one for one in theirs if one is not None]
    stopping = next((o for o in theirs if isinstance(o, keras.callbacks.EarlyStopping)), None)
    if stopping is not None:
        with session.attempt("the params of early stopping"):
            session.buffer.params({key: getattr(stopping, key) for key in _EARLY_STOPPING})
    # The first one: those after it may change what they are handed.
    return [callback, *theirs], stopping


def _short(value: Any) -> Any:
    """The shape of an array, such as sample weights, in place of its values."""
    shape = getattr(value, "shape", None)
    return value if shape is None else f"{type(value).__name__} of shape {tuple(shape)}"


def _batch_size(given: Mapping[str, Any]) -> Any:
    """As given, or that of a data set or loader."""
    if given.get("batch_size") is not None:
        return given["batch_size"]
    for name in ("batch_size", "_batch_size"):
        found = getattr(given.get("x"), name, None)
        if found is not None:
            return int(found)
    return None


def _log_data(session: Session, given: Mapping[str, Any]) -> None:
    log = DatasetLog(session)
    log.add("train", None, given.get("x"), given.get("y"))
    validation = given.get("validation_data")
    if isinstance(validation, tuple | list) and len(validation) > 1:
        log.add("eval", None, validation[0], validation[1])


def _log_best(session: Session, stopping: Any, history: Any) -> None:
    """Where early stopping stopped and what it went back to (MLflow's metrics)."""
    if not stopping.stopped_epoch:
        return
    session.buffer.metrics({"stopped_epoch": stopping.stopped_epoch})
    values = history.history.get(stopping.monitor)
    if not stopping.restore_best_weights or stopping.best_weights is None or not values:
        return
    index = history.epoch.index(stopping.best_epoch)
    session.buffer.metrics({"restored_epoch": stopping.best_epoch})
    best = {key: series[index] for key, series in history.history.items() if index < len(series)}
    session.buffer.metrics(best, stopping.stopped_epoch + 1)


def _log_model(session: Session, settings: KerasConfig, model: Any, x: Any) -> None:
    signature: ModelSignature | bool = False
    if settings.log_model_signatures:
        with session.attempt("the model's signature"):
            signature = signature_of(model)
    example = None
    if settings.log_input_examples:
        with session.attempt("the model's input example"):
            import numpy as np

            example = np.asarray(x[:EXAMPLE_ROWS])
    with session.attempt("the model"):
        log_model(
            model,
            name="model",
            signature=signature,
            input_example=example,
            registered_model_name=settings.registered_model_name,
            save_model_kwargs=settings.save_arguments,
        )
