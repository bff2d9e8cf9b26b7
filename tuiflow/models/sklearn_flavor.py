"""The `sklearn` flavor: scikit-learn models in MLflow's directory format."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tuiflow.errors import InvalidInput, ModelError
from tuiflow.models import environment, serialize
from tuiflow.models.folder import Details, Written, python_function, save_folder
from tuiflow.models.mlmodel import PYTHON_FUNCTION, SKLEARN, MLmodel, read_mlmodel
from tuiflow.models.pyfunc import PREDICT_FNS
from tuiflow.models.schema import ModelSignature

LOADER_MODULE = "mlflow.sklearn"
"""MLflow's name of the loader, written and accepted so that both read each other's models."""

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
    if pyfunc_predict_fn not in PREDICT_FNS:
        raise InvalidInput(f"pyfunc_predict_fn must be one of {', '.join(PREDICT_FNS)}.")
    details = Details(
        signature=signature,
        input_example=input_example,
        conda_env=conda_env,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
        metadata=metadata,
        run_id=run_id,
        artifact_path=artifact_path,
    )

    def write(draft: Path) -> Written:
        saved = serialize.save(sk_model, draft)
        if saved.reason is not None:
            _log.warning(
                "Saved with cloudpickle, which runs code from the file when it is loaded: %s",
                saved.reason,
            )
        return Written(
            _flavors(saved, sk_model, pyfunc_predict_fn),
            environment.default_requirements(saved.format, saved.modules),
            getattr(saved.restored, pyfunc_predict_fn, None),
        )

    return save_folder(folder, write, details, replace=replace)


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
    # `data` is what the first versions of MLflow called it.
    named = flavor.get("pickled_model") or function.get("model_path") or function.get("data")
    path = mlmodel.path(named)
    if not path.is_file():
        raise ModelError(f"The model folder {mlmodel.folder} lacks its model file {path.name}.")
    if flavor.get("code") and format != serialize.SKOPS:
        raise ModelError(f"{mlmodel.folder} brings its own code (code_paths), not served yet.")
    return serialize.load(path, format)


load_pyfunc = load_flavor


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
    function = python_function(LOADER_MODULE, model_path=saved.path.name, predict_fn=predict_fn)
    return {PYTHON_FUNCTION: function, SKLEARN: native}
