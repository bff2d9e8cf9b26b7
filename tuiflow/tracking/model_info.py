"""What a model's folder says about it, asked by the model's address."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tuiflow.models.info import ModelInfo
from tuiflow.models.mlmodel import MLmodel, read_mlmodel
from tuiflow.tracking.models import model_folder


def get_model_info(model_uri: str | Path) -> ModelInfo:
    """What `log_model` gave, read from any address of a model; the model is not loaded.

    Raises NotFound, InvalidInput, ModelError.
    """
    found = Model.load(model_uri)
    info = ModelInfo.of(found, found.run_id or "", found.artifact_path or "")
    return dataclasses.replace(info, model_uri=str(model_uri))


class Model:
    """MLflow's name for the description of a model."""

    @staticmethod
    def load(path: str | Path) -> MLmodel:
        """The description at a model's address, or at its MLmodel file; see `get_model_info`."""
        folder = model_folder(path)
        return read_mlmodel(folder.parent if folder.name == "MLmodel" else folder)
