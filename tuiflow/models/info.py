"""What `log_model` returns."""

from __future__ import annotations

import datetime
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
    saved_input_example_info: Mapping[str, Any] | None
    metadata: Mapping[str, Any] | None
    registered_model_version: int | None = None

    @property
    def name(self) -> str | None:
        """The name it was logged under, which is its path in the run; None outside of runs."""
        return self.artifact_path or None

    @property
    def creation_timestamp(self) -> int | None:
        """`utc_time_created` in epoch ms; None where that is no time."""
        try:
            made = datetime.datetime.fromisoformat(self.utc_time_created or "")
        except ValueError:
            return None
        return int(made.replace(tzinfo=datetime.UTC).timestamp() * 1000)

    # For MLflow's sake: what a model kept beside its run has, of which there are none here.

    @property
    def model_id(self) -> None:
        """Always None."""

    @property
    def params(self) -> dict[str, str]:
        """Always empty: params are the run's."""
        return {}

    @property
    def tags(self) -> dict[str, str]:
        """Always empty: tags are the run's."""
        return {}

    @property
    def metrics(self) -> None:
        """Always None: metrics are the run's."""

    @property
    def prompts(self) -> None:
        """Always None: prompts are not kept."""

    @property
    def env_vars(self) -> None:
        """Always None: a model's environment variables are not kept."""

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
            saved_input_example_info=mlmodel.saved_input_example_info or None,
            metadata=mlmodel.metadata or None,
            registered_model_version=registered_model_version,
        )
