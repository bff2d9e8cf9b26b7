"""Log, save and load Keras models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuiflow.errors import InvalidInput
from tuiflow.models import environment, keras_flavor
from tuiflow.models.folder import Details
from tuiflow.models.info import ModelInfo
from tuiflow.models.mlmodel import MLmodel
from tuiflow.models.schema import ModelSignature
from tuiflow.tracking import model_logging
from tuiflow.tracking.models import model_folder


def log_model(
    model: Any,
    artifact_path: str | None = None,
    *,
    name: str | None = None,
    signature: ModelSignature | bool | None = None,
    input_example: Any = None,
    conda_env: dict[str, Any] | str | Path | None = None,
    pip_requirements: Sequence[str] | str | Path | None = None,
    extra_pip_requirements: Sequence[str] | str | Path | None = None,
    save_exported_model: bool = False,
    save_model_kwargs: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    registered_model_name: str | None = None,
    await_registration_for: float | None = None,
    **unsupported: Any,
) -> ModelInfo:
    """Save a Keras model among the artifacts of the active run.

    Starts a run where none is active. The file is Keras' own `.keras`; `save_model_kwargs` go to
    the model's `save`. `save_exported_model` is not served yet. Other arguments are those of
    `tuiflow.sklearn.log_model`. Raises InvalidInput, ModelError.
    """
    model_logging.refuse("log_model", unsupported)
    _refuse_export(save_exported_model)

    def save(folder: Path, run_id: str, path: str) -> MLmodel:
        details = Details(
            signature=signature,
            input_example=input_example,
            conda_env=conda_env,
            pip_requirements=pip_requirements,
            extra_pip_requirements=extra_pip_requirements,
            metadata=metadata,
            run_id=run_id,
            artifact_path=path,
        )
        return keras_flavor.save_model(
            model, folder, details, save_arguments=save_model_kwargs, replace=True
        )

    return model_logging.log_model(save, name, artifact_path, registered_model_name)


def save_model(
    model: Any,
    path: str | Path,
    *,
    signature: ModelSignature | bool | None = None,
    input_example: Any = None,
    conda_env: dict[str, Any] | str | Path | None = None,
    pip_requirements: Sequence[str] | str | Path | None = None,
    extra_pip_requirements: Sequence[str] | str | Path | None = None,
    save_exported_model: bool = False,
    save_model_kwargs: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    **unsupported: Any,
) -> None:
    """Save a Keras model as the folder `path`, without a run.

    Raises AlreadyExists where the folder exists and is not empty; see `log_model`.
    """
    model_logging.refuse("save_model", unsupported)
    _refuse_export(save_exported_model)
    details = Details(
        signature=signature,
        input_example=input_example,
        conda_env=conda_env,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
        metadata=metadata,
    )
    keras_flavor.save_model(model, path, details, save_arguments=save_model_kwargs)


def load_model(
    model_uri: str | Path,
    *,
    custom_objects: Mapping[str, Any] | None = None,
    load_model_kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """Load the Keras model from a folder, `runs:/RUN_ID/path`, `models:/NAME/VERSION` or another
    address that `tracking.models.model_folder` takes.

    `custom_objects` are classes and functions of the script's own by name; `load_model_kwargs` go
    to `keras.saving.load_model`. Keras builds the layers that the file names: load only what you
    trust. Raises NotFound, InvalidInput, ModelError.
    """
    return keras_flavor.load_model(model_folder(model_uri), custom_objects, load_model_kwargs)


def get_default_pip_requirements() -> list[str]:
    """Pinned requirements of a Keras model, as installed here: Keras and its backend."""
    return keras_flavor.requirements()


def get_default_conda_env() -> dict[str, Any]:
    """The conda environment of a Keras model, as conda.yaml holds it."""
    return environment.conda_env(get_default_pip_requirements())


def _refuse_export(save_exported_model: bool) -> None:
    if save_exported_model:
        raise InvalidInput("Exported graphs are not served yet; leave save_exported_model out.")
