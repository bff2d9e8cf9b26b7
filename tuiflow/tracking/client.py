"""MLflow's client (mlflow/tracking/client.py): the same acts, on a run named by its id."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import repeat
from operator import attrgetter
from pathlib import Path
from typing import Any, SupportsFloat, SupportsIndex

from tuiflow.entities import (
    TAG_RUN_NAME,
    DatasetInput,
    Experiment,
    Metric,
    Param,
    Run,
    RunStatus,
    RunTag,
    ViewType,
)
from tuiflow.errors import InvalidInput
from tuiflow.tracking import record, searching
from tuiflow.tracking.artifact_client import ArtifactClient
from tuiflow.tracking.operations import RunOperations, done
from tuiflow.tracking.paging import PagedList, page
from tuiflow.tracking.registry_client import RegistryClient
from tuiflow.tracking.stores import check_registry, store_for


class MlflowClient(ArtifactClient, RegistryClient):
    """Reads and writes one store. Raises NotFound, InvalidInput and InvalidState throughout."""

    def __init__(
        self,
        tracking_uri: str | os.PathLike[str] | None = None,
        registry_uri: str | os.PathLike[str] | None = None,
    ) -> None:
        """`tracking_uri` as `set_tracking_uri` takes it; None is the store in use. Its models are
        registered in it: another `registry_uri` is an InvalidInput."""
        self._store = store_for(tracking_uri)
        if registry_uri is not None:
            check_registry(registry_uri, self._store.database)

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle: in another process, the client of the same store."""
        return type(self), (self._store.database,)

    @property
    def tracking_uri(self) -> str:
        return f"sqlite:///{self._store.database}"

    # experiments

    def create_experiment(
        self,
        name: str,
        artifact_location: str | Path | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> str:
        return record.create_experiment(self._store, name, artifact_location, tags)

    def get_experiment(self, experiment_id: str) -> Experiment:
        return self._store.get_experiment(experiment_id)

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        return self._store.get_experiment_by_name(name)

    def search_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        filter_string: str | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """A page of experiments; see `tuiflow.search_experiments`."""
        return page(
            lambda limit, offset: searching.search_experiments(
                self._store, view_type, limit, filter_string, order_by, offset
            ),
            max_results,
            page_token,
        )

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Raises NotFound, AlreadyExists, InvalidInput, InvalidState when it is deleted."""
        self._store.rename_experiment(experiment_id, new_name)

    def delete_experiment(self, experiment_id: str) -> None:
        """Mark an experiment and its runs deleted. Raises NotFound, InvalidState."""
        self._store.delete_experiment(experiment_id)

    def restore_experiment(self, experiment_id: str) -> None:
        """Bring a deleted experiment back, with the runs deleted with it. Raises NotFound."""
        self._store.restore_experiment(experiment_id)

    def set_experiment_tag(self, experiment_id: str, key: str, value: Any) -> None:
        self._store.set_experiment_tags(experiment_id, record.texts({key: value}))

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        self._store.delete_experiment_tag(experiment_id, key)

    # runs

    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = None,
        tags: Mapping[str, Any] | None = None,
        run_name: str | None = None,
    ) -> Run:
        """Create a RUNNING run; `start_time` in epoch ms, None is now."""
        own_tags = {tag.key: tag.value for tag in record.tags(tags or {})}
        if run_name and own_tags.get(TAG_RUN_NAME, run_name) != run_name:
            raise InvalidInput(f"Name the run as run_name= or as tag {TAG_RUN_NAME}, not both.")
        return self._store.create_run(experiment_id, run_name, start_time, own_tags)

    def get_run(self, run_id: str) -> Run:
        return self._store.get_run(run_id)

    def search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        run_view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """A page of runs. Raises FilterError for a mistake in the filter or the order."""
        return page(
            lambda limit, offset: searching.search_runs(
                self._store, experiment_ids, filter_string, run_view_type, limit, order_by, offset
            ),
            max_results,
            page_token,
        )

    def set_terminated(
        self, run_id: str, status: str | None = None, end_time: int | None = None
    ) -> None:
        """End a run: FINISHED where `status` is None, now (epoch ms) where `end_time` is."""
        self._store.finish_run(run_id, status or RunStatus.FINISHED.value, end_time)

    def update_run(self, run_id: str, status: str | None = None, name: str | None = None) -> None:
        """Change a run's status, name or both."""
        self._store.update_run(run_id, status, name or None)

    def get_parent_run(self, run_id: str) -> Run | None:
        """The run that a run is nested in; None for one that is not nested."""
        return record.parent_run(self._store, run_id)

    def delete_run(self, run_id: str) -> None:
        self._store.delete_runs([run_id])

    def restore_run(self, run_id: str) -> None:
        self._store.restore_runs([run_id])

    # logging

    def log_metric(
        self,
        run_id: str,
        key: str,
        value: SupportsFloat,
        timestamp: float | None = None,
        step: SupportsIndex | None = None,
        synchronous: bool | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        model_id: str | None = None,
    ) -> RunOperations | None:
        """Log one point; `timestamp` in epoch ms.

        Writes are always synchronous; with `synchronous=False` there is something to `wait()` for.
        What comes after is there for MLflow's sake: the point is the run's alone.
        """
        points = [record.metric(key, value, step, timestamp)]
        self._store.log_batch(run_id, metrics=points, in_order=timestamp is None)
        return done(synchronous)

    def log_param(self, run_id: str, key: str, value: Any, synchronous: bool | None = None) -> Any:
        """Log a param and return its value, or with `synchronous=False` something to `wait()` for.
        Raises InvalidInput when it would change."""
        self._store.log_batch(run_id, params=record.params({key: value}))
        return done(synchronous) or value

    def set_tag(
        self, run_id: str, key: str, value: Any, synchronous: bool | None = None
    ) -> RunOperations | None:
        self._store.log_batch(run_id, tags=record.tags({key: value}))
        return done(synchronous)

    def delete_tag(self, run_id: str, key: str) -> None:
        self._store.delete_tag(run_id, key)

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        synchronous: bool | None = None,
    ) -> RunOperations | None:
        """Write all or nothing, however many there are."""
        try:
            batch = (
                record.points(metrics),
                [record.param(item.key, item.value) for item in params],
                [record.tag(item.key, item.value) for item in tags],
            )
        except AttributeError as error:
            raise InvalidInput(
                "log_batch takes lists of entities.Metric, Param and RunTag;"
                f" {type(error.obj).__name__} is none of them."
            ) from None
        self._store.log_batch(run_id, *batch)
        return done(synchronous)

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] | None = None,
        models: Sequence[Any] | None = None,
    ) -> None:
        """Say that the run reads data sets, all or none. Raises InvalidInput for `models`."""
        if models:
            raise InvalidInput(
                "A run's inputs are data sets here; models can't be logged as inputs."
            )
        self._store.log_inputs(run_id, list(datasets or ()))

    # reading

    def get_metric_history(self, run_id: str, key: str) -> PagedList[Metric]:
        """All points of a metric by (timestamp, step), in one page; empty where it was never
        logged."""
        history = self._store.metric_history(run_id, key)
        points = list(map(Metric, repeat(key), history.values, history.timestamps, history.steps))
        points.sort(key=attrgetter("timestamp"))  # in a history, steps are in order
        return PagedList(points, None)
