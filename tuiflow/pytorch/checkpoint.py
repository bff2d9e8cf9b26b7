"""Load a module from a checkpoint that autologging made."""

from __future__ import annotations

import inspect
from typing import Any

from tuiflow.errors import ModelError
from tuiflow.models.wording import first_line
from tuiflow.pytorch.settings import MODEL_FILE
from tuiflow.tracking.autolog.checkpoints import checkpoint_path


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
    path = checkpoint_path(run_id, epoch, global_step, MODEL_FILE)
    load = model_class.load_from_checkpoint
    safe = "weights_only" in inspect.signature(load).parameters
    try:
        return load(path, **({"weights_only": True} if safe else {}))
    except Exception as error:
        raise ModelError(f"The checkpoint {path} can't be loaded: {first_line(error)}") from error
