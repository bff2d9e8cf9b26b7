"""The `keras` flavor: Keras 3's own `.keras` files in a model folder.

A file names the layers' classes and their arguments. It is loaded in Keras' safe mode, which
refuses the code of lambda layers; load only what you trust all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuiflow.errors import InvalidInput, ModelError
from tuiflow.models import environment
from tuiflow.models.folder import Details, Written, python_function, save_folder
from tuiflow.models.mlmodel import PYTHON_FUNCTION, MLmodel, read_mlmodel
from tuiflow.models.schema import ModelSignature, Schema, TensorSpec
from tuiflow.models.wording import first_line

KERAS = "keras"
LOADER_MODULE = "mlflow.keras"

_DATA = "data"
_FILE = "model.keras"
# MLflow looks here for the name of the Keras package.
_MODULE_FILE = "keras_module.txt"


def save_model(
    model: Any,
    folder: str | Path,
    details: Details,
    *,
    save_arguments: Mapping[str, Any] | None = None,
    replace: bool = False,
) -> MLmodel:
    """Save a Keras model as a model folder; `save_arguments` go to the model's own `save`.

    See `folder.save_folder`; raises also ModelError where the model can't be written.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise InvalidInput(f"A {type(model).__name__} is no model of Keras 3's.")

    def write(draft: Path) -> Written:
        data = draft / _DATA
        data.mkdir(mode=0o700)
        (data / _MODULE_FILE).write_text(KERAS, "utf-8")
        try:
            model.save(data / _FILE, **(save_arguments or {}))
        except Exception as error:
            raise ModelError(f"The model can't be saved: {first_line(error)}") from error
        native = {
            "data": _DATA,
            "keras_backend": keras.backend.backend(),
            "keras_version": keras.__version__,
            "save_exported_model": False,
        }
        return Written(
            {PYTHON_FUNCTION: python_function(LOADER_MODULE), KERAS: native},
            requirements(),
            KerasPredictor(model).predict,
        )

    return save_folder(folder, write, details, replace=replace)


def requirements() -> list[str]:
    """Keras and the backend that it runs on."""
    import keras

    backend = environment.distribution(keras.backend.backend())
    return environment.pinned(["keras", "numpy", "pandas", backend])


def signature_of(model: Any) -> ModelSignature:
    """The tensors that a built model of one or more inputs takes and gives. Raises InvalidInput,
    and what Keras raises for a model that is not built."""
    return ModelSignature(
        _tensors(model.input_shape, model.input_dtype),
        _tensors(model.output_shape, model.compute_dtype),
    )


def _tensors(shapes: Any, dtype: str) -> Schema:
    many = shapes if isinstance(shapes, list) else [shapes]
    return Schema(
        [TensorSpec(str(dtype), tuple(-1 if n is None else n for n in one)) for one in many]
    )


def load_model(
    folder: str | Path,
    custom_objects: Mapping[str, Any] | None = None,
    load_arguments: Mapping[str, Any] | None = None,
) -> Any:
    """Load the Keras model of a model folder, written by tuiflow or MLflow.

    `custom_objects` are classes and functions of the script's own by name; `load_arguments` go to
    `keras.saving.load_model`. Raises NotFound where there is no model, ModelError where it can't be
    loaded or Keras is not installed.
    """
    return load_flavor(read_mlmodel(Path(folder)), custom_objects, load_arguments)


def load_flavor(
    mlmodel: MLmodel,
    custom_objects: Mapping[str, Any] | None = None,
    load_arguments: Mapping[str, Any] | None = None,
) -> Any:
    """Like `load_model`, for a folder whose MLmodel has been read."""
    flavor = mlmodel.flavors.get(KERAS)
    if flavor is None:
        others = ", ".join(sorted(mlmodel.flavors)) or "none"
        raise ModelError(f"{mlmodel.folder} is no Keras model; its flavors: {others}.")
    if flavor.get("save_exported_model"):
        raise ModelError(f"{mlmodel.folder} is an exported graph, which is not served yet.")
    path = mlmodel.path(f"{flavor.get('data', _DATA)}/{_FILE}")
    if not path.is_file():
        raise ModelError(f"The model folder {mlmodel.folder} lacks its model file {path.name}.")
    try:
        import keras
    except ImportError:
        raise ModelError(
            "This model needs Keras; `pip install 'tuiflow[keras]'` brings it."
        ) from None
    try:
        return keras.saving.load_model(path, custom_objects, **(load_arguments or {}))
    except Exception as error:
        raise ModelError(f"The model {path} can't be loaded: {first_line(error)}") from error


def load_pyfunc(mlmodel: MLmodel) -> Any:
    """What predicts for a table or array."""
    return KerasPredictor(load_flavor(mlmodel))


class KerasPredictor:
    """A Keras model whose `predict` takes tables too, and gives an array or arrays by name."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def get_raw_model(self) -> Any:
        return self.model

    def predict(self, data: Any) -> Any:
        import numpy as np
        import pandas as pd

        if isinstance(data, pd.DataFrame):
            data = data.to_numpy()
        elif isinstance(data, list):
            data = np.asarray(data)
        return self.model.predict(data, verbose=0)
