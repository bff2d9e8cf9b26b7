"""Where a run keeps its models, which folder a model address means, and how models get versions."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tuiflow.config import MAX_TAG_LENGTH
from tuiflow.entities import TAG_MODELS, ModelVersion, RunTag
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.models.uri import LocalModel, RegistryModel, RunModel, parse_model_uri
from tuiflow.store import Store
from tuiflow.tracking.stores import current_store

if TYPE_CHECKING:
    from tuiflow.store.registry import ModelLocation

ModelAddress = LocalModel | RunModel | RegistryModel

_lock = threading.Lock()


def model_folder(uri: str | Path, store: Store | None = None) -> Path:
    """The folder of a model: a path, `file://…`, `runs:/RUN/path`, `models:/NAME/VERSION`,
    `models:/NAME/latest`, `models:/NAME/STAGE` or `models:/NAME@ALIAS`.

    RUN is an id, a unique prefix, a run's name, `latest` or `best:METRIC`. `store` None is the
    current one. Raises InvalidInput for addresses that are not served, NotFound, Ambiguous.
    """
    address = parse_model_uri(uri)
    if isinstance(address, LocalModel):
        return address.folder
    return _folder(store or current_store(), address)


def _folder(store: Store, address: ModelAddress) -> Path:
    found = locate_model(store, address)
    if isinstance(found, LocalModel):
        return found.folder
    try:
        return store.artifact_path(found.run_id, found.path)
    except NotFound:
        if isinstance(address, RunModel):
            raise
        raise NotFound(f"{address} is {found}, where there is no model any more.") from None


def locate_model(store: Store, address: ModelAddress) -> LocalModel | RunModel:
    """Follow an address to a folder or, with a full run id, into a run.

    Whether there is a model is not asked. Raises NotFound, Ambiguous, InvalidInput.
    """
    if isinstance(address, RunModel):
        return RunModel(store.resolve_run(address.run_id), address.path)
    if isinstance(address, LocalModel):
        return address
    version = named_version(store, address)
    location = store.registry.location(version.name, version.version)
    if location.run_id is not None:
        return RunModel(location.run_id, location.path)
    target = parse_model_uri(location.path)
    if isinstance(target, LocalModel) and not target.folder.is_absolute():
        raise NotFound(f"{address} was made from {version.source}, and that run is gone.")
    return locate_model(store, target)


def named_version(store: Store, address: RegistryModel) -> ModelVersion:
    """The version that an address names. Raises NotFound with those there are, InvalidInput."""
    if address.version is not None:
        return store.registry.get_version(address.name, address.version)
    if address.alias is not None:
        return store.registry.get_version_by_alias(address.name, address.alias)
    return store.registry.get_latest(address.name, address.stage)


def note_model(store: Store, run_id: str, path: str) -> None:
    """Add `path` to the tag that lists the run's models, unless the tag is full."""
    with _lock:
        paths = store.get_run(run_id).model_paths
        value = ",".join((*paths, path))
        if path not in paths and len(value) <= MAX_TAG_LENGTH:
            store.log_batch(run_id, tags=[RunTag(TAG_MODELS, value)])


def register_logged(store: Store, run_id: str, path: str, name: str) -> ModelVersion:
    """Make the model that a run has just logged at `path` the next version of `name`, and say so;
    see `register`."""
    version = register(store, RunModel(run_id, path), name)
    announce(version)
    return version


def register(
    store: Store,
    address: ModelAddress,
    name: str,
    tags: Mapping[str, str] | None = None,
) -> ModelVersion:
    """Make a model the next version of `name`, and `name` a registered model where it is none.

    Raises NotFound where there is no model at the address, InvalidInput for a name that can't be
    one.
    """
    from tuiflow.models.mlmodel import read_mlmodel
    from tuiflow.store.model_names import check_model_name

    check_model_name(name)
    read_mlmodel(_folder(store, address))
    run_id = ""
    if isinstance(address, RegistryModel):
        version = named_version(store, address)
        run_id, source = version.run_id, str(RegistryModel(version.name, version.version))
    elif isinstance(address, RunModel):
        source = str(locate_model(store, address))
    else:
        source = str(address.folder.absolute())
    location = locate_source(store, source)
    return store.registry.create_version(
        name,
        source,
        location,
        run_id=run_id or location.run_id or "",
        tags=tags,
        make_model=True,
    )


def announce(version: ModelVersion) -> None:
    """Say, in a line on standard error, that a script has registered a model."""
    from tuiflow.text import clean
    from tuiflow.tracking.context.ranks import silent_rank

    if silent_rank(os.environ):
        return
    print(
        f"tuiflow: registered {clean(version.source)} as {clean(version.name)}"
        f" version {version.version}",
        file=sys.stderr,
    )


def locate_source(store: Store, source: str) -> ModelLocation:
    """Where the model is that a version's `source` tells of.

    As in MLflow only a `models:/` source must exist; one that tuiflow can't read is kept as it is,
    and loading it is the error. Raises NotFound, InvalidInput.
    """
    from tuiflow.store.registry import ModelLocation

    try:
        address = parse_model_uri(source)
    except InvalidInput:
        if not source.strip() or source.startswith("models:"):
            raise
        return ModelLocation(None, source)
    if isinstance(address, RegistryModel):
        version = named_version(store, address)
        return store.registry.location(version.name, version.version)
    if isinstance(address, RunModel):
        try:
            return ModelLocation(store.resolve_run(address.run_id), address.path)
        except NotFound:
            return ModelLocation(None, source)
    return _local_location(store, address.folder.absolute())


_RUN_ID = re.compile(r"[0-9a-f]{32}")


def _local_location(store: Store, folder: Path) -> ModelLocation:
    """A folder among a run's artifacts moves with the store: it is told by the run."""
    from tuiflow.store.registry import ModelLocation

    for parent in folder.parents:
        if _RUN_ID.fullmatch(parent.name):
            try:
                inside = folder.relative_to(store.artifact_folder(parent.name))
            except (NotFound, ValueError):
                continue
            return ModelLocation(parent.name, inside.as_posix())
    return ModelLocation(None, str(folder))
