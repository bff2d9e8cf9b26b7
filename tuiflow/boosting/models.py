"""The trained model as a model of its run, with signature and input example."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tuiflow.models.schema import ModelSignature
from tuiflow.models.signature import infer_signature
from tuiflow.sklearn.saving import MODEL, kept_example
from tuiflow.tracking.autolog.config import AutologConfig
from tuiflow.tracking.autolog.session import Session


def log_trained(
    session: Session,
    config: AutologConfig,
    log_model: Callable[..., Any],
    model: Any,
    predictor: Any,
    head: Callable[[], Any],
) -> None:
    """Log `model` as `model` by its flavor's `log_model`.

    `predictor.predict` answers for `head()`, the first rows of the training data.
    """
    example = None
    signature: ModelSignature | bool = False
    if config.log_input_examples or config.log_model_signatures:
        with session.attempt("the model's input example"):
            example = head()
    if config.log_model_signatures and example is not None:
        with session.attempt("the model's signature"):
            signature = infer_signature(example, predictor.predict(copy.deepcopy(example)))
    kept = kept_example(session, example) if config.log_input_examples else None
    with session.attempt("the model"):
        log_model(
            model,
            name=MODEL,
            signature=signature,
            input_example=kept,
            registered_model_name=config.registered_model_name,
        )
