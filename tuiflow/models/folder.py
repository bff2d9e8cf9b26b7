"""Write a model folder: what a flavor puts into it, and around it what every flavor has.

That is MLmodel, the environment's files, the input example and the signature.
"""

from __future__ import annotations

import datetime
import logging
import platform
import shutil
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuiflow.errors import AlreadyExists, InvalidInput, TuiflowError
from tuiflow.models import environment
from tuiflow.models.example import INPUT_FILE, SERVING_FILE, make_example, split_params
from tuiflow.models.mlmodel import MLMODEL, MLmodel, read_mlmodel
from tuiflow.models.schema import ColSpec, ModelSignature, Schema
from tuiflow.models.signature import infer_params, infer_schema

# The prefix that listings of artifacts leave out; mkdtemp makes folders for the owner only.
_TEMPORARY = ".tuiflow-part-"

_log = logging.getLogger("tuiflow.models")


@dataclass(frozen=True, slots=True)
class Written:
    """What a flavor wrote into a folder.

    `flavors` goes into MLmodel; `requirements` are pinned; `predict` answers for a table or array,
    so that a signature can be inferred, or is None.
    """

    flavors: Mapping[str, Mapping[str, Any]]
    requirements: Sequence[str]
    predict: Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What `save_model` of any flavor is told beside the model.

    Without a `signature`, it is inferred from `input_example` and the model's prediction for it;
    False means none. See `environment.environment_files` for the environment.
    """

    signature: ModelSignature | bool | None = None
    input_example: Any = None
    conda_env: dict[str, Any] | str | Path | None = None
    pip_requirements: Sequence[str] | str | Path | None = None
    extra_pip_requirements: Sequence[str] | str | Path | None = None
    metadata: Mapping[str, Any] | None = None
    run_id: str | None = None
    artifact_path: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.signature, ModelSignature | bool | None) or self.signature is True:
            raise InvalidInput("signature must be what tuiflow.models.infer_signature returns.")


def save_folder(
    folder: str | Path,
    write: Callable[[Path], Written],
    details: Details,
    *,
    replace: bool = False,
) -> MLmodel:
    """Save a model as `folder`; returns what its MLmodel says.

    `write` puts the model's own files into the folder it is called with. The folder appears whole
    or not at all, with files for the owner only. Raises AlreadyExists where `folder` exists and is
    not empty (unless `replace`), InvalidInput, and what `write` raises.
    """
    target = Path(folder)
    if not replace and target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise AlreadyExists(f"{target} exists already; choose another folder for the model.")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=target.parent))
    try:
        _fill(draft, write(draft), details)
        for path in draft.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        _put_in_place(draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return read_mlmodel(target)


def python_function(loader_module: str, **options: Any) -> dict[str, Any]:
    """The `python_function` flavor of a model that MLflow's `loader_module` loads."""
    return {
        "env": {"conda": environment.CONDA_FILE, "virtualenv": environment.PYTHON_ENV_FILE},
        "loader_module": loader_module,
        "python_version": platform.python_version(),
        **options,
    }


def _fill(draft: Path, written: Written, details: Details) -> None:
    description: dict[str, Any] = {
        key: value
        for key, value in (
            ("run_id", details.run_id),
            ("artifact_path", details.artifact_path),
            ("metadata", details.metadata),
        )
        if value is not None
    }
    signature = details.signature
    if details.input_example is not None:
        try:
            example = make_example(details.input_example)
        except InvalidInput as error:  # no reason to lose a model that has been trained
            _log.warning("Saved without its input example: %.300s", error.message)
        else:
            (draft / INPUT_FILE).write_text(example.data, "utf-8")
            (draft / SERVING_FILE).write_text(example.serving, "utf-8")
            description["saved_input_example_info"] = dict(example.info)
        if signature is None:
            signature = _signature_of_example(written.predict, details.input_example)
    if isinstance(signature, ModelSignature):
        description["signature"] = signature.to_dict()
    files = environment.environment_files(
        written.requirements,
        conda_env=details.conda_env,
        pip_requirements=details.pip_requirements,
        extra_pip_requirements=details.extra_pip_requirements,
    )
    for name, text in files.items():
        (draft / name).write_text(text, "utf-8")
    description["flavors"] = {name: dict(flavor) for name, flavor in written.flavors.items()}
    description |= {
        "mlflow_version": environment.READABLE_SINCE,
        "tuiflow_version": environment.installed("tuiflow"),
        "model_uuid": uuid.uuid4().hex,
        "utc_time_created": str(datetime.datetime.now(datetime.UTC).replace(tzinfo=None)),
        "model_size_bytes": sum(p.stat().st_size for p in draft.rglob("*") if p.is_file()),
    }
    _write_yaml(draft / MLMODEL, description)


def _signature_of_example(
    predict: Callable[[Any], Any] | None, example: Any
) -> ModelSignature | None:
    """The signature of the example and the model's answer to it; None, with a warning, if none."""
    import numpy as np
    import pandas as pd

    from tuiflow.models.enforce import enforce

    if predict is None:
        return None
    try:
        data, params = split_params(example)
        inputs = infer_schema(data)
        answer = predict(enforce(data, inputs))
        if not inputs.is_tensor_spec() and isinstance(answer, np.ndarray) and answer.ndim == 1:
            # One answer per row of a table is a column, not a tensor.
            answer = pd.Series(answer)
        outputs = _output_schema(answer)
        return ModelSignature(inputs, outputs, None if params is None else infer_params(params))
    except Exception as error:
        reason = error.message if isinstance(error, TuiflowError) else repr(error)
        if isinstance(example, Mapping) and any(isinstance(v, list) for v in example.values()):
            reason = f"a dictionary is one row, of which a list is one value; {reason}"
        _log.warning("Saved without a signature: none fits input_example (%.300s)", reason)
        return None


def _output_schema(answer: Any) -> Schema:
    try:
        return infer_schema(answer)
    except InvalidInput:
        from tuiflow.models.datatypes import AnyType

        return Schema([ColSpec(AnyType())])


def _write_yaml(path: Path, value: Mapping[str, Any]) -> None:
    import yaml

    try:
        text = yaml.safe_dump(dict(value), default_flow_style=False, allow_unicode=True)
    except yaml.YAMLError as error:
        raise InvalidInput(f"metadata must be plain values that YAML can hold: {error}.") from error
    path.write_text(text, "utf-8")


def _put_in_place(draft: Path, target: Path) -> None:
    """Rename `draft` to `target`, over an earlier model or an empty folder."""
    if not target.exists():
        draft.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=target.parent))
    target.rename(old / target.name)
    try:
        draft.rename(target)
    except BaseException:
        (old / target.name).rename(target)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
