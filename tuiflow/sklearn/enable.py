"""`tuiflow.sklearn.autolog()`: which functions of scikit-learn are wrapped, and when."""

from __future__ import annotations

import functools
import inspect
import types
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tuiflow.errors import InvalidInput
from tuiflow.sklearn.settings import FLAVOR, MAX_TUNING_RUNS, TRIED_WITH, SklearnConfig
from tuiflow.tracking.autolog import guard, imports, switches
from tuiflow.tracking.autolog.patching import Original, Wrapper, patch, reason, warn
from tuiflow.tracking.autolog.session import managed

_FIT = ("fit", "fit_transform", "fit_predict")
_PREDICT = ("predict", "predict_proba", "transform", "predict_log_proba")

# These prepare data; they are logged as steps of a pipeline, not for themselves (MLflow's list).
_NOT_LOGGED = (
    "sklearn.preprocessing",
    "sklearn.impute",
    "sklearn.feature_extraction",
    "sklearn.feature_selection",
    "sklearn.compose._column_transformer",
)
_NO_METRICS = ("check_scoring", "get_scorer", "make_scorer", "get_scorer_names")
_JUDGES = (
    "cross_validate",
    "cross_val_predict",
    "cross_val_score",
    "learning_curve",
    "permutation_test_score",
    "validation_curve",
)
# What those run in their workers: for scripts that imported them before autologging was on.
_JUDGES_WORK = ("_fit_and_score", "_fit_and_predict", "_permutation_test_score")
_FORMATS = (None, "skops", "cloudpickle", "pickle")


def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    max_tuning_runs: int | None = MAX_TUNING_RUNS,
    log_post_training_metrics: bool = True,
    serialization_format: str | None = None,
    registered_model_name: str | None = None,
    pos_label: int | str | None = None,
    extra_tags: Mapping[str, str] | None = None,
) -> None:
    """Log every fit of a scikit-learn estimator from now on, or with `disable` no more.

    A fit logs into the active run, or into one of its own: parameters, training metrics, the model
    and, for classifiers, plots; searches also their results and the `max_tuning_runs` best tries
    (None for all) as child runs. With `log_post_training_metrics`, `score` and the functions of
    `sklearn.metrics` log what they return for a model that was fitted before. `pos_label` is the
    class that precision, recall and F1 are about, instead of all. Models are saved with skops
    wherever it can hold them, whatever `serialization_format` names; the other arguments are those
    of `AutologConfig`. Raises InvalidInput for arguments that make no sense.
    """
    if disable:
        switches.switch_off(FLAVOR)
        return
    if max_tuning_runs is not None and max_tuning_runs < 0:
        raise InvalidInput(f"max_tuning_runs is a number of runs or None, not {max_tuning_runs}.")
    if serialization_format not in _FORMATS:
        raise InvalidInput(
            f"serialization_format is skops, cloudpickle or pickle, not {serialization_format!r}."
        )
    config = SklearnConfig(
        log_input_examples=log_input_examples,
        log_model_signatures=log_model_signatures,
        log_models=log_models,
        log_datasets=log_datasets,
        exclusive=exclusive,
        disable_for_unsupported_versions=disable_for_unsupported_versions,
        silent=silent,
        registered_model_name=registered_model_name,
        extra_tags=dict(extra_tags or {}),
        max_tuning_runs=max_tuning_runs,
        log_post_training_metrics=log_post_training_metrics,
        pos_label=pos_label,
    )
    if not switches.supported(FLAVOR, "scikit-learn", TRIED_WITH, config):
        switches.switch_off(FLAVOR)
        return
    switches.switch_on(FLAVOR, config)
    imports.when_imported("sklearn.*", _patch_module)
    imports.when_imported("joblib.parallel", _patch_joblib)


def _patch_module(module: types.ModuleType) -> None:
    """Wrap what a module of scikit-learn defines; a mistake must not break its import."""
    try:
        _wrap_functions_of(module)
    except Exception as error:
        warn(FLAVOR, f"{module.__name__} is not logged ({reason(error)}).")


