"""The `sklearn` flavor: scikit-learn models in MLflow's directory format."""

from __future__ import annotations

import datetime
import logging
import platform
import shutil
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuiflow.errors import AlreadyExists, InvalidInput, ModelError, TuiflowError
from tuiflow.models import environment, serialize
from tuiflow.models.example import INPUT_FILE, SERVING_FILE, make_example
from tuiflow.models.mlmodel import MLMODEL, PYTHON_FUNCTION, SKLEARN, MLmodel, read_mlmodel
from tuiflow.models.schema import ColSpec, ModelSignature, Schema
from tuiflow.models.signature import infer_schema

LOADER_MODULE = "mlflow.sklearn"
"""MLflow's name of the loader, written and accepted so that both read each other's models."""

PREDICT_FNS = ("predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba", "score")

# The prefix that listings of artifacts leave out; mkdtemp makes folders for the owner only.
_TEMPORARY = ".tuiflow-part-"

_log = logging.getLogger("tuiflow.models")


def save_model(
    sk_model: Any,
    folder: str | Path,
    *,
    signature: ModelSignature | bool | None = None,
    input_example: Any = None,
    conda_env: dict[str, Any] | str | Path | None = None,
    pip_requirements: Sequence[str] | str | Path | None = None,
    extra_pip_requirements: Sequence[str] | str | Path | None = None,
    pyfunc_predict_fn: str = "predict",
    metadata: Mapping[str, Any] | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    replace: bool = False,
) -> MLmodel:
    """Save a scikit-learn model as a model folder; returns what its MLmodel says.

    The model is written with skops, or, where it holds something skops or tuiflow's list of
    trusted types has no place for, with cloudpickle and a warning. Without a `signature`, it is
    inferred from `input_example` and the model's prediction for it; False means none. The folder
    appears whole or not at all, with files for the owner only.

    Raises AlreadyExists where `folder` exists and is not empty (unless `replace`), InvalidInput
    for arguments that make no sense, ModelError where the model can't be written.
    """
    target = Path(folder)
    if not isinstance(signature, ModelSignature | bool | None) or signature is True:
        raise InvalidInput("signature must be what tuiflow.models.infer_signature returns.")
    if pyfunc_predict_fn not in PREDICT_FNS:
        raise InvalidInput(f"pyfunc_predict_fn must be one of {', '.join(PREDICT_FNS)}.")
    if not replace and target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise AlreadyExists(f"{target} exists already; choose another folder for the model.")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=target.parent))
    try:
        _fill(
            draft,
            sk_model,
            signature,
            input_example,
            pyfunc_predict_fn,
            {"run_id": run_id, "artifact_path": artifact_path, "metadata": metadata},
            {
                "conda_env": conda_env,
                "pip_requirements": pip_requirements,
                "extra_pip_requirements": extra_pip_requirements,
            },
        )
        for path in draft.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        _put_in_place(draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return read_mlmodel(target)


def load_model(folder: str | Path) -> Any:
    """Load the scikit-learn object of a model folder, written by tuiflow or MLflow.

    Loading a model saved with skops builds only types tuiflow trusts. Loading one saved with
    cloudpickle or pickle runs code from its file: do it only for models you trust. Raises NotFound
    where there is no model, ModelError where it can't be loaded.
    """
    return load_flavor(read_mlmodel(Path(folder)))


def load_flavor(mlmodel: MLmodel) -> Any:
    """Like `load_model`, for a folder whose MLmodel has been read."""
    flavor = mlmodel.flavors.get(SKLEARN)
    function = mlmodel.flavors.get(PYTHON_FUNCTION, {})
    if flavor is None:
        if function.get("loader_module") != LOADER_MODULE:
            others = ", ".join(sorted(mlmodel.flavors)) or "none"
            raise ModelError(f"{mlmodel.folder} is no scikit-learn model; its flavors: {others}.")
        flavor = {}
    # Models from before MLflow wrote the format down are plain pickles.
    format = str(flavor.get("serialization_format", serialize.PICKLE))
    path = mlmodel.path(flavor.get("pickled_model") or function.get("model_path"))
    if not path.is_file():
        raise ModelError(f"The model folder {mlmodel.folder} lacks its model file {path.name}.")
    if flavor.get("code") and format != serialize.SKOPS:
        raise ModelError(f"{mlmodel.folder} brings its own code (code_paths), not served yet.")
    return serialize.load(path, format)


def _fill(
    draft: Path,
    sk_model: Any,
    signature: ModelSignature | bool | None,
    input_example: Any,
    predict_fn: str,
    identity: Mapping[str, Any],
    requested: Mapping[str, Any],
) -> None:
    """Write all files of the model folder."""
    saved = serialize.save(sk_model, draft)
    if saved.reason is not None:
        _log.warning(
            "Saved with cloudpickle, which runs code from the file when it is loaded: %s",
            saved.reason,
        )
    description: dict[str, Any] = {
        key: value for key, value in identity.items() if value is not None
    }
    if input_example is not None:
        example = make_example(input_example)
        (draft / INPUT_FILE).write_text(example.data, "utf-8")
        (draft / SERVING_FILE).write_text(example.serving, "utf-8")
        description["saved_input_example_info"] = dict(example.info)
        if signature is None:
            signature = _signature_of_example(saved.restored, input_example, predict_fn)
    if isinstance(signature, ModelSignature):
        description["signature"] = signature.to_dict()
    files = environment.environment_files(
        environment.default_requirements(saved.format, saved.modules), **requested
    )
    for name, text in files.items():
        (draft / name).write_text(text, "utf-8")
    description["flavors"] = _flavors(saved, sk_model, predict_fn)
    description |= {
        "mlflow_version": environment.READABLE_SINCE,
        "tuiflow_version": environment.installed("tuiflow"),
        "model_uuid": uuid.uuid4().hex,
        "utc_time_created": str(datetime.datetime.now(datetime.UTC).replace(tzinfo=None)),
        "model_size_bytes": sum(path.stat().st_size for path in draft.iterdir()),
    }
    _write_yaml(draft / MLMODEL, description)


def _flavors(saved: serialize.Saved, sk_model: Any, predict_fn: str) -> dict[str, dict[str, Any]]:
    import sklearn

    native = {
        "code": None,
        "pickled_model": saved.path.name,
        "serialization_format": saved.format,
        "sklearn_version": sklearn.__version__,
        # For MLflow, which believes the file; tuiflow goes by its own list.
        "skops_trusted_types": list(saved.needs_trust) or None,
    }
    if not hasattr(sk_model, predict_fn):
        return {SKLEARN: native}
    function = {
        "env": {"conda": environment.CONDA_FILE, "virtualenv": environment.PYTHON_ENV_FILE},
        "loader_module": LOADER_MODULE,
        "model_path": saved.path.name,
        "predict_fn": predict_fn,
        "python_version": platform.python_version(),
    }
    return {PYTHON_FUNCTION: function, SKLEARN: native}


def _signature_of_example(model: Any, example: Any, predict_fn: str) -> ModelSignature | None:
    """The signature of the example and the model's answer to it; None, with a warning, if none."""
    import numpy as np
    import pandas as pd

    from tuiflow.models.enforce import enforce

    if not hasattr(model, predict_fn):
        return None
    try:
        inputs = infer_schema(example)
        answer = getattr(model, predict_fn)(enforce(example, inputs))
        if not inputs.is_tensor_spec() and isinstance(answer, np.ndarray) and answer.ndim == 1:
            # One answer per row of a table is a column, not a tensor.
            answer = pd.Series(answer)
        return ModelSignature(inputs, _output_schema(answer))
    except Exception as error:
        reason = error.message if isinstance(error, TuiflowError) else repr(error)
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
