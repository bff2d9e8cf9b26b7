"""The `xgboost` flavor: XGBoost's own model files, which hold no code, in a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tuiflow.errors import InvalidInput, ModelError
from tuiflow.models import environment
from tuiflow.models.folder import Details, Written, python_function, save_folder
from tuiflow.models.mlmodel import PYTHON_FUNCTION, MLmodel, read_mlmodel
from tuiflow.models.wording import first_line

XGBOOST = "xgboost"
LOADER_MODULE = "mlflow.xgboost"
FORMATS = ("ubj", "json", "xgb")

_BOOSTER = "xgboost.core.Booster"
# The only classes that a model file may name.
_ESTIMATORS = (
    "XGBClassifier",
    "XGBRegressor",
    "XGBRanker",
    "XGBRFClassifier",
    "XGBRFRegressor",
    "XGBModel",
)


def save_model(
    model: Any,
    folder: str | Path,
    details: Details,
    *,
    model_format: str = "ubj",
    replace: bool = False,
) -> MLmodel:
    """Save a Booster or an estimator of XGBoost's scikit-learn interface as a model folder.

    `model_format` is `ubj` (binary JSON), `json` or `xgb`. An estimator of a class of the script's
    own is loaded as the class of XGBoost's that it derives from. See `folder.save_folder`; raises
    also ModelError where the model can't be written.
    """
    if model_format not in FORMATS:
        raise InvalidInput(f"model_format is {', '.join(FORMATS)}, not {model_format!r:.40}.")
    kind = _class_name(model)

    def write(draft: Path) -> Written:
        import xgboost

        path = draft / f"model.{model_format}"
        try:
            model.save_model(path)
        except Exception as error:
            raise ModelError(f"The model can't be saved: {first_line(error)}") from error
        native = {
            "code": None,
            "data": path.name,
            "model_class": kind,
            "model_format": model_format,
            "xgb_version": xgboost.__version__,
        }
        function = python_function(LOADER_MODULE, data=path.name)
        return Written(
            {PYTHON_FUNCTION: function, XGBOOST: native},
            requirements(kind != _BOOSTER),
            predictor(model).predict,
        )

    return save_folder(folder, write, details, replace=replace)


def requirements(with_sklearn: bool = True) -> list[str]:
    names = ["numpy", "pandas", "scipy", environment.distribution("xgboost")]
    return environment.pinned([*names, "scikit-learn"] if with_sklearn else names)


def load_model(folder: str | Path) -> Any:
    """Load the Booster or estimator of a model folder, written by tuiflow or MLflow.

    Runs no code of the file's. Raises NotFound where there is no model, ModelError where it can't
    be loaded or XGBoost is not installed.
    """
    return load_flavor(read_mlmodel(Path(folder)))


def load_flavor(mlmodel: MLmodel) -> Any:
    """Like `load_model`, for a folder whose MLmodel has been read."""
    flavor = mlmodel.flavors.get(XGBOOST)
    if flavor is None:
        others = ", ".join(sorted(mlmodel.flavors)) or "none"
        raise ModelError(f"{mlmodel.folder} is no XGBoost model; its flavors: {others}.")
    path = mlmodel.path(flavor.get("data"))
    if not path.is_file():
        raise ModelError(f"The model folder {mlmodel.folder} lacks its model file {path.name}.")
    model = _empty(str(flavor.get("model_class") or _BOOSTER))
    try:
        model.load_model(path)
    except Exception as error:
        raise ModelError(f"The model {path} can't be loaded: {first_line(error)}") from error
    return model


def load_pyfunc(mlmodel: MLmodel) -> Any:
    """What predicts for a table or array."""
    return predictor(load_flavor(mlmodel))


def predictor(model: Any) -> Any:
    """`model`, or what wraps a Booster so that it predicts for tables and arrays."""
    import xgboost

    return BoosterPredictor(model) if isinstance(model, xgboost.Booster) else model


class BoosterPredictor:
    """A Booster with `predict` as estimators have it; columns of tables go by name."""

    def __init__(self, booster: Any) -> None:
        self.booster = booster
        if booster.feature_names is not None:
            self.feature_names_in_ = list(booster.feature_names)

    def get_raw_model(self) -> Any:
        return self.booster

    def predict(self, data: Any) -> Any:
        import numpy as np
        import pandas as pd
        import xgboost

        if isinstance(data, pd.DataFrame):
            matrix = xgboost.DMatrix(data, enable_categorical=True)
        else:
            names = getattr(self, "feature_names_in_", None)
            matrix = xgboost.DMatrix(np.asarray(data), feature_names=names)
        return self.booster.predict(matrix)


def _class_name(model: Any) -> str:
    """The full name of XGBoost's class of a model. Raises InvalidInput for what is none."""
    import xgboost

    if isinstance(model, xgboost.Booster):
        return _BOOSTER
    for kind in type(model).__mro__:
        if kind.__name__ in _ESTIMATORS and kind.__module__ == "xgboost.sklearn":
            return f"{kind.__module__}.{kind.__name__}"
    raise InvalidInput(
        f"A {type(model).__name__} is no model of XGBoost's; log it with the flavor of its library."
    )


def _empty(name: str) -> Any:
    try:
        import xgboost
    except ImportError:
        raise ModelError(
            "This model needs XGBoost; `pip install 'tuiflow[xgboost]'` brings it."
        ) from None
    module, _, kind = name.rpartition(".")
    if name == _BOOSTER:
        return xgboost.Booster()
    if module == "xgboost.sklearn" and kind in _ESTIMATORS:
        return getattr(xgboost, kind)()
    raise ModelError(f"The model is of the unknown class {name!r:.80}.")
