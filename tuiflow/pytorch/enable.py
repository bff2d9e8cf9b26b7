"""`tuiflow.pytorch.autolog()`: the `fit` of Lightning's Trainer is wrapped, a callback logs."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

from tuiflow.errors import InvalidInput
from tuiflow.pytorch.settings import FLAVOR, TRIED_WITH, LightningConfig
from tuiflow.tracking.autolog import imports, switches
from tuiflow.tracking.autolog.checkpoints import CheckpointPlan
from tuiflow.tracking.autolog.patching import Original, patch, reason, warn
from tuiflow.tracking.autolog.session import managed

# Lightning goes by two names, which share nothing; both are logged.
_TRAINERS = {
    "lightning.pytorch.trainer.trainer": "lightning",
    "pytorch_lightning.trainer.trainer": "pytorch-lightning",
}


def autolog(
    log_every_n_epoch: int = 1,
    log_every_n_step: int | None = None,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    extra_tags: Mapping[str, str] | None = None,
    checkpoint: bool = True,
    checkpoint_monitor: str = "val_loss",
    checkpoint_mode: str = "min",
    checkpoint_save_best_only: bool = True,
    checkpoint_save_weights_only: bool = False,
    checkpoint_save_freq: str | int = "epoch",
    log_model_signatures: bool = True,
) -> None:
    """Log every `fit` of a Lightning Trainer from now on, or with `disable` no more.

    A training logs into the active run, or into one of its own: epochs, the optimizer and its
    settings, the metrics that the module logs, every `log_every_n_epoch` epochs and, if it is
    given, every `log_every_n_step` steps, early stopping, the model's summary, checkpoints (see
    `CheckpointPlan`) and the trained model as a checkpoint. `test` after it logs its metrics there
    too. Only rank 0 logs.

    The model is not one in MLflow's format, which would be a pickle: `log_model_signatures` has no
    effect, and `registered_model_name` gets a warning. MLflow logs no data sets for Lightning, nor
    does tuiflow. The other arguments are those of `AutologConfig`. Raises InvalidInput for
    arguments that make no sense.
    """
    if disable:
        switches.switch_off(FLAVOR)
        return
    for name, value in (
        ("log_every_n_epoch", log_every_n_epoch),
        ("log_every_n_step", log_every_n_step),
    ):
        if value is not None and value < 1:
            raise InvalidInput(f"{name} is 1 or more, not {value}.")
    plan = CheckpointPlan(
        monitor=checkpoint_monitor,
        mode=checkpoint_mode,
        best_only=checkpoint_save_best_only,
        weights_only=checkpoint_save_weights_only,
        every=checkpoint_save_freq,
    )
    config = LightningConfig(
        log_model_signatures=log_model_signatures,
        log_models=log_models,
        log_datasets=log_datasets,
        exclusive=exclusive,
        disable_for_unsupported_versions=disable_for_unsupported_versions,
        silent=silent,
        registered_model_name=registered_model_name,
        extra_tags=dict(extra_tags or {}),
        every_n_epoch=log_every_n_epoch,
        every_n_step=log_every_n_step,
        checkpoints=plan if checkpoint else None,
    )
    switches.switch_on(FLAVOR, config)
    if registered_model_name is not None:
        warn(FLAVOR, "its models are checkpoints, which can't be registered.")
    for module in _TRAINERS:
        imports.when_imported(module, _patch)


def _patch(module: types.ModuleType) -> None:
    """Wrap `fit` where the library is imported; a mistake must not break that."""
    try:
        config = switches.config_of(FLAVOR, LightningConfig)
        if switches.is_on(FLAVOR) and switches.supported(
            FLAVOR, _TRAINERS[module.__name__], TRIED_WITH, config
        ):
            patch(FLAVOR, module.Trainer, "fit", _log_fit_of_rank_0)
    except Exception as error:
        warn(FLAVOR, f"{module.__name__} is not logged ({reason(error)}).")


def _log_fit_of_rank_0(original: Original, trainer: Any, *args: Any, **kwargs: Any) -> Any:
    if not trainer.is_global_zero:
        return original(trainer, *args, **kwargs)
    from tuiflow.pytorch.training import log_fit

    return managed(FLAVOR, log_fit)(original, trainer, *args, **kwargs)
