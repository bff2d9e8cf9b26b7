"""`tuiflow.lightgbm.autolog()`: which functions of LightGBM are wrapped."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from tuiflow.errors import InvalidInput
from tuiflow.lightgbm.settings import FLAVOR, TRIED_WITH
from tuiflow.tracking.autolog import switches
from tuiflow.tracking.autolog.config import AutologConfig
from tuiflow.tracking.autolog.patching import patch
from tuiflow.tracking.autolog.session import managed


def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    extra_tags: Mapping[str, str] | None = None,
) -> None:
    """Log every `lightgbm.train` and every fit of LightGBM's estimators from now on, or with
    `disable` no more.

    A training logs into the active run, or into one of its own: parameters, the metrics of every
    iteration, where it stopped early and what was best, feature importance by split and gain, and
    the model. The arguments are those of `AutologConfig`. `lightgbm.cv` is not logged, as in
    MLflow. Raises InvalidInput where LightGBM is not installed.
    """
    if disable:
        switches.switch_off(FLAVOR)
        return
    try:
        import lightgbm
    except ImportError:
        raise InvalidInput(
            "LightGBM is not installed; `pip install 'tuiflow[lightgbm]'` brings it."
        ) from None
    config = AutologConfig(
        log_input_examples=log_input_examples,
        log_model_signatures=log_model_signatures,
        log_models=log_models,
        log_datasets=log_datasets,
        exclusive=exclusive,
        disable_for_unsupported_versions=disable_for_unsupported_versions,
        silent=silent,
        registered_model_name=registered_model_name,
        extra_tags=dict(extra_tags or {}),
    )
    if not switches.supported(FLAVOR, FLAVOR, TRIED_WITH, config):
        switches.switch_off(FLAVOR)
        return
    switches.switch_on(FLAVOR, config)
    _patch(lightgbm)


def _patch(lightgbm: Any) -> None:
    # Its imports take SciPy and pandas, which LightGBM has loaded by now.
    from tuiflow.boosting import estimators, heads
    from tuiflow.lightgbm import training
    from tuiflow.lightgbm.model import log_model
    from tuiflow.models.lightgbm_flavor import predictor

    patch(FLAVOR, lightgbm.Dataset, "__init__", heads.remember_head)
    patch(FLAVOR, lightgbm, "train", managed(FLAVOR, training.log_train))
    # The estimator, not the Booster in it, is the model.
    inner = functools.partial(training.log_train, with_model=False)
    patch(FLAVOR, lightgbm.sklearn, "train", managed(FLAVOR, inner))
    kinds = [
        kind
        for kind in vars(lightgbm.sklearn).values()
        if isinstance(kind, type) and issubclass(kind, lightgbm.LGBMModel)
    ]
    estimators.patch_estimators(FLAVOR, kinds, log_model, predictor)
