"""The `lightgbm` flavor: Boosters as LightGBM's text files, estimators with skops.

Both are read without running code of the file's; what skops can't hold, such as an objective
of the script's own, is saved with cloudpickle and a warning.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from tuiflow.errors import InvalidInput, ModelError
from tuiflow.models import environment, serialize
from tuiflow.models.folder import Details, Written, python_function, save_folder
from tuiflow.models.mlmodel import PYTHON_FUNCTION, MLmodel, read_mlmodel
from tuiflow.models.wording import first_line

LIGHTGBM = "lightgbm"
LOADER_MODULE = "mlflow.lightgbm"

_BOOSTER = "lightgbm.basic.Booster"
_FILE = "model.lgb"
# A Booster's state is its text file.
_TRUSTED = (
    "collections.OrderedDict",
    "collections.defaultdict",
    _BOOSTER,
    *(f"lightgbm.sklearn.LGBM{kind}" for kind in ("Classifier", "Model", "Ranker", "Regressor")),
)

_log = logging.getLogger("tuiflow.models")


def save_model(
    model: Any, folder: str | Path, details: Details, *, replace: bool = False
) -> MLmodel:
    """Save a Booster or an estimator of LightGBM's scikit-learn interface as a model folder.

    See `folder.save_folder`; raises also ModelError where the model can't be written.
    """
    import lightgbm

    is_booster = isinstance(model, lightgbm.Booster)
    if not is_booster and not isinstance(model, lightgbm.LGBMModel):
        raise InvalidInput(
            f"A {type(model).__name__} is no model of LightGBM's; log it with the flavor of its"
            " library."
        )

    def write(draft: Path) -> Written:
        native: dict[str, Any] = {"code": None, "lgb_version": lightgbm.__version__}
        if is_booster:
            try:
                model.save_model(draft / _FILE)
            except Exception as error:
                raise ModelError(f"The model can't be saved: {first_line(error)}") from error
            native |= {"data": _FILE, "model_class": _BOOSTER}
            names: list[str] = []
        else:
            saved = serialize.save(model, draft, _TRUSTED)
            if saved.reason is not None:
                _log.warning(
                    "Saved with cloudpickle, which runs code from the file when it is loaded: %s",
                    saved.reason,
                )
            kind = type(model)
            native |= {
                "data": saved.path.name,
                "model_class": f"{kind.__module__}.{kind.__qualname__}",
                "serialization_format": saved.format,
                "skops_trusted_types": list(saved.needs_trust) or None,
            }
            names = [saved.format, "scikit-learn"]
        function = python_function(LOADER_MODULE, data=native["data"])
        return Written(
            {PYTHON_FUNCTION: function, LIGHTGBM: native},
            requirements(*names),
            predictor(model).predict,
        )

    return save_folder(folder, write, details, replace=replace)


def requirements(*more: str) -> list[str]:
    return environment.pinned(["lightgbm", "numpy", "pandas", "scipy", *more])


def load_model(folder: str | Path) -> Any:
    """Load the Booster or estimator of a model folder, written by tuiflow or MLflow.

    A model saved with cloudpickle or pickle runs code from its file: load only what you trust.
    Raises NotFound where there is no model, ModelError where it can't be loaded or LightGBM is not
    installed.
    """
    return load_flavor(read_mlmodel(Path(folder)))


def load_flavor(mlmodel: MLmodel) -> Any:
    """Like `load_model`, for a folder whose MLmodel has been read."""
    flavor = mlmodel.flavors.get(LIGHTGBM)
    if flavor is None:
        others = ", ".join(sorted(mlmodel.flavors)) or "none"
        raise ModelError(f"{mlmodel.folder} is no LightGBM model; its flavors: {others}.")
    path = mlmodel.path(flavor.get("data"))
    if not path.is_file():
        raise ModelError(f"The model folder {mlmodel.folder} lacks its model file {path.name}.")
    try:
        import lightgbm
    except ImportError:
        raise ModelError(
            "This model needs LightGBM; `pip install 'tuiflow[lightgbm]'` brings it."
        ) from None
    if flavor.get("model_class", _BOOSTER) != _BOOSTER:
        format = str(flavor.get("serialization_format", serialize.CLOUDPICKLE))
        return serialize.load(path, format, _TRUSTED)
    try:
        return lightgbm.Booster(model_file=path)
    except Exception as error:
        raise ModelError(f"The model {path} can't be loaded: {first_line(error)}") from error


def load_pyfunc(mlmodel: MLmodel) -> Any:
    """What predicts for a table or array."""
    return predictor(load_flavor(mlmodel))


def predictor(model: Any) -> Any:
    """`model`, wrapped so that columns of tables go by name, which LightGBM itself leaves out."""
    return ByName(model)


class ByName:
    """A Booster or estimator; `predict` takes the columns of a table in the order of training."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def get_raw_model(self) -> Any:
        return self.model

    def predict(self, data: Any) -> Any:
        import numpy as np
        import pandas as pd

        if isinstance(data, pd.DataFrame):
            return self.model.predict(self._ordered(data))
        return self.model.predict(data if hasattr(data, "shape") else np.asarray(data))

    def _ordered(self, data: Any) -> Any:
        booster = getattr(self.model, "booster_", self.model)
        # LightGBM writes blanks in names as underscores.
        known = {str(name).replace(" ", "_"): name for name in data.columns}
        try:
            return data[[known[name] for name in booster.feature_name()]]
        except KeyError:
            return data