def _wrap_functions_of(module: types.ModuleType) -> None:
    if not switches.is_on(FLAVOR) or ".tests" in module.__name__:
        return
    if module.__name__ == "sklearn.metrics":
        _patch_metrics(module)
    elif module.__name__ == "sklearn.model_selection":
        for name in _JUDGES:
            patch(FLAVOR, module, name, _late("after", "call_without_logging"))
    elif module.__name__ == "sklearn.model_selection._validation":
        for name in _JUDGES_WORK:
            if hasattr(module, name):
                patch(FLAVOR, module, name, _late("after", "call_without_logging"))
    if module.__name__.startswith(_NOT_LOGGED):
        return
    for found in list(vars(module).values()):
        if isinstance(found, type) and found.__module__ == module.__name__:
            _patch_class(found)


def _patch_class(kind: type) -> None:
    """Wrap what a class itself defines; what it inherits is wrapped where it is from."""
    for names, wrapper in _WRAPPERS:
        for name in names:
            defined = vars(kind).get(name)
            if isinstance(defined, types.FunctionType):
                patch(FLAVOR, kind, name, wrapper)
            elif isinstance(getattr(defined, "fn", None), types.FunctionType):
                # What sklearn.utils.metaestimators.available_if makes.
                patch(FLAVOR, defined, "fn", wrapper)


def _patch_metrics(module: types.ModuleType) -> None:
    for name in module.__all__:
        function = getattr(module, name)
        if (
            isinstance(function, types.FunctionType)
            and name not in _NO_METRICS
            # These give matrices.
            and not function.__module__.startswith("sklearn.metrics.pairwise")
        ):
            patch(FLAVOR, module, name, _late("after", "log_metric_call"))


def _patch_joblib(module: types.ModuleType) -> None:
    if switches.is_on(FLAVOR):
        patch(FLAVOR, module.Parallel, "__call__", _call_in_threads)


def _call_in_threads(original: Original, parallel: Any, iterable: Iterable[Any]) -> None:
    """Around joblib's Parallel: its threads belong to the training that starts them."""
    # Processes start without patches.
    if guard.inside() and getattr(parallel._backend, "supports_sharedmem", False):
        iterable = (
            (functools.partial(guard.call_inside, function), args, kwargs)
            for function, args, kwargs in iterable
        )
    original(parallel, iterable)


def _late(module: str, name: str) -> Wrapper:
    """A function of a module of this package that is loaded by the first call."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return _loaded(module, name)(*args, **kwargs)

    return wrapper


@functools.cache
def _loaded(module: str, name: str) -> Callable[..., Any]:
    import importlib

    found: Callable[..., Any] = getattr(importlib.import_module(f"tuiflow.sklearn.{module}"), name)
    return found


def _only_logged(wrapper: Wrapper) -> Wrapper:
    """Leave instances of classes alone that only prepare data, and classes of other libraries."""

    def wrap(original: Original, estimator: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_logged(type(estimator)):
            return original(estimator, *args, **kwargs)
        return wrapper(original, estimator, *args, **kwargs)

    return wrap


def _is_logged(kind: type) -> bool:
    """Whether a class is, or derives from, a public estimator of scikit-learn's that is logged."""
    from sklearn.base import BaseEstimator

    known = _logged_kinds.get(kind)
    if known is not None:
        return known
    _logged_kinds[kind] = found = any(
        base.__module__.startswith("sklearn.")
        and not base.__module__.startswith(("sklearn.base", "sklearn.utils", *_NOT_LOGGED))
        and not base.__name__.startswith("_")
        and issubclass(base, BaseEstimator)
        and not inspect.isabstract(base)
        for base in kind.__mro__
    )
    return found


_logged_kinds: weakref.WeakKeyDictionary[type, bool] = weakref.WeakKeyDictionary()

_WRAPPERS: tuple[tuple[tuple[str, ...], Wrapper], ...] = (
    (_FIT, _only_logged(managed(FLAVOR, _late("training", "log_fit")))),
    (_PREDICT, _late("after", "log_prediction")),
    (("score",), _late("after", "log_score")),
)
