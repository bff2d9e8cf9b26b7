"""Checkpoints of a running training, as artifacts of its run.

Names are MLflow's (mlflow/utils/checkpoint_utils.py): `checkpoints/latest_checkpoint.SUFFIX`, or
one folder for each epoch or step, `checkpoints/epoch_3/checkpoint.SUFFIX`, with the metrics beside
it and the newest one's path in a tag.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tuiflow.errors import InvalidInput, NotFound
from tuiflow.tracking import active, record
from tuiflow.tracking.autolog.session import Session
from tuiflow.tracking.stores import current_store

TAG_LATEST = "mlflow.latest_checkpoint_artifact"
FOLDER = "checkpoints"

Metrics = Callable[[], Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointPlan:
    """When to save, and what: after each epoch or after `every` steps; with `best_only` only what
    is better by the metric `monitor`, over the one before; with `weights_only` no state of the
    optimizer. Raises InvalidInput for what makes no sense."""

    monitor: str = "val_loss"
    mode: str = "min"
    best_only: bool = True
    weights_only: bool = False
    every: str | int = "epoch"

    def __post_init__(self) -> None:
        if self.mode not in ("min", "max"):
            raise InvalidInput(f"checkpoint_mode is min or max, not {self.mode!r:.40}.")
        if self.every != "epoch" and not (isinstance(self.every, int) and self.every > 0):
            raise InvalidInput(
                f"checkpoint_save_freq is 'epoch' or a number of steps, not {self.every!r:.40}."
            )


class Checkpoints:
    """Saves checkpoints of one training by a plan; `suffix` is that of the library's files."""

    def __init__(self, session: Session, plan: CheckpointPlan, suffix: str) -> None:
        self._session = session
        self._plan = plan
        self._suffix = suffix
        self._best: float | None = None

    def after_step(
        self, step: int, epoch: int, read: Metrics, save: Callable[[Path], object]
    ) -> None:
        """`save` writes the library's file; `read` is called where a checkpoint may be due."""
        if isinstance(self._plan.every, int) and step > 0 and step % self._plan.every == 0:
            self._offer(step, epoch, read(), save)

    def after_epoch(
        self, step: int, epoch: int, read: Metrics, save: Callable[[Path], object]
    ) -> None:
        """As `after_step`."""
        if self._plan.every == "epoch":
            self._offer(step, epoch, read(), save)

    def _offer(
        self, step: int, epoch: int, metrics: Mapping[str, float], save: Callable[[Path], object]
    ) -> None:
        if not self._plan.best_only or self._is_best(metrics):
            with self._session.attempt("a checkpoint"):
                self._save(step, epoch, metrics, save)

    def _is_best(self, metrics: Mapping[str, float]) -> bool:
        value = metrics.get(self._plan.monitor)
        # Without the metric, such as the default val_loss in a training without validation,
        # nothing can be the best.
        if value is None:
            return False
        before = self._best
        sign = 1 if self._plan.mode == "min" else -1
        better = before is None or sign * value < sign * before
        if better:
            self._best = value
        return better

    def _save(
        self, step: int, epoch: int, metrics: Mapping[str, float], save: Callable[[Path], object]
    ) -> None:
        weights = ".weights" if self._plan.weights_only else ""
        if self._plan.best_only:
            folder, prefix = FOLDER, "latest_"
        elif self._plan.every == "epoch":
            folder, prefix = f"{FOLDER}/epoch_{epoch}", ""
        else:
            folder, prefix = f"{FOLDER}/global_step_{step}", ""
        name = f"{prefix}checkpoint{weights}{self._suffix}"
        session = self._session
        with tempfile.TemporaryDirectory() as temporary:
            path = Path(temporary) / name
            save(path)
            record.log_artifact(session.store, session.run_id, path, folder)
        facts = {**metrics, "epoch": epoch, "global_step": step}
        record.log_dict(
            session.store, session.run_id, facts, f"{folder}/{prefix}checkpoint_metrics.json"
        )
        session.buffer.tags({TAG_LATEST: f"{folder}/{name}"})
        session.buffer.flush()


def checkpoint_path(
    run_id: str | None, epoch: int | None, global_step: int | None, otherwise: str | None = None
) -> Path:
    """The file of a run's newest checkpoint (None for the active run), of the one after an epoch or
    a step, or else the artifact `otherwise`. Raises NotFound, InvalidInput."""
    if epoch is not None and global_step is not None:
        raise InvalidInput("Give epoch or global_step, not both.")
    opened = active.current()
    if run_id is not None:
        store = current_store()
        run_id = store.resolve_run(run_id)
    elif opened is not None:
        store, run_id = opened.store, opened.run_id
    else:
        raise InvalidInput("Give load_checkpoint a run_id; no run is active.")
    newest = store.get_run(run_id).data.tags.get(TAG_LATEST)
    artifact = newest or otherwise
    if artifact is None:
        raise NotFound(f"The run {run_id} has no checkpoint.")
    if epoch is not None or global_step is not None:
        folder = f"epoch_{epoch}" if epoch is not None else f"global_step_{global_step}"
        artifact = f"{FOLDER}/{folder}/{artifact.rpartition('/')[2]}"
    try:
        return store.artifact_path(run_id, artifact)
    except NotFound:
        raise NotFound(f"The run {run_id} has no checkpoint {artifact}.") from None
