"""Log, save and load XGBoost models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuiflow.models import environment, xgboost_flavor
from tuiflow.models.folder import Details
from tuiflow.models.info import ModelInfo
from tuiflow.models.mlmodel import MLmodel
from tuiflow.models.schema import ModelSignature
from tuiflow.tracking import model_logging
from tuiflow.tracking.models import model_folder


def log_model(
    xgb_model: Any,
    artifact_path: str | None = None,
    *,
    name: str | None = None,
    signature: ModelSignature | bool | None = None,
    input_example: Any = None,
    conda_env: dict[str, Any] | str | Path | None = None,
    pip_requirements: Sequence[str] | str | Path | None = None,
    extra_pip_requirements: Sequence[str] | str | Path | None = None,
    model_format: str = "ubj",
    metadata: Mapping[str, Any] | None = None,
    registered_model_name: str | None = None,
    await_registration_for: float | None = None,
    **unsupported: Any,
) -> ModelInfo:
    """Save a Booster or an estimator of XGBoost's among the artifacts of the active run.

    Starts a run where none is active. The file is XGBoost's own, in the `model_format` ubj, json or
    xgb, and holds no code. Other arguments are those of `tuiflow.sklearn.log_model`. Raises
    InvalidInput, ModelError.
    """
    model_logging.refuse("log_model", unsupported)

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
        return xgboost_flavor.save_model(
            xgb_model, folder, details, model_format=model_format, replace=True
        )

    return model_logging.log_model(save, name, artifact_path, registered_model_name)


def save_model(
    xgb_model: Any,
    path: str | Path,
    *,
    signature: ModelSignature | bool | None = None,
    input_example: Any = None,
    conda_env: dict[str, Any] | str | Path | None = None,
    pip_requirements: Sequence[str] | str | Path | None = None,
    extra_pip_requirements: Sequence[str] | str | Path | None = None,
    model_format: str = "ubj",
    metadata: Mapping[str, Any] | None = None,
    **unsupported: Any,
) -> None:
    """Save a Booster or an estimator of XGBoost's as the folder `path`, without a run.

    Raises AlreadyExists where the folder exists and is not empty; see `log_model`.
    """
    model_logging.refuse("save_model", unsupported)
    details = Details(
        signature=signature,
        input_example=input_example,
        conda_env=conda_env,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
        metadata=metadata,
    )
    xgboost_flavor.save_model(xgb_model, path, details, model_format=model_format)


def load_model(model_uri: str | Path) -> Any:
    """Load the Booster or estimator from a folder, `runs:/RUN_ID/path`, `models:/NAME/VERSION` or
    another address that `tracking.models.model_folder` takes.

    Runs no code of the file's. Raises NotFound, InvalidInput, ModelError.
    """
    return xgboost_flavor.load_model(model_folder(model_uri))


def get_default_pip_requirements() -> list[str]:
    """Pinned requirements of an XGBoost model, as installed here."""
    return environment.pinned([environment.distribution("xgboost")])


def get_default_conda_env() -> dict[str, Any]:
    """The conda environment of an XGBoost model, as conda.yaml holds it."""
    return environment.conda_env(get_default_pip_requirements())
