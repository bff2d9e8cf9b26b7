"""What `log_model` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tuiflow.models.mlmodel import MLmodel
from tuiflow.models.schema import ModelSignature


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A logged model, with MLflow's field names. `model_uri` is `runs:/RUN_ID/path`.

    `registered_model_version` is the version it got where it was registered in the same call.
    """

    model_uri: str
    run_id: str
    artifact_path: str
    signature: ModelSignature | None
    flavors: Mapping[str, Mapping[str, Any]]
    model_uuid: str | None
    utc_time_created: str | None
    mlflow_version: str | None
    saved_input_example_info: Mapping[str, Any]
    metadata: Mapping[str, Any]
    registered_model_version: int | None = None

    @property
    def model_id(self) -> None:
        """For MLflow's sake: the id of a model kept beside its run, of which there are none."""

    @classmethod
    def of(
        cls,
        mlmodel: MLmodel,
        run_id: str,
        artifact_path: str,
        registered_model_version: int | None = None,
    ) -> ModelInfo:
        return cls(
            model_uri=f"runs:/{run_id}/{artifact_path}",
            run_id=run_id,
            artifact_path=artifact_path,
            signature=mlmodel.signature,
            flavors=mlmodel.flavors,
            model_uuid=mlmodel.model_uuid,
            utc_time_created=mlmodel.utc_time_created,
            mlflow_version=mlmodel.mlflow_version,
            saved_input_example_info=mlmodel.saved_input_example_info,
            metadata=mlmodel.metadata,
            registered_model_version=registered_model_version,
        )
