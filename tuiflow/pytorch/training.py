"""What is logged around the `fit` of Lightning's Trainer."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from typing import Any

from tuiflow.pytorch import callback
from tuiflow.pytorch.settings import MODEL_FILE, config
from tuiflow.tracking import record
from tuiflow.tracking.autolog.patching import Original
from tuiflow.tracking.autolog.session import Session

SUMMARY_FILE = "model_summary.txt"
RESTORED_FOLDER = "restored_model_checkpoint"

_EARLY_STOPPING = ("monitor", "mode", "patience", "min_delta", "stopped_epoch")


def log_fit(session: Session, original: Original, trainer: Any, *args: Any, **kwargs: Any) -> Any:
    """Fit with the callback that logs, and log after it what tells how it ended."""
    settings = config()
    namespace = _namespace(original)
    stopping = None
    with session.attempt("the params of early stopping"):
        kind = importlib.import_module(f"{namespace}.callbacks").EarlyStopping
        stopping = next((one for one in trainer.callbacks if isinstance(one, kind)), None)
        if stopping is not None:
            session.buffer.params({key: getattr(stopping, key) for key in _EARLY_STOPPING})
    with session.attempt("the metrics"):
        ours = callback.make(namespace, session, settings)
        # That of an earlier fit belongs to that one's run.
        theirs = [one for one in trainer.callbacks if not hasattr(one, "tuiflow_session")]
        trainer.callbacks = [*theirs, ours]
    result = original(trainer, *args, **kwargs)
    if stopping is not None:
        with session.attempt("where it stopped"):
            _log_stopped(session, stopping)
    with session.attempt(SUMMARY_FILE):
        summary = importlib.import_module(f"{namespace}.utilities.model_summary").ModelSummary
        text = str(summary(trainer.lightning_module, max_depth=-1))
        record.log_text(session.store, session.run_id, text, SUMMARY_FILE)
    if settings.log_models:
        with session.attempt("the model"):
            _log_model(session, trainer, stopping)
    return result


def _namespace(original: Original) -> str:
    """`lightning.pytorch` or `pytorch_lightning`."""
    return str(original.function.__module__).partition(".trainer")[0]


def _log_stopped(session: Session, stopping: Any) -> None:
    if not stopping.stopped_epoch:
        return
    session.buffer.metrics(
        {
            "stopped_epoch": stopping.stopped_epoch,
            "restored_epoch": stopping.stopped_epoch - max(1, stopping.patience),
            "best_score": float(stopping.best_score),
            "wait_count": stopping.wait_count,
        }
    )


def _log_model(session: Session, trainer: Any, stopping: Any) -> None:
    """The module's weights and hyperparameters; of several ranks, what ModelCheckpoint kept."""
    store, run_id = session.store, session.run_id
    best = getattr(trainer.checkpoint_callback, "best_model_path", "")
    if trainer.world_size == 1:
        folder, _, name = MODEL_FILE.rpartition("/")
        with tempfile.TemporaryDirectory() as temporary:
            path = Path(temporary) / name
            trainer.save_checkpoint(path, weights_only=True)
            record.log_artifact(store, run_id, path, folder)
    if best and (stopping is not None or trainer.world_size > 1):
        record.log_artifact(store, run_id, best, RESTORED_FOLDER)
