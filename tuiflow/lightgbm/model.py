"""Log, save and load LightGBM models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuiflow.models import environment, lightgbm_flavor
from tuiflow.models.folder import Details
from tuiflow.models.info import ModelInfo
from tuiflow.models.mlmodel import MLmodel
from tuiflow.models.schema import ModelSignature
from tuiflow.tracking import model_logging
from tuiflow.tracking.models import model_folder

# The format is chosen by what can hold the model, and what skops trusts is tuiflow's own list.
_FORMAT = ("serialization_format", "skops_trusted_types")


def log_model(
    lgb_model: Any,
    artifact_path: str | None = None,
    *,
    name: str | None = None,
    signature: ModelSignature | bool | None = None,
    input_example: Any = None,
    conda_env: dict[str, Any] | str | Path | None = None,
    pip_requirements: Sequence[str] | str | Path | None = None,
    extra_pip_requirements: Sequence[str] | str | Path | None = None,
    metadata: Mapping[str, Any] | None = None,
    registered_model_name: str | None = None,
    await_registration_for: float | None = None,
    **unsupported: Any,
) -> ModelInfo:
    """Save a Booster or an estimator of LightGBM's among the artifacts of the active run.

    Starts a run where none is active. A Booster's file is LightGBM's own text; an estimator is
    saved with skops wherever that can hold it. Other arguments are those of
    `tuiflow.sklearn.log_model`. Raises InvalidInput, ModelError.
    """
    model_logging.refuse("log_model", unsupported, accepted=_FORMAT)

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
        return lightgbm_flavor.save_model(lgb_model, folder, details, replace=True)

    return model_logging.log_model(save, name, artifact_path, registered_model_name)


def save_model(
    lgb_model: Any,
    path: str | Path,
    *,
    signature: ModelSignature | bool | None = None,
    input_example: Any = None,
    conda_env: dict[str, Any] | str | Path | None = None,
    pip_requirements: Sequence[str] | str | Path | None = None,
    extra_pip_requirements: Sequence[str] | str | Path | None = None,
    metadata: Mapping[str, Any] | None = None,
    **unsupported: Any,
) -> None:
    """Save a Booster or an estimator of LightGBM's as the folder `path`, without a run.

    Raises AlreadyExists where the folder exists and is not empty; see `log_model`.
    """
    model_logging.refuse("save_model", unsupported, accepted=_FORMAT)
    details = Details(
        signature=signature,
        input_example=input_example,
        conda_env=conda_env,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
        metadata=metadata,
    )
    lightgbm_flavor.save_model(lgb_model, path, details)


def load_model(model_uri: str | Path) -> Any:
    """Load the Booster or estimator from a folder, `runs:/RUN_ID/path`, `models:/NAME/VERSION` or
    another address that `tracking.models.model_folder` takes.

    A model saved with cloudpickle or pickle runs code from its file when loaded: load only what
    you trust. Raises NotFound, InvalidInput, ModelError.
    """
    return lightgbm_flavor.load_model(model_folder(model_uri))


def get_default_pip_requirements(
    include_cloudpickle: bool = False, include_skops: bool = False
) -> list[str]:
    """Pinned requirements of a LightGBM model, as installed here."""
    names = ["lightgbm"]
    names += ["cloudpickle"] * include_cloudpickle + ["skops"] * include_skops
    return environment.pinned(names)


def get_default_conda_env(
    include_cloudpickle: bool = False, include_skops: bool = False
) -> dict[str, Any]:
    """The conda environment of a LightGBM model, as conda.yaml holds it."""
    return environment.conda_env(get_default_pip_requirements(include_cloudpickle, include_skops))
