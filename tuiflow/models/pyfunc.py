"""The `python_function` flavor: any model as something with `predict`, its signature enforced."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuiflow.errors import InvalidInput, ModelError
from tuiflow.models.enforce import check_columns, enforce, enforce_params
from tuiflow.models.example import read_example
from tuiflow.models.mlmodel import PYTHON_FUNCTION, MLmodel, read_mlmodel
from tuiflow.models.schema import ModelSignature
from tuiflow.text import clean

LOADERS = {
    "mlflow.keras": "keras_flavor",
    "mlflow.lightgbm": "lightgbm_flavor",
    "mlflow.sklearn": "sklearn_flavor",
    "mlflow.xgboost": "xgboost_flavor",
}
"""MLflow's name of a loader, as MLmodel has it → the module here whose `load_pyfunc` loads what
has the prediction function that MLmodel names."""

PREDICT_FNS = ("predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba", "score")


@dataclass(frozen=True, slots=True)
class PyFuncModel:
    """A loaded model; `implementation` is what predicts: a scikit-learn object itself, or what
    wraps a model of another library."""

    mlmodel: MLmodel
    implementation: Any
    predict_fn: str = "predict"

    def __repr__(self) -> str:
        facts = {
            "artifact_path": self.mlmodel.artifact_path,
            "flavor": self.loader_module,
            "run_id": self.mlmodel.run_id,
        }
        lines = [f"  {name}: {clean(str(value))}\n" for name, value in facts.items() if value]
        return "".join(["mlflow.pyfunc.loaded_model:\n", *lines])

    @property
    def metadata(self) -> MLmodel:
        """What its folder says about it, as `models.Model.load` gives it."""
        return self.mlmodel

    @property
    def model_id(self) -> str | None:
        """The id of one of MLflow's logged models; None for models logged here."""
        return self.mlmodel.model_id

    @property
    def loader_module(self) -> str | None:
        """MLflow's name of what loads it, such as `mlflow.sklearn`."""
        name = self.mlmodel.flavors.get(PYTHON_FUNCTION, {}).get("loader_module")
        return None if name is None else str(name)

    @property
    def model_config(self) -> Mapping[str, Any]:
        """The configuration it was saved with, which is empty for the flavors here."""
        return self.mlmodel.flavors.get(PYTHON_FUNCTION, {}).get("config") or {}

    @property
    def input_example(self) -> Any:
        """The example it was saved with, as DataFrame, array or JSON values; None without one.

        Read from its file each time. Times come back as text. Raises ModelError where it can't be
        read.
        """
        example = self.mlmodel.input_example()
        if example is None:
            return None
        return read_example(example, self.mlmodel.saved_input_example_info.get("type"))

    def get_raw_model(self) -> Any:
        """The model of its library: an estimator, a Booster, a Keras model."""
        unwrap = getattr(self.implementation, "get_raw_model", None)
        return self.implementation if unwrap is None else unwrap()

    @property
    def signature(self) -> ModelSignature | None:
        return self.mlmodel.signature

    @property
    def column_names(self) -> tuple[str, ...] | None:
        """Names of the columns it takes: the signature's, else those it was fitted with."""
        if self.signature is not None and self.signature.inputs is not None:
            inputs = self.signature.inputs
            return tuple(map(str, inputs.input_names())) if inputs.has_input_names() else None
        fitted = getattr(self.implementation, "feature_names_in_", None)
        return None if fitted is None else tuple(map(str, fitted))

    def check_columns(self, names: Iterable[object]) -> tuple[list[str], list[str]]:
        """Which columns it needs that are missing from `names`, and which of `names` it ignores."""
        given = list(names)
        if self.signature is not None and self.signature.inputs is not None:
            return check_columns(self.signature.inputs, given)
        needed = self.column_names
        if needed is None:
            return [], []
        spelt = {str(name) for name in given}
        missing = [name for name in needed if name not in spelt]
        return missing, [str(name) for name in given if str(name) not in needed]

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """The model's answer for `data`: a DataFrame, array, dictionary or list of rows.

        Columns may come in any order, extra ones are ignored. Returns what the model returns,
        usually an array with one entry per row. Raises InvalidInput naming missing columns and
        wrong types, ModelError where the model itself fails. Params are checked against the
        signature; no flavor has a use for them.
        """
        signature = self.signature or ModelSignature()
        enforce_params(params, signature.params)
        if signature.inputs is not None:
            data = enforce(data, signature.inputs)
        else:
            data = self._order_columns(data)
        try:
            return getattr(self.implementation, self.predict_fn)(data)
        except Exception as error:
            text = str(error).strip() or type(error).__name__
            raise ModelError(f"The model can't predict for this input: {text}") from error

    def _order_columns(self, data: Any) -> Any:
        """Without a signature, go by the column names scikit-learn remembers from fitting."""
        import pandas as pd

        needed = self.column_names
        if needed is None or not isinstance(data, pd.DataFrame):
            return data
        if isinstance(data.columns, pd.RangeIndex):
            return data
        missing, _ = self.check_columns(data.columns)
        if missing:
            names = ", ".join(map(repr, missing))
            raise InvalidInput(f"The input lacks the columns {names}.")
        return data[list(needed)]


def load(folder: str | Path) -> PyFuncModel:
    """Load a model folder to predict with it.

    Models saved with cloudpickle or pickle run code from their file: load only what you trust.
    Raises NotFound where there is no model, ModelError where it can't be loaded.
    """
    mlmodel = read_mlmodel(Path(folder))
    flavor = mlmodel.flavors.get(PYTHON_FUNCTION)
    if flavor is None:
        raise ModelError(f"{mlmodel.folder} can't predict: it has no python_function flavor.")
    loader = flavor.get("loader_module")
    if loader not in LOADERS:
        raise ModelError(f"Models of the loader {loader!r:.60} are not served yet.")
    predict_fn = str(flavor.get("predict_fn", "predict"))
    module = importlib.import_module(f"tuiflow.models.{LOADERS[loader]}")
    implementation = module.load_pyfunc(mlmodel)
    if predict_fn not in PREDICT_FNS or not hasattr(implementation, predict_fn):
        raise ModelError(f"The model {mlmodel.folder} has no function {predict_fn!r:.40}.")
    return PyFuncModel(mlmodel, implementation, predict_fn)
