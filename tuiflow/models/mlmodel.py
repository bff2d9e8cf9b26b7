"""The MLmodel file: what a model folder says about itself. YAML only; never loads the model.

Keys as MLflow 3 writes them (`mlflow/models/model.py`); unknown keys are left alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from tuiflow.errors import InvalidInput, ModelError, NotFound
from tuiflow.models.schema import ModelSignature, ParamSchema, Schema

MLMODEL = "MLmodel"
PYTHON_FUNCTION = "python_function"
SKLEARN = "sklearn"

# Far above any real file (a signature of ten thousand columns takes 1 MB), far below trouble.
_MAX_BYTES = 32 * 1024 * 1024
# YAML aliases can make a small file stand for billions of values.
_MAX_VALUES = 100_000


@dataclass(frozen=True, slots=True)
class MLmodel:
    """A model folder's description. Times are UTC text, sizes bytes."""

    folder: Path
    flavors: Mapping[str, Mapping[str, Any]]
    signature: ModelSignature | None = None
    run_id: str | None = None
    artifact_path: str | None = None
    model_id: str | None = None
    model_uuid: str | None = None
    utc_time_created: str | None = None
    mlflow_version: str | None = None
    model_size_bytes: int | None = None
    saved_input_example_info: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def path(self, relative: object) -> Path:
        """A path named in MLmodel; ModelError where it leads out of the folder."""
        return inside(self.folder, relative)

    def get_input_schema(self) -> Schema | None:
        """What it takes, as its signature says; None without one."""
        return None if self.signature is None else self.signature.inputs

    def get_output_schema(self) -> Schema | None:
        """What it gives, as its signature says; None without one."""
        return None if self.signature is None else self.signature.outputs

    def get_params_schema(self) -> ParamSchema | None:
        """What it may be told, as its signature says; None without one."""
        return None if self.signature is None else self.signature.params

    def input_example(self) -> Any:
        """The saved input example as plain JSON values without its params, None where there is
        none."""
        found = self._read_json(self.saved_input_example_info.get("artifact_path"))
        if found is None or not self.saved_input_example_info.get("params"):
            return found
        if not isinstance(found, dict) or "inputs" not in found:
            raise ModelError(f"The input example of {self.folder} has no inputs beside its params.")
        return found["inputs"]

    def serving_input(self) -> Any:
        """The saved request body for `/invocations` as JSON values, None where there is none."""
        return self._read_json(self.saved_input_example_info.get("serving_input_path"))

    def _read_json(self, relative: object) -> Any:
        if relative is None:
            return None
        path = self.path(relative)
        try:
            return json.loads(path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise ModelError(f"The input example {path} can't be read: {error}.") from error


def read_mlmodel(folder: Path) -> MLmodel:
    """Read `folder`/MLmodel. NotFound where there is none, ModelError where malformed."""
    import yaml

    folder = Path(folder)
    path = inside(folder, MLMODEL)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ModelError(f"{path} is too large to be an MLmodel file.")
        raw = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"{folder} is not a model folder: it has no MLmodel file.") from None
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror}.") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = str(getattr(error, "problem", None) or type(error).__name__)
        raise ModelError(f"{path} is not valid YAML: {reason}.") from error
    try:
        return _from_dict(folder, _plain(raw, [_MAX_VALUES]))
    except InvalidInput as error:
        raise ModelError(f"{path} is malformed: {error}") from error
    except RecursionError as error:
        raise ModelError(f"{path} is malformed: it is nested too deeply.") from error


def inside(folder: Path, relative: object) -> Path:
    """`folder`/`relative`; ModelError where that is not a plain path that stays inside `folder`."""
    if not isinstance(relative, str) or not relative or "\0" in relative:
        raise ModelError(f"{folder} is malformed: {relative!r:.80} is not a file name.")
    parts = PurePosixPath(relative)
    if parts.is_absolute() or ".." in parts.parts:
        raise ModelError(f"{folder} is malformed: {relative!r:.80} leads out of the model folder.")
    path = folder / parts
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ModelError(f"{folder} is malformed: {relative!r:.80} leads out of the model folder.")
    return path


def _from_dict(folder: Path, raw: Any) -> MLmodel:
    if not isinstance(raw, dict):
        raise InvalidInput("it is not a mapping.")
    flavors = raw.get("flavors")
    if not isinstance(flavors, dict) or not all(isinstance(f, dict) for f in flavors.values()):
        raise InvalidInput("it names no flavors.")
    signature = raw.get("signature")
    if not isinstance(signature, dict | None):
        raise InvalidInput("its signature is not a mapping.")
    size = raw.get("model_size_bytes")
    return MLmodel(
        folder=folder,
        flavors=flavors,
        signature=ModelSignature.from_dict(signature) if signature else None,
        run_id=_text(raw, "run_id"),
        artifact_path=_text(raw, "artifact_path"),
        model_id=_text(raw, "model_id"),
        model_uuid=_text(raw, "model_uuid"),
        utc_time_created=_text(raw, "utc_time_created"),
        mlflow_version=_text(raw, "mlflow_version"),
        model_size_bytes=size if isinstance(size, int) else None,
        saved_input_example_info=_mapping(raw, "saved_input_example_info"),
        metadata=_mapping(raw, "metadata"),
    )


def _text(raw: dict[str, Any], key: str) -> str | None:
    value = raw.get(key)
    if isinstance(value, dict | list):
        raise InvalidInput(f"{key} is not text.")
    return None if value is None else str(value)


def _mapping(raw: dict[str, Any], key: str) -> dict[str, Any]:
    value = raw.get(key)
    if not isinstance(value, dict | None):
        raise InvalidInput(f"{key} is not a mapping.")
    return value or {}


def _plain(value: Any, budget: list[int]) -> Any:
    """A copy made of dict, list and scalars, without shared parts, of at most `budget` values."""
    budget[0] -= 1
    if budget[0] < 0:
        raise InvalidInput("it holds too many values.")
    if isinstance(value, dict):
        return {str(key): _plain(item, budget) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item, budget) for item in value]
    return value if isinstance(value, str | int | float | None) else str(value)
