"""The fluent functions on experiments, and which experiment a new run belongs to."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuiflow.config import (
    ENV_EXPERIMENT,
    ENV_EXPERIMENT_ID_OF_MLFLOW,
    ENV_EXPERIMENT_OF_MLFLOW,
)
from tuiflow.entities import DEFAULT_EXPERIMENT_ID, Experiment, LifecycleStage, ViewType
from tuiflow.errors import AlreadyExists, InvalidInput, InvalidState
from tuiflow.store import Store
from tuiflow.tracking import record
from tuiflow.tracking.stores import current_store

_lock = threading.Lock()
_chosen: dict[Path, str] = {}


def set_experiment(
    experiment_name: str | None = None, experiment_id: str | None = None
) -> Experiment:
    """Make an experiment the active one, here and in processes started from here, creating it
    where the name is new.

    Raises InvalidInput unless exactly one of name and id is given, NotFound for an unknown id,
    InvalidState when it is deleted.
    """
    if (experiment_name is None) == (experiment_id is None):
        raise InvalidInput("set_experiment takes either a name or an id.")
    store = current_store()
    if experiment_id is not None:
        experiment = store.get_experiment(experiment_id)
    else:
        assert experiment_name is not None
        experiment = get_or_create_experiment(store, experiment_name)
    if experiment.lifecycle_stage == LifecycleStage.DELETED:
        raise InvalidState(
            f"Experiment {experiment.name!r} is deleted; restore it or choose another name."
        )
    _chosen[store.database] = experiment.experiment_id
    os.environ[ENV_EXPERIMENT] = experiment.name
    return experiment


def get_or_create_experiment(store: Store, name: str) -> Experiment:
    """The experiment of that name, deleted or not, created where the name is new."""
    found = store.get_experiment_by_name(name)
    if found is None:
        try:
            return store.get_experiment(store.create_experiment(name))
        except AlreadyExists:  # another process was quicker
            found = store.get_experiment_by_name(name)
            if found is None:
                raise
    return found


def name_in_environment() -> str | None:
    """The experiment that the environment names: our variable, or MLflow's, as job scripts have."""
    return os.environ.get(ENV_EXPERIMENT) or os.environ.get(ENV_EXPERIMENT_OF_MLFLOW) or None


def default_experiment_id() -> str:
    """Where no experiment is named: the one of MLflow's variable for its id, or else Default."""
    return os.environ.get(ENV_EXPERIMENT_ID_OF_MLFLOW) or DEFAULT_EXPERIMENT_ID


def active_experiment_id(store: Store) -> str:
    """The experiment chosen by `set_experiment` or the environment, else the default one."""
    with _lock:
        chosen = _chosen.get(store.database)
        if chosen is None and (name := name_in_environment()):
            chosen = _chosen[store.database] = get_or_create_experiment(store, name).experiment_id
    return default_experiment_id() if chosen is None else chosen


def create_experiment(
    name: str,
    artifact_location: str | Path | None = None,
    tags: Mapping[str, Any] | None = None,
) -> str:
    """Create an experiment and return its id. Raises AlreadyExists."""
    return record.create_experiment(current_store(), name, artifact_location, tags)


def get_experiment(experiment_id: str) -> Experiment:
    """Raises NotFound."""
    return current_store().get_experiment(experiment_id)


def get_experiment_by_name(name: str) -> Experiment | None:
    """The experiment of that name, deleted or not; None where there is none."""
    return current_store().get_experiment_by_name(name)


def search_experiments(
    view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: list[str] | None = None,
) -> list[Experiment]:
    """The experiments that match, newest change first unless `order_by` says otherwise.

    Filter and order know `name`, `experiment_id`, `creation_time`, `last_update_time` (epoch ms or
    a date) and `tags.KEY`. Raises FilterError, InvalidInput.
    """
    from tuiflow.tracking import searching

    return searching.search_experiments(
        current_store(), view_type, max_results, filter_string, order_by
    )


def delete_experiment(experiment_id: str) -> None:
    """Mark an experiment and its runs deleted; `restore_experiment` brings them back.

    Raises NotFound, InvalidState.
    """
    current_store().delete_experiment(experiment_id)


def restore_experiment(experiment_id: str) -> None:
    """Bring a deleted experiment back, with the runs deleted with it. Raises NotFound."""
    current_store().restore_experiment(experiment_id)


def set_experiment_tag(key: str, value: Any) -> None:
    """Set a tag, its value as text, on the active experiment. Raises InvalidInput."""
    set_experiment_tags({key: value})


def set_experiment_tags(tags: Mapping[str, Any]) -> None:
    """Set tags, their values as text, on the active experiment. Raises InvalidInput."""
    store = current_store()
    store.set_experiment_tags(active_experiment_id(store), record.texts(tags))


def delete_experiment_tag(key: str) -> None:
    """Delete a tag of the active experiment. Raises NotFound."""
    store = current_store()
    store.delete_experiment_tag(active_experiment_id(store), key)
