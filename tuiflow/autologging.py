"""`tuiflow.autolog()`: log the trainings of every library that a script uses."""

from __future__ import annotations

import importlib
import inspect
import types
from collections.abc import Mapping, Sequence
from typing import Any

from tuiflow.tracking.autolog import imports, switches
from tuiflow.tracking.autolog.patching import reason

FLAVORS: Mapping[str, str] = {
    "sklearn": "sklearn",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "lightning": "pytorch",
    "pytorch_lightning": "pytorch",
    "keras": "keras",
}
"""The module whose import switches a flavor on → the flavor, which is its module in `tuiflow`."""


def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    log_traces: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    extra_tags: Mapping[str, str] | None = None,
    exclude_flavors: Sequence[str] | None = None,
) -> None:
    """Log trainings of scikit-learn, XGBoost, LightGBM, Lightning and Keras from now on, or with
    `disable` no more.

    Nothing is imported for it: each library's logging is switched on once the script imports the
    library. What a flavor's own `autolog()` was called with stays. `exclude_flavors` names flavors
    to leave alone; `log_traces` is there for MLflow's sake, as tuiflow has no traces; see
    `AutologConfig` for the others.
    """
    arguments: dict[str, Any] = {
        "log_input_examples": log_input_examples,
        "log_model_signatures": log_model_signatures,
        "log_models": log_models,
        "log_datasets": log_datasets,
        "disable": disable,
        "exclusive": exclusive,
        "disable_for_unsupported_versions": disable_for_unsupported_versions,
        "silent": silent,
        "extra_tags": extra_tags,
    }

    def switch(module: types.ModuleType) -> None:
        flavor = FLAVORS[module.__name__]
        if switches.set_by_itself(flavor):
            return
        try:
            function = importlib.import_module(f"tuiflow.{flavor}").autolog
            known = inspect.signature(function).parameters
            with switches.for_all_flavors():
                function(**{key: value for key, value in arguments.items() if key in known})
        except Exception as error:
            # The script imports the library, and must get it.
            if not silent:
                switches.log.warning("No autologging of %s: %s", flavor, reason(error))

    for library, flavor in FLAVORS.items():
        if flavor not in (exclude_flavors or ()):
            imports.when_imported(library, switch)
