"""Load a module from a checkpoint that autologging made."""

from __future__ import annotations

import inspect
from typing import Any

from tuiflow.errors import InvalidInput, ModelError, NotFound
from tuiflow.models.wording import first_line
from tuiflow.pytorch.settings import MODEL_FILE
from tuiflow.tracking import active
from tuiflow.tracking.autolog.checkpoints import FOLDER, TAG_LATEST
from tuiflow.tracking.stores import current_store


def load_checkpoint(
    model_class: Any,
    run_id: str | None = None,
    epoch: int | None = None,
    global_step: int | None = None,
) -> Any:
    """A module of the class `model_class` as a run's checkpoint has it.

    That is the newest checkpoint of the run (None for the active one), the one after an epoch or a
    step where all were kept, or else the trained model. Where Lightning offers it (2.6), the file
    is read as plain weights, without running code of its own. Raises NotFound where there is no
    checkpoint, ModelError where it can't be loaded.
    """
    if epoch is not None and global_step is not None:
        raise InvalidInput("Give epoch or global_step, not both.")
    opened = active.current()
    if run_id is None and opened is None:
        raise InvalidInput("Give load_checkpoint a run_id; no run is active.")
    if run_id is None and opened is not None:
        store, run_id = opened.store, opened.run_id
    else:
        store = current_store()
        run_id = store.resolve_run(str(run_id))
    newest = store.get_run(run_id).data.tags.get(TAG_LATEST)
    if epoch is not None or global_step is not None:
        folder = f"epoch_{epoch}" if epoch is not None else f"global_step_{global_step}"
        name = (newest or "checkpoint.pth").rpartition("/")[2]
        path = store.artifact_path(run_id, f"{FOLDER}/{folder}/{name}")
    else:
        try:
            path = store.artifact_path(run_id, newest or MODEL_FILE)
        except NotFound:
            raise NotFound(f"The run {run_id} has no checkpoint.") from None
    load = model_class.load_from_checkpoint
    safe = "weights_only" in inspect.signature(load).parameters
    try:
        return load(path, **({"weights_only": True} if safe else {}))
    except Exception as error:
        raise ModelError(f"The checkpoint {path} can't be loaded: {first_line(error)}") from error
