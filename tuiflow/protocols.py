"""What tracking, screens and commands may ask of a store, wherever it is."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tuiflow.entities import (
    DatasetInput,
    Experiment,
    ExperimentCounts,
    FileInfo,
    Metric,
    MetricSummary,
    Param,
    Run,
    RunTag,
    ViewType,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tuiflow.filters.tree import Key, Node, OrderKey


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs, in which order. `experiment_ids` None means every active experiment.

    Ties, and everything where `order_by` is empty, are newest first, then by run id.
    """

    experiment_ids: tuple[str, ...] | None = None
    filter: Node | None = None
    order_by: tuple[OrderKey, ...] = ()
    view: ViewType = ViewType.ACTIVE_ONLY


@dataclass(frozen=True, slots=True)
class KeyNames:
    """The names in use, each sorted."""

    metrics: tuple[str, ...]
    params: tuple[str, ...]
    tags: tuple[str, ...]

    def keys(self) -> tuple[Key, ...]:
        """All of them as keys of the filter language: metrics first, then params, then tags."""
        from tuiflow.filters.tree import Key, Kind

        groups = ((Kind.METRIC, self.metrics), (Kind.PARAM, self.params), (Kind.TAG, self.tags))
        return tuple(Key(kind, name) for kind, names in groups for name in names)


@dataclass(frozen=True, slots=True)
class History:
    """A metric's points as columns, ordered by (step, timestamp, order of arrival)."""

    steps: array[int]
    timestamps: array[int]
    values: array[float]

    def to_numpy(self) -> dict[str, NDArray[Any]]:
        """The columns `step`, `timestamp` (epoch ms, both int64) and `value` (float64) as NumPy
        arrays over the same memory; `pandas.DataFrame(history.to_numpy())` is a table of them."""
        import numpy as np

        return {
            "step": np.frombuffer(self.steps, np.int64),
            "timestamp": np.frombuffer(self.timestamps, np.int64),
            "value": np.frombuffer(self.values, np.float64),
        }


class TrackingStore(Protocol):
    """Ids are MLflow's strings; `int` row keys are the store's own and valid only in it.

    Every write is committed when the call returns. Errors are `tuiflow.errors`.
    """

    # experiments
    def create_experiment(
        self,
        name: str,
        artifact_location: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str: ...
    def get_experiment(self, experiment_id: str) -> Experiment: ...
    def get_experiment_by_name(self, name: str) -> Experiment | None: ...
    def list_experiments(self, view: ViewType = ViewType.ACTIVE_ONLY) -> list[Experiment]: ...
    def rename_experiment(self, experiment_id: str, name: str) -> None: ...
    def delete_experiment(self, experiment_id: str) -> None: ...
    def restore_experiment(self, experiment_id: str) -> None: ...
    def set_experiment_tags(self, experiment_id: str, tags: Mapping[str, str]) -> None: ...
    def delete_experiment_tag(self, experiment_id: str, key: str) -> None: ...
    def experiment_counts(self) -> dict[str, ExperimentCounts]: ...

    # runs: writing
    def create_run(
        self,
        experiment_id: str,
        run_name: str | None = None,
        start_time: int | None = None,
        tags: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Run: ...
    def adopt_run(self, run_id: str) -> None:
        """Mark the run RUNNING and written by this process."""
        ...

    def finish_run(self, run_id: str, status: str, end_time: int | None = None) -> None:
        """Set a terminal status, synced to disk when the call returns."""
        ...

    def update_run(
        self,
        run_id: str,
        status: str | None = None,
        name: str | None = None,
        end_time: int | None = None,
    ) -> None: ...
    def move_runs(self, run_ids: Sequence[str], experiment_id: str) -> None: ...
    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        in_order: bool = False,
    ) -> None:
        """Write all or nothing; validated against MLflow's rules first.

        Of points of one metric at the same step and time, the one with the greatest value is the
        latest, as in MLflow; with `in_order` (times taken from the clock just now) the last.
        """
        ...

    def log_inputs(self, run_id: str, inputs: Sequence[DatasetInput]) -> None:
        """Say that a run has read data sets, all or none; one that it has already, by name and
        digest, stays as it was."""
        ...

    def delete_tag(self, run_id: str, key: str) -> None: ...
    def delete_runs(self, run_ids: Sequence[str]) -> None: ...
    def restore_runs(self, run_ids: Sequence[str]) -> None: ...
    def heartbeat(self) -> None: ...

    # runs: reading
    def get_run(self, run_id: str) -> Run: ...
    def resolve_run(
        self,
        text: str,
        experiment_ids: tuple[str, ...] | None = None,
        view: ViewType = ViewType.ACTIVE_ONLY,
    ) -> str:
        """Run id for a full id, unique prefix, run name, `latest` or `best:METRIC`.

        Raises NotFound, or Ambiguous with the candidates.
        """
        ...

    def search_keys(self, query: RunQuery, limit: int | None = None, offset: int = 0) -> array[int]:
        """Row keys of the matching runs in order; all of them where `limit` is None."""
        ...

    def count_runs(self, query: RunQuery) -> int: ...
    def load_runs(self, keys: Sequence[int]) -> list[Run]:
        """The runs of these row keys in the order given; keys that are gone are left out."""
        ...

    def search_runs(
        self, query: RunQuery, limit: int | None = None, offset: int = 0
    ) -> list[Run]: ...
    def row_key(self, run_id: str) -> int: ...
    def key_names(self, experiment_ids: tuple[str, ...] | None = None) -> KeyNames: ...
    def metric_summaries(self, run_id: str) -> list[MetricSummary]: ...
    def metric_history(self, run_id: str, key: str) -> History: ...
    def data_version(self) -> int:
        """A number that changes when any other connection has changed the store."""
        ...

    # artifacts: paths are relative to the run's folder and can't lead out of it
    def artifact_folder(self, run_id: str) -> Path: ...
    def artifact_path(self, run_id: str, path: str) -> Path: ...
    def list_artifacts(self, run_id: str, path: str = "") -> list[FileInfo]: ...
