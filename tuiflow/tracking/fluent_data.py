"""Fluent functions for data sets, images and tables; they act on the active run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuiflow.errors import InvalidInput
from tuiflow.tracking import datasets as making
from tuiflow.tracking import fluent

if TYPE_CHECKING:
    import pandas as pd

    from tuiflow.entities import Dataset
    from tuiflow.protocols import History
    from tuiflow.tracking.datasets import LoggedDataset


def log_input(
    dataset: LoggedDataset | Dataset | None = None,
    context: str | None = None,
    tags: Mapping[str, object] | None = None,
    model: None = None,
) -> None:
    """Say that the run reads a data set, in a context such as training.

    One that the run has already, by name and digest, stays as it was first logged. `model` is
    there for MLflow's sake. Raises InvalidInput.
    """
    _no_models(model)
    log_inputs([dataset], [context], [tags])


def log_inputs(
    datasets: Sequence[LoggedDataset | Dataset | None] | None = None,
    contexts: Sequence[str | None] | None = None,
    tags_list: Sequence[Mapping[str, object] | None] | None = None,
    models: None = None,
) -> None:
    """Say that the run reads several data sets, all or none; the lists are equally long."""
    _no_models(models)
    inputs = making.dataset_inputs(datasets, contexts, tags_list)
    opened = fluent.current_or_new_run()
    opened.store.log_inputs(opened.run_id, inputs)


def _no_models(models: object) -> None:
    if models:
        raise InvalidInput("A run's inputs are data sets here; models can't be logged as inputs.")


def log_image(
    image: Any,
    artifact_file: str | Path | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = None,
) -> None:
    """Save an image as the artifact `artifact_file`, or as one step of the series `key`.

    `image` is a Pillow image or an array: see `tuiflow.tracking.images.log_image`. Needs Pillow.
    """
    from tuiflow.tracking import images

    opened = fluent.current_or_new_run()
    images.log_image(opened.store, opened.run_id, image, artifact_file, key, step, timestamp)


def log_table(data: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Write a DataFrame or a dictionary of columns as the artifact `artifact_file` (.json or
    .parquet); rows are added to those that are there."""
    from tuiflow.tracking import tables

    store, target = fluent.target(run_id)
    tables.log_table(store, target, data, artifact_file)


def load_table(
    artifact_file: str,
    run_ids: Sequence[str] | None = None,
    extra_columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The table of these runs, or of all runs of the active experiment that have it, newest run
    first; `extra_columns`, such as run_id, are added to each row. Raises NotFound."""
    from tuiflow.tracking import tables
    from tuiflow.tracking.experiments import active_experiment_id
    from tuiflow.tracking.stores import current_store

    store = current_store()
    experiment = active_experiment_id(store)
    return tables.load_table(store, experiment, artifact_file, run_ids, extra_columns)


def metric_history(run_id: str, key: str) -> History:
    """All points of a run's metric as columns, by (step, timestamp, arrival).

    `steps`, `timestamps` (epoch ms) and `values` are arrays, empty where the metric was never
    logged; `to_numpy()` has them as NumPy arrays, for `pandas.DataFrame`. Raises NotFound.
    """
    from tuiflow.tracking.stores import current_store

    return current_store().metric_history(run_id, key)
