"""Where a run keeps its models, and which folder a model address means."""

from __future__ import annotations

import threading
from pathlib import Path

from tuiflow.config import MAX_TAG_LENGTH
from tuiflow.entities import TAG_MODELS, RunTag
from tuiflow.models.uri import LocalModel, parse_model_uri
from tuiflow.store import Store
from tuiflow.tracking.stores import current_store

_lock = threading.Lock()


def model_folder(uri: str | Path) -> Path:
    """The folder of a model: a path, `file://…`, or `runs:/RUN/path` in the current store.

    RUN is an id, a unique prefix, a run's name, `latest` or `best:METRIC`. Raises InvalidInput for
    addresses that are not served, NotFound, Ambiguous.
    """
    address = parse_model_uri(uri)
    if isinstance(address, LocalModel):
        return address.folder
    store = current_store()
    return store.artifact_path(store.resolve_run(address.run_id), address.path)


def note_model(store: Store, run_id: str, path: str) -> None:
    """Add `path` to the tag that lists the run's models, unless the tag is full."""
    with _lock:
        paths = store.get_run(run_id).model_paths
        value = ",".join((*paths, path))
        if path not in paths and len(value) <= MAX_TAG_LENGTH:
            store.log_batch(run_id, tags=[RunTag(TAG_MODELS, value)])
