"""What is logged around `fit`, `fit_transform` and `fit_predict`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuiflow.data.training_log import script_tags_of
from tuiflow.entities import DatasetInput
from tuiflow.sklearn import after, plots, saving
from tuiflow.sklearn.datasets import dataset_of
from tuiflow.sklearn.fit_data import FitData, fit_data
from tuiflow.sklearn.kinds import training_metrics
from tuiflow.sklearn.search import estimator_tags, has_untuned_params, is_search, log_search
from tuiflow.sklearn.settings import SklearnConfig, config
from tuiflow.tracking import record
from tuiflow.tracking.autolog.patching import Original
from tuiflow.tracking.autolog.session import Session

HTML_FILE = "estimator.html"

_HTML = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="UTF-8"></head>
<body>
{}
</body>
</html>
"""


def log_fit(session: Session, original: Original, estimator: Any, *args: Any, **kwargs: Any) -> Any:
    """Fit, and log before it the parameters, after it the model and what tells how good it is."""
    settings = config()
    data: FitData | None = None
    with session.attempt("the training data"):
        data = fit_data(estimator, args, kwargs)
    with session.attempt("the params"):
        session.buffer.params(estimator.get_params(deep=not has_untuned_params(estimator)))
        session.buffer.tags(estimator_tags(estimator))
        session.buffer.flush()
    script_tags: Mapping[str, str] = {}
    dataset = None
    if settings.log_datasets and data is not None:
        with session.attempt("the data set"):
            script_tags = script_tags_of(session.store, session.run_id)
            dataset = dataset_of(script_tags, "train", data.X, data.y)
            if dataset is not None:
                session.store.log_inputs(session.run_id, [dataset])
    result = original(estimator, *args, **kwargs)
    if data is not None:
        _log_fitted(session, settings, estimator, data)
    if is_search(estimator):
        if not script_tags:
            with session.attempt("the script's tags"):
                script_tags = script_tags_of(session.store, session.run_id)
        _log_search(session, settings, estimator, script_tags, dataset)
    if settings.log_post_training_metrics:
        after.remember_model(session, estimator)
    return result


def _log_search(
    session: Session,
    settings: SklearnConfig,
    estimator: Any,
    script_tags: Mapping[str, str],
    dataset: DatasetInput | None,
) -> None:
    with session.attempt("the results of the search"):
        log_search(session, settings, estimator, script_tags, dataset)


def _log_fitted(session: Session, settings: SklearnConfig, estimator: Any, data: FitData) -> None:
    if settings.log_models:
        saving.log_fitted(session, settings, estimator, data)
    with session.attempt("the training metrics"):
        found = training_metrics(estimator, data, settings.pos_label, session.miss)
        session.buffer.metrics(found)
        session.buffer.flush()
    with session.attempt(HTML_FILE):
        from sklearn.utils import estimator_html_repr

        html = _HTML.format(estimator_html_repr(estimator))
        record.log_text(session.store, session.run_id, html, HTML_FILE)
    _log_plots(session, estimator, data)


def _has_columns(y: Any) -> bool:
    """Whether there are several targets, for which there is no confusion matrix."""
    shape: tuple[int, ...] = getattr(y, "shape", ())
    return len(shape) > 1 and shape[1] > 1


def _log_plots(session: Session, estimator: Any, data: FitData) -> None:
    from sklearn.base import is_classifier

    if not is_classifier(estimator) or data.y is None or _has_columns(data.y):
        return
    with session.attempt("the plots"):
        if not plots.plots_are_possible():
            plots.say_what_is_missing()
            return
        for name, draw in plots.plots_of(estimator, data).items():
            with (
                session.attempt(name),
                session.store.writing_artifact(session.run_id, name) as part,
            ):
                draw(part)
