"""Log, save and load scikit-learn models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuiflow.models import environment, sklearn_flavor
from tuiflow.models.info import ModelInfo
from tuiflow.models.mlmodel import MLmodel
from tuiflow.models.schema import ModelSignature
from tuiflow.tracking import model_logging
from tuiflow.tracking.model_logging import refuse
from tuiflow.tracking.models import model_folder

_FORMAT = ("serialization_format", "skops_trusted_types")
"""Wishes about the file: skops is used wherever tuiflow's own list of types lets it be."""


def log_model(
    sk_model: Any,
    artifact_path: str | None = None,
    *,
    name: str | None = None,
    signature: ModelSignature | bool | None = None,
    input_example: Any = None,
    conda_env: dict[str, Any] | str | Path | None = None,
    pip_requirements: Sequence[str] | str | Path | None = None,
    extra_pip_requirements: Sequence[str] | str | Path | None = None,
    pyfunc_predict_fn: str = "predict",
    metadata: Mapping[str, Any] | None = None,
    registered_model_name: str | None = None,
    await_registration_for: float | None = None,
    **unsupported: Any,
) -> ModelInfo:
    """Save a scikit-learn model among the artifacts of the active run.

    Starts a run where none is active. `name` (or `artifact_path`, its older name) is the model's
    folder within the run, `model` unless given; an earlier model there is replaced, or kept beside
    where it is registered. The signature is inferred from `input_example` where it is not given.
    skops is the format wherever it can hold the model, whatever `serialization_format=` asks for.
    `registered_model_name` makes it the next version of that registered model;
    there is nothing to await then. Raises InvalidInput for arguments that are not served yet,
    ModelError where the model can't be saved.
    """
    refuse("log_model", unsupported, accepted=_FORMAT)

    def save(folder: Path, run_id: str, path: str) -> MLmodel:
        return sklearn_flavor.save_model(
            sk_model,
            folder,
            signature=signature,
            input_example=input_example,
            conda_env=conda_env,
            pip_requirements=pip_requirements,
            extra_pip_requirements=extra_pip_requirements,
            pyfunc_predict_fn=pyfunc_predict_fn,
            metadata=metadata,
            run_id=run_id,
            artifact_path=path,
            replace=True,
        )

    return model_logging.log_model(save, name, artifact_path, registered_model_name)


def save_model(
    sk_model: Any,
    path: str | Path,
    *,
    signature: ModelSignature | bool | None = None,
    input_example: Any = None,
    conda_env: dict[str, Any] | str | Path | None = None,
    pip_requirements: Sequence[str] | str | Path | None = None,
    extra_pip_requirements: Sequence[str] | str | Path | None = None,
    pyfunc_predict_fn: str = "predict",
    metadata: Mapping[str, Any] | None = None,
    **unsupported: Any,
) -> None:
    """Save a scikit-learn model as the folder `path`, without a run.

    Raises AlreadyExists where the folder exists and is not empty; see `log_model`.
    """
    refuse("save_model", unsupported, accepted=_FORMAT)
    sklearn_flavor.save_model(
        sk_model,
        path,
        signature=signature,
        input_example=input_example,
        conda_env=conda_env,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
        pyfunc_predict_fn=pyfunc_predict_fn,
        metadata=metadata,
    )


def load_model(model_uri: str | Path) -> Any:
    """Load a scikit-learn model from a folder, `runs:/RUN_ID/path`, `models:/NAME/VERSION` or
    another address that `tracking.models.model_folder` takes.

    A model saved with cloudpickle or pickle runs code from its file when loaded: load only what
    you trust. Raises NotFound, InvalidInput, ModelError.
    """
    return sklearn_flavor.load_model(model_folder(model_uri))


def get_default_pip_requirements(
    include_cloudpickle: bool = False, include_skops: bool = False
) -> list[str]:
    """Pinned requirements of a scikit-learn model, as installed here."""
    names = ["scikit-learn"]
    names += ["cloudpickle"] * include_cloudpickle + ["skops"] * include_skops
    return [f"{name}=={environment.installed(name)}" for name in names]


def get_default_conda_env(
    include_cloudpickle: bool = False, include_skops: bool = False
) -> dict[str, Any]:
    """The conda environment of a scikit-learn model, as conda.yaml holds it."""
    return environment.conda_env(get_default_pip_requirements(include_cloudpickle, include_skops))
