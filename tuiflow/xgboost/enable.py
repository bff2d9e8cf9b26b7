"""`tuiflow.xgboost.autolog()`: which functions of XGBoost are wrapped."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from tuiflow.errors import InvalidInput
from tuiflow.models.environment import distribution
from tuiflow.models.xgboost_flavor import FORMATS
from tuiflow.tracking.autolog import switches
from tuiflow.tracking.autolog.patching import patch
from tuiflow.tracking.autolog.session import managed
from tuiflow.xgboost.settings import FLAVOR, IMPORTANCE_TYPES, TRIED_WITH, XgboostConfig


def autolog(
    importance_types: Sequence[str] | None = None,
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    registered_model_name: str | None = None,
    model_format: str = "ubj",
    extra_tags: Mapping[str, str] | None = None,
) -> None:
    """Log every `xgboost.train` and every fit of XGBoost's estimators from now on, or with
    `disable` no more.

    A training logs into the active run, or into one of its own: parameters, the metrics of every
    iteration, where it stopped early and what was best, feature importance of the
    `importance_types` (`weight` unless given; also `gain`, `cover`, `total_gain`, `total_cover`)
    and the model, in the `model_format` ubj, json or xgb. The other arguments are those of
    `AutologConfig`. `xgboost.cv` is not logged, as in MLflow. Raises InvalidInput for arguments
    that make no sense or where XGBoost is not installed.
    """
    if disable:
        switches.switch_off(FLAVOR)
        return
    kinds = ("weight",) if importance_types is None else tuple(importance_types)
    unknown = [kind for kind in kinds if kind not in IMPORTANCE_TYPES]
    if unknown:
        raise InvalidInput(
            f"importance_types are of {', '.join(IMPORTANCE_TYPES)}, not {unknown[0]!r:.40}."
        )
    if model_format not in FORMATS:
        raise InvalidInput(f"model_format is {', '.join(FORMATS)}, not {model_format!r:.40}.")
    try:
        import xgboost
    except ImportError:
        raise InvalidInput(
            "XGBoost is not installed; `pip install 'tuiflow[xgboost]'` brings it."
        ) from None
    config = XgboostConfig(
        log_input_examples=log_input_examples,
        log_model_signatures=log_model_signatures,
        log_models=log_models,
        log_datasets=log_datasets,
        exclusive=exclusive,
        disable_for_unsupported_versions=disable_for_unsupported_versions,
        silent=silent,
        registered_model_name=registered_model_name,
        extra_tags=dict(extra_tags or {}),
        importance_types=kinds,
        model_format=model_format,
    )
    if not switches.supported(FLAVOR, distribution("xgboost"), TRIED_WITH, config):
        switches.switch_off(FLAVOR)
        return
    switches.switch_on(FLAVOR, config)
    _patch(xgboost)


def _patch(xgboost: Any) -> None:
    # Its imports take SciPy and pandas, which XGBoost has loaded by now.
    from tuiflow.boosting import estimators, heads
    from tuiflow.models.xgboost_flavor import predictor
    from tuiflow.xgboost import training

    patch(FLAVOR, xgboost.DMatrix, "__init__", heads.remember_head)
    patch(FLAVOR, xgboost.QuantileDMatrix, "__init__", heads.remember_head)
    patch(FLAVOR, xgboost, "train", managed(FLAVOR, training.log_train))
    try:
        from xgboost import sklearn
    except ImportError:
        return
    if not hasattr(sklearn, "XGBModel"):
        return
    # The estimator, not the Booster in it, is the model.
    inner = functools.partial(training.log_train, with_model=False)
    patch(FLAVOR, sklearn, "train", managed(FLAVOR, inner))
    kinds = [
        kind
        for kind in vars(sklearn).values()
        if isinstance(kind, type) and issubclass(kind, sklearn.XGBModel)
    ]
    estimators.patch_estimators(FLAVOR, kinds, training.log_model, predictor)
