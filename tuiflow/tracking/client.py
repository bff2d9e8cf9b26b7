"""MLflow's client (mlflow/tracking/client.py): the same acts, on a run named by its id."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, SupportsFloat, SupportsIndex

from tuiflow.entities import (
    TAG_RUN_NAME,
    Experiment,
    FileInfo,
    Metric,
    Param,
    Run,
    RunStatus,
    RunTag,
    ViewType,
)
from tuiflow.tracking import record, searching
from tuiflow.tracking.paging import PagedList, page
from tuiflow.tracking.registry_client import RegistryClient
from tuiflow.tracking.stores import store_for


class MlflowClient(RegistryClient):
    """Reads and writes one store. Raises NotFound, InvalidInput and InvalidState throughout."""

    def __init__(self, tracking_uri: str | os.PathLike[str] | None = None) -> None:
        """`tracking_uri` as `set_tracking_uri` takes it; None is the store in use."""
        self._store = store_for(tracking_uri)

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
        if status == RunStatus.RUNNING:
            self._store.adopt_run(run_id)
        elif status is not None:
            self._store.finish_run(run_id, status)
        if name is not None:
            self._store.log_batch(run_id, tags=[RunTag(TAG_RUN_NAME, name)])

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
    ) -> None:
        """Log one point; `timestamp` in epoch ms.

        Writes are always synchronous: `synchronous` is there for MLflow's sake.
        """
        self._store.log_batch(run_id, metrics=[record.metric(key, value, step, timestamp)])

    def log_param(self, run_id: str, key: str, value: Any, synchronous: bool | None = None) -> Any:
        self._store.log_batch(run_id, params=record.params({key: value}))
        return value

    def set_tag(self, run_id: str, key: str, value: Any, synchronous: bool | None = None) -> None:
        self._store.log_batch(run_id, tags=record.tags({key: value}))

    def delete_tag(self, run_id: str, key: str) -> None:
        self._store.delete_tag(run_id, key)

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        synchronous: bool | None = None,
    ) -> None:
        """Write all or nothing."""
        self._store.log_batch(
            run_id,
            [record.metric(item.key, item.value, item.step, item.timestamp) for item in metrics],
            [record.param(item.key, item.value) for item in params],
            [record.tag(item.key, item.value) for item in tags],
        )

    def log_artifact(
        self, run_id: str, local_path: str | Path, artifact_path: str | Path | None = None
    ) -> None:
        record.log_artifact(self._store, run_id, local_path, artifact_path)

    def log_artifacts(
        self, run_id: str, local_dir: str | Path, artifact_path: str | Path | None = None
    ) -> None:
        record.log_artifacts(self._store, run_id, local_dir, artifact_path)

    def log_text(self, run_id: str, text: str, artifact_file: str | Path) -> None:
        record.log_text(self._store, run_id, text, artifact_file)

    def log_dict(self, run_id: str, dictionary: Any, artifact_file: str | Path) -> None:
        record.log_dict(self._store, run_id, dictionary, artifact_file)

    def log_figure(
        self,
        run_id: str,
        figure: Any,
        artifact_file: str | Path,
        *,
        save_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        record.log_figure(self._store, run_id, figure, artifact_file, save_kwargs)

    # reading

    def get_metric_history(self, run_id: str, key: str) -> list[Metric]:
        """All points of a metric by (timestamp, step); empty where it was never logged."""
        history = self._store.metric_history(run_id, key)
        points = [
            Metric(key, value, timestamp, step)
            for step, timestamp, value in zip(
                history.steps, history.timestamps, history.values, strict=True
            )
        ]
        points.sort(key=lambda point: point.timestamp)  # in a history, steps are in order
        return points

    def list_artifacts(self, run_id: str, path: str | Path | None = None) -> list[FileInfo]:
        """What is directly in an artifact folder, by name; nothing where there is none."""
        return self._store.list_artifacts(run_id, str(path or ""))
