"""The fitted estimator as a model of its run, with signature and input example."""

from __future__ import annotations

import copy
from typing import Any

from tuiflow.models.schema import ModelSignature
from tuiflow.models.signature import infer_signature
from tuiflow.sklearn.fit_data import FitData
from tuiflow.sklearn.model import log_model
from tuiflow.sklearn.settings import SklearnConfig
from tuiflow.tracking.autolog.session import Session

MODEL = "model"
BEST = "best_estimator"


def log_fitted(session: Session, config: SklearnConfig, estimator: Any, data: FitData) -> None:
    """Log `estimator` as `model`, and what a search found best as `best_estimator`."""
    example = None
    signature: ModelSignature | bool = False
    if config.log_input_examples or config.log_model_signatures:
        with session.attempt("the model's input example"):
            example = data.example()
    if config.log_model_signatures and example is not None:
        with session.attempt("the model's signature"):
            signature = _signature(estimator, example)
    kept = kept_example(session, example) if config.log_input_examples else None
    with session.attempt("the model"):
        log_model(
            estimator,
            name=MODEL,
            signature=signature,
            input_example=kept,
            registered_model_name=config.registered_model_name,
        )
    best = getattr(estimator, "best_estimator_", None)
    if best is not None:
        with session.attempt("the best estimator"):
            log_model(best, name=BEST, signature=signature, input_example=kept)


def _signature(estimator: Any, example: Any) -> ModelSignature | bool:
    """Of what the model predicts or transforms; False for one that does neither."""
    for name in ("predict", "transform"):
        if hasattr(estimator, name):
            answer = getattr(estimator, name)(copy.deepcopy(example))
            return infer_signature(example, answer)
    return False


def kept_example(session: Session, example: Any) -> Any:
    """The example as JSON can hold it: sparse rows in full, a series as a table; None if it can't.

    Reported by itself, so that the model is logged all the same.
    """
    from tuiflow.models.example import make_example

    if hasattr(example, "toarray"):
        example = example.toarray()
    elif hasattr(example, "to_frame") and hasattr(example, "values"):
        example = example.to_frame()
    with session.attempt("the model's input example"):
        if example is not None:
            make_example(example)
            return example
    return None
