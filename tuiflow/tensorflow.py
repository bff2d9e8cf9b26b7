"""`tuiflow.tensorflow`: for scripts with `mlflow.tensorflow`; tf.keras is Keras 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuiflow.errors import InvalidInput, ModelError
from tuiflow.keras import (
    get_default_conda_env,
    get_default_pip_requirements,
    load_model,
    log_model,
    save_model,
)
from tuiflow.keras.enable import steps, switch_on
from tuiflow.keras.settings import FLAVOR, KerasConfig
from tuiflow.models.wording import first_line
from tuiflow.tracking.autolog import switches
from tuiflow.tracking.autolog.checkpoints import CheckpointPlan, checkpoint_path

__all__ = [
    "autolog",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_checkpoint",
    "load_model",
    "log_model",
    "save_model",
]


def autolog(
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    saved_model_kwargs: Mapping[str, Any] | None = None,
    keras_model_kwargs: Mapping[str, Any] | None = None,
    extra_tags: Mapping[str, str] | None = None,
    log_every_epoch: bool = True,
    log_every_n_steps: int | None = None,
    checkpoint: bool = True,
    checkpoint_monitor: str = "val_loss",
    checkpoint_mode: str = "min",
    checkpoint_save_best_only: bool = True,
    checkpoint_save_weights_only: bool = False,
    checkpoint_save_freq: str | int = "epoch",
) -> None:
    """As `tuiflow.keras.autolog`, whose place it takes, with MLflow's names for TensorFlow: the
    optimizer's params begin with `opt_`, and checkpoints are logged while the training runs; see
    `CheckpointPlan`. Raises InvalidInput for arguments that make no sense or are not served.
    """
    if disable:
        switches.switch_off(FLAVOR)
        return
    if saved_model_kwargs:
        raise InvalidInput("SavedModel folders are not served; leave saved_model_kwargs out.")
    plan = CheckpointPlan(
        monitor=checkpoint_monitor,
        mode=checkpoint_mode,
        best_only=checkpoint_save_best_only,
        weights_only=checkpoint_save_weights_only,
        every=checkpoint_save_freq,
    )
    switch_on(
        KerasConfig(
            log_input_examples=log_input_examples,
            log_model_signatures=log_model_signatures,
            log_models=log_models,
            log_datasets=log_datasets,
            exclusive=exclusive,
            disable_for_unsupported_versions=disable_for_unsupported_versions,
            silent=silent,
            registered_model_name=registered_model_name,
            extra_tags=dict(extra_tags or {}),
            every_n_steps=steps(log_every_epoch, log_every_n_steps),
            optimizer_prefix="opt_",
            checkpoints=plan if checkpoint else None,
            save_arguments=dict(keras_model_kwargs or {}),
        )
    )


def load_checkpoint(
    model: Any = None,
    run_id: str | None = None,
    epoch: int | None = None,
    global_step: int | None = None,
) -> Any:
    """The Keras model as a run's checkpoint has it: the newest one of the run (None for the active
    one), or the one after an epoch or a step where all were kept.

    `model` is one of the same architecture, which takes the weights of a checkpoint that has only
    those. Raises NotFound where there is no checkpoint, InvalidInput where it needs a `model`,
    ModelError where it can't be loaded.
    """
    import keras

    path = checkpoint_path(run_id, epoch, global_step)
    weights_only = ".weights." in path.name
    if weights_only and model is None:
        raise InvalidInput(f"{path.name} has weights only; give load_checkpoint a model for them.")
    try:
        if not weights_only:
            return keras.saving.load_model(path)
        model.load_weights(path)
    except Exception as error:
        raise ModelError(f"The checkpoint {path} can't be loaded: {first_line(error)}") from error
    return model
