"""The callback that hands Lightning's metrics to a run.

It is a class of `lightning.pytorch` or of `pytorch_lightning`, as the Trainer is; strategies that
start processes send it there, so it is pickled as what it is made from.
"""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from typing import Any

from tuiflow.pytorch.settings import FLAVOR, LightningConfig
from tuiflow.store import open_store
from tuiflow.tracking.autolog import switches
from tuiflow.tracking.autolog.checkpoints import Checkpoints
from tuiflow.tracking.autolog.session import Session

SUFFIX = ".pth"


class _Hooks:
    """What is logged when; only rank 0 does."""

    def __init__(self, namespace: str, session: Session, settings: LightningConfig) -> None:
        self.tuiflow_session = session
        self._namespace = namespace
        self._settings = settings
        self._by_step: set[str] = set()
        self._by_epoch: set[str] = set()
        plan = settings.checkpoints
        self._checkpoints = None if plan is None else Checkpoints(session, plan, SUFFIX)

    def __reduce__(self) -> Any:
        session = self.tuiflow_session
        arguments = (self._namespace, session.store.root, session.run_id, self._settings)
        return _rebuilt, arguments

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        if not trainer.is_global_zero:
            return
        buffer = self.tuiflow_session.buffer
        with self.tuiflow_session.attempt("the params"):
            buffer.tags({"Mode": "training"})
            params: dict[str, Any] = {"epochs": trainer.max_epochs}
            if trainer.optimizers:
                optimizer = trainer.optimizers[0]
                inner = getattr(optimizer, "_optimizer", optimizer)
                params["optimizer_name"] = type(inner).__name__
                params |= getattr(inner, "defaults", {})
            buffer.params(params)
            buffer.flush()

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        n, checkpoints = self._settings.every_n_step, self._checkpoints
        if not trainer.is_global_zero or (n is None and checkpoints is None):
            return
        with self.tuiflow_session.attempt("the metrics"):
            step = trainer.global_step
            if n is not None:
                self._log_step(trainer, step, n)
            if checkpoints is not None:
                found = functools.partial(_numbers, trainer.callback_metrics)
                checkpoints.after_step(
                    step, trainer.current_epoch, found, functools.partial(self._save, trainer)
                )

    def _log_step(self, trainer: Any, step: int, n: int) -> None:
        known = trainer.callback_metrics
        # Of what is logged by step and by epoch, the plain name is the epoch's.
        found = {
            name: value
            for name, value in known.items()
            if name not in self._by_epoch and f"{name}_step" not in known
        }
        self._by_step |= found.keys()
        # Every optimizer's step counts as one.
        batches = step // max(len(trainer.optimizers), 1)
        if (batches + 1) % n == 0:
            self.tuiflow_session.buffer.metrics(_numbers(found), step)
            self.tuiflow_session.buffer.flush_if_due()

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if not trainer.is_global_zero:
            return
        with self.tuiflow_session.attempt("the metrics"):
            known = trainer.callback_metrics
            found = {name: value for name, value in known.items() if name not in self._by_step}
            self._by_epoch |= found.keys()
            epoch = trainer.current_epoch
            if (epoch + 1) % self._settings.every_n_epoch == 0:
                self.tuiflow_session.buffer.metrics(_numbers(found), epoch)
                self.tuiflow_session.buffer.flush_if_due()
            if self._checkpoints is not None:
                self._checkpoints.after_epoch(
                    trainer.global_step,
                    epoch,
                    functools.partial(_numbers, known),
                    functools.partial(self._save, trainer),
                )

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        if trainer.is_global_zero:
            with self.tuiflow_session.attempt("the last metrics"):
                self.tuiflow_session.buffer.flush()

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        """`test` of a Trainer whose `fit` was logged logs to the same run."""
        session = self.tuiflow_session
        if not trainer.is_global_zero or not switches.is_on(FLAVOR):
            return
        with session.attempt("the test's metrics"):
            session.buffer.tags({"Mode": "testing"})
            session.buffer.metrics(_numbers(trainer.callback_metrics))
            session.buffer.flush()
        session.tell()

    def _save(self, trainer: Any, path: Path) -> None:
        plan = self._settings.checkpoints
        weights_only = plan is not None and plan.weights_only
        if trainer.world_size == 1:
            trainer.save_checkpoint(path, weights_only)
            return
        # `save_checkpoint` waits for the other ranks, which don't call it.
        dumped = trainer._checkpoint_connector.dump_checkpoint(weights_only)
        trainer.strategy.save_checkpoint(dumped, path)


def _numbers(metrics: Any) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items()}


def make(namespace: str, session: Session, settings: LightningConfig) -> Any:
    """A callback for the Trainer of the package `namespace`."""
    return _class_of(namespace)(namespace, session, settings)


@functools.cache
def _class_of(namespace: str) -> type:
    callbacks = importlib.import_module(f"{namespace}.callbacks")
    return type("TuiflowCallback", (_Hooks, callbacks.Callback), {})


def _rebuilt(namespace: str, location: Path, run_id: str, settings: LightningConfig) -> Any:
    return make(namespace, Session(FLAVOR, open_store(location), run_id), settings)
