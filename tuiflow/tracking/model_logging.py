"""What logging a model is, whatever its flavor: a folder in a run, noted there and registered."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from tuiflow.config import ENV_RUN_ID, ENV_RUN_ID_OF_MLFLOW
from tuiflow.errors import InvalidInput
from tuiflow.models.info import ModelInfo
from tuiflow.models.mlmodel import MLmodel
from tuiflow.models.uri import check_model_path
from tuiflow.store import Store
from tuiflow.store.artifacts import TEMPORARY
from tuiflow.store.model_names import check_model_name
from tuiflow.tracking import active
from tuiflow.tracking.fluent import current_or_new_run, start_run
from tuiflow.tracking.models import note_model, register_logged

LEFT_OUT = frozenset(("code_paths", "extra_files", "mlflow_model"))
"""Arguments that MLflow's `log_model` or `save_model` takes for every flavor, and tuiflow's not."""

_OF_LOGGED_MODELS = ("model_id", "model_type", "params", "step", "tags")
"""Arguments that say something of MLflow 3's logged models, which are kept beside runs there."""


def log_model(
    save: Callable[[Path, str, str], MLmodel],
    name: str | None,
    artifact_path: str | None,
    registered_model_name: str | None,
) -> ModelInfo:
    """Have `save` write a model among the artifacts of the active run, or of a new one, which
    then ends with this call.

    `save` is called with the folder, the run's id and the artifact path; it replaces a model that
    is there. `name` (or `artifact_path`, its older name) is `model` unless given. With
    `registered_model_name` the model becomes the next version of that. Raises InvalidInput for
    names that can't be, before anything is written.
    """
    if registered_model_name is not None:
        check_model_name(registered_model_name)
    if name is not None and artifact_path is not None and name != artifact_path:
        raise InvalidInput("Give the model one name: name= is the new spelling of artifact_path=.")
    path = check_model_path(name or artifact_path or "model")
    with _active_or_own_run() as run:
        keep_registered(run.store, run.run_id, path)
        mlmodel = save(run.store.artifact_file(run.run_id, path), run.run_id, path)
        note_model(run.store, run.run_id, path)
        version = None
        if registered_model_name is not None:
            version = register_logged(run.store, run.run_id, path, registered_model_name).version
        return ModelInfo.of(mlmodel, run.run_id, path, version)


@contextlib.contextmanager
def _active_or_own_run() -> Iterator[active.OpenRun]:
    """The active run or, where there is none, one that ends with the block."""
    if (opened := active.current()) is not None:
        yield opened
        return
    names = (ENV_RUN_ID, ENV_RUN_ID_OF_MLFLOW)
    handed_over = {name: os.environ[name] for name in names if name in os.environ}
    try:
        with start_run():
            yield current_or_new_run()
    finally:
        # The run that `tuiflow run` made is the whole script's: the next call takes it up again.
        os.environ.update(handed_over)


def keep_registered(store: Store, run_id: str, path: str) -> None:
    """Before another model takes the place of the one at `path`: registered versions of that one
    keep it, at a path beside it, such as `model-1`."""
    if not store.registry.versions_at(run_id, path):
        return
    folder = store.artifact_folder(run_id) / path
    if not folder.is_dir():
        return
    beside = (f"{path}-{number}" for number in itertools.count(1))
    kept = next(one for one in beside if not (store.artifact_folder(run_id) / one).exists())
    part = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=folder.parent))
    try:
        shutil.copytree(folder, part, copy_function=_link, dirs_exist_ok=True)
        part.rename(store.artifact_folder(run_id) / kept)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    store.registry.move_versions(run_id, path, kept)
    note_model(store, run_id, kept)


def _link(source: str, target: str) -> None:
    """The same file under a second name, which costs nothing: models are replaced, not changed."""
    with contextlib.suppress(OSError):
        os.link(source, target)
        return
    shutil.copy2(source, target)


def refuse(
    function: str,
    arguments: Mapping[str, Any],
    left_out: Set[str] = LEFT_OUT,
    accepted: Sequence[str] = (),
) -> None:
    """Raise InvalidInput for arguments of MLflow's that are not served, TypeError for others.

    Those that describe a logged model change nothing of the model itself: a warning says that they
    are not kept.
    """
    described = [name for name in _OF_LOGGED_MODELS if arguments.get(name) is not None]
    if described:
        warnings.warn(
            f"{function}({', '.join(described)}): a model has no params, tags or steps of its own"
            " here; log_params and set_tags keep them with the run.",
            stacklevel=3,
        )
    for name, value in arguments.items():
        if name in _OF_LOGGED_MODELS or name in accepted:
            continue
        if name not in left_out:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
        if value is not None:
            raise InvalidInput(f"{function}({name}=…) is not served yet; leave it out.")
