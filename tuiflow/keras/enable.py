"""`tuiflow.keras.autolog()`: Keras' `fit` is wrapped, and a callback logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuiflow.errors import InvalidInput
from tuiflow.keras.settings import FLAVOR, TRIED_WITH, KerasConfig
from tuiflow.tracking.autolog import switches
from tuiflow.tracking.autolog.patching import patch
from tuiflow.tracking.autolog.session import managed


def autolog(
    log_every_epoch: bool = True,
    log_every_n_steps: int | None = None,
    log_models: bool = True,
    log_model_signatures: bool = True,
    save_exported_model: bool = False,
    log_datasets: bool = True,
    log_input_examples: bool = False,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    save_model_kwargs: Mapping[str, Any] | None = None,
    extra_tags: Mapping[str, str] | None = None,
) -> None:
    """Log every `fit` of a Keras 3 model from now on, or with `disable` no more.

    A training logs into the active run, or into one of its own: the arguments of `fit`, the
    optimizer's configuration, metrics after every epoch (or, with `log_every_epoch=False`, after
    `log_every_n_steps` steps), where it stopped early, the model's summary and the model as a
    `.keras` file; `save_model_kwargs` go to its `save`. The other arguments are those of
    `AutologConfig`. Raises InvalidInput for arguments that make no sense, are not served
    (`save_exported_model`) or where Keras 3 is not installed.
    """
    if disable:
        switches.switch_off(FLAVOR)
        return
    if save_exported_model:
        raise InvalidInput("Exported graphs are not served yet; leave save_exported_model out.")
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
            save_arguments=dict(save_model_kwargs or {}),
        )
    )


def steps(every_epoch: bool, every_n_steps: int | None) -> int | None:
    """The number of steps to log after; None for each epoch. Raises InvalidInput."""
    if every_epoch and every_n_steps is not None:
        raise InvalidInput("Give log_every_n_steps together with log_every_epoch=False.")
    if not every_epoch and (every_n_steps is None or every_n_steps < 1):
        raise InvalidInput("With log_every_epoch=False, give log_every_n_steps, 1 or more.")
    return every_n_steps


def switch_on(config: KerasConfig) -> None:
    """Log with these arguments. Raises InvalidInput where Keras 3 is not installed."""
    try:
        import keras
    except ImportError:
        raise InvalidInput(
            "Keras is not installed; `pip install 'tuiflow[keras]'` brings it."
        ) from None
    if not switches.supported(FLAVOR, "keras", TRIED_WITH, config):
        switches.switch_off(FLAVOR)
        return
    from tuiflow.keras.training import log_fit

    switches.switch_on(FLAVOR, config)
    patch(FLAVOR, keras.Model, "fit", managed(FLAVOR, log_fit))
