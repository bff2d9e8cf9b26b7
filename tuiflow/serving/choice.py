"""Which of a run's models to serve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tuiflow.errors import InvalidInput, NotFound
from tuiflow.models.mlmodel import MLMODEL
from tuiflow.text import clean

if TYPE_CHECKING:
    from tuiflow.entities import Run
    from tuiflow.store import Store


def model_paths(store: Store, run: Run) -> list[str]:
    """Artifact paths of a run's models: those it tells of, then other folders with an MLmodel."""
    told = [path for path in run.model_paths if _holds_model(store, run, path)]
    folders = [info.path for info in store.list_artifacts(run.info.run_id) if info.is_dir]
    return told + [path for path in folders if path not in told and _holds_model(store, run, path)]


def choose_model(store: Store, run_id: str, model_path: str | None) -> tuple[str, Path]:
    """The artifact path and the folder of a run's model; None chooses where there is only one.

    Raises NotFound for an unknown run or path, InvalidInput where there is no model or several.
    """
    run = store.get_run(run_id)
    name = clean(run.info.run_name)
    paths = model_paths(store, run)
    if model_path is not None and _holds_model(store, run, model_path):
        return model_path, store.artifact_path(run_id, model_path)
    if not paths:
        raise InvalidInput(
            f"The run {name} has no model; log one with"
            " tuiflow.sklearn.log_model(model, name='model') while it is active."
        )
    listed = ", ".join(clean(path) for path in paths)
    if model_path is not None:
        raise NotFound(f"The run {name} has no model {clean(model_path)!r}; it has {listed}.")
    if len(paths) > 1:
        raise InvalidInput(f"The run {name} has several models; choose one with -m: {listed}.")
    return paths[0], store.artifact_path(run_id, paths[0])


def _holds_model(store: Store, run: Run, path: str) -> bool:
    try:
        return store.artifact_path(run.info.run_id, f"{path}/{MLMODEL}").is_file()
    except (NotFound, InvalidInput):
        return False
