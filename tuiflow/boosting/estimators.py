"""Fits of a library's scikit-learn interface: the `train` in them logs all but the model."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable
from typing import Any

from tuiflow.boosting.models import log_trained
from tuiflow.sklearn import after
from tuiflow.sklearn.fit_data import FitData, fit_data
from tuiflow.tracking.autolog import switches
from tuiflow.tracking.autolog.config import AutologConfig
from tuiflow.tracking.autolog.patching import Original, patch
from tuiflow.tracking.autolog.session import Session, managed

_PREDICT = ("predict", "predict_proba")


def patch_estimators(
    flavor: str, kinds: Iterable[type], log_model: Callable[..., Any], predictor: Any
) -> None:
    """Log the fits of these classes and, as those of scikit-learn, what is computed after them.

    `log_model` is the flavor's; `predictor(model).predict` answers for tables and arrays.
    """

    def log_fit(
        session: Session, original: Original, estimator: Any, *args: Any, **kwargs: Any
    ) -> Any:
        data: FitData | None = None
        config = switches.config_of(flavor, AutologConfig)
        head: Any = TypeError("fit() got no data")
        try:
            data = fit_data(estimator, args, kwargs)
            head = data.example()
        except Exception as error:
            head = error
        result = original(estimator, *args, **kwargs)
        if config.log_models:
            log_trained(
                session, config, log_model, estimator, predictor(estimator), lambda: _given(head)
            )
        with session.attempt("what is computed after the fit"):
            after.remember_model(session, estimator)
        return result

    wrapper = managed(flavor, log_fit, closed=False)
    for kind in kinds:
        if isinstance(vars(kind).get("fit"), types.FunctionType):
            patch(flavor, kind, "fit", wrapper)
        for name in _PREDICT:
            if isinstance(vars(kind).get(name), types.FunctionType):
                patch(flavor, kind, name, after.log_prediction)
        # Inherited from scikit-learn.
        if isinstance(getattr(kind, "score", None), types.FunctionType):
            patch(flavor, kind, "score", after.log_score)


def _given(head: Any) -> Any:
    if isinstance(head, Exception):
        raise head
    return head
