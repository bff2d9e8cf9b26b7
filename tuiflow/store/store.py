"""The SQLite store: `protocols.TrackingStore` on one file, and rows of servers and of the app."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tuiflow.entities import (
    DatasetInput,
    Experiment,
    Metric,
    MetricSummary,
    Param,
    Process,
    Run,
    RunStatus,
    RunTag,
    ServerInfo,
    ViewType,
)
from tuiflow.store import (
    experiments,
    loading,
    metrics,
    runs,
    servers,
)
from tuiflow.store.connection import Database
from tuiflow.store.heartbeat import Heartbeat
from tuiflow.store.keys import Keys
from tuiflow.store.keys import find as find_key
from tuiflow.store.processes import this_process
from tuiflow.store.run_artifacts import RunArtifacts
from tuiflow.store.run_searches import RunSearches
from tuiflow.store.schema import METRIC
from tuiflow.store.validate import check_batch

if TYPE_CHECKING:
    from array import array

    from tuiflow.protocols import History
    from tuiflow.store.bulk import NewRun
    from tuiflow.store.contents import Contents
    from tuiflow.store.following import Arrivals
    from tuiflow.store.many import Change, Was
    from tuiflow.store.registry import Registry
    from tuiflow.store.resolve import RunName
    from tuiflow.store.upkeep import Upkeep
    from tuiflow.store.views import Views


T = TypeVar("T")


class Store(RunArtifacts, RunSearches):
    """One store file, opened. Safe to use from threads and after a fork.

    What a logging script doesn't call (searching, histories) is imported by the call.
    """

    def __init__(self, database: Path, *, create: bool = True) -> None:
        self.database = database
        self.root = database.parent
        self._db = Database(database, create=create)
        self._keys = Keys()
        self._db.on_rollback(self._keys.forget)
        self._heartbeat = Heartbeat(self.heartbeat)

    def __repr__(self) -> str:
        return f"Store({str(self.database)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle: in another process, the same file opened there."""
        return functools.partial(type(self), create=False), (self.database,)

    def close(self) -> None:
        """Close the connections; runs that are open stay RUNNING."""
        self._heartbeat.stop()
        self._db.close()

    def was_moved(self) -> bool:
        """Whether another file, or none, is at the store's path now: each call but `close` raises
        StoreError then."""
        return self._db.was_moved()

    def interrupt(self) -> None:
        """Cancel the reads of other threads: they raise `ReadInterrupted`."""
        self._db.interrupt()

    def data_version(self) -> int:
        """Changes when anything was committed; compare only values read in one thread."""
        with self._db.read() as conn:
            return int(conn.execute("PRAGMA data_version").fetchone()[0])

    # experiments

    def create_experiment(
        self,
        name: str,
        artifact_location: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        with self._db.write() as conn:
            return experiments.create(conn, self.root, name, artifact_location, tags or {})

    def get_experiment(self, experiment_id: str) -> Experiment:
        with self._db.read() as conn:
            return experiments.get(conn, self.root, experiment_id)

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        with self._db.read() as conn:
            return experiments.get_by_name(conn, self.root, name)

    def list_experiments(self, view: ViewType = ViewType.ACTIVE_ONLY) -> list[Experiment]:
        with self._db.read() as conn:
            return experiments.list_all(conn, self.root, view)

    def rename_experiment(self, experiment_id: str, name: str) -> None:
        with self._db.write() as conn:
            experiments.rename(conn, experiment_id, name)

    def delete_experiment(
        self,
        experiment_id: str,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Mark it and its runs deleted; `restore_experiment` brings back just those.

        Many runs are marked in pieces: `progress` gets runs done and in all, and an exception of it
        leaves the rest. Then the experiment is deleted, and its other runs are not: deleting it
        again goes on, restoring it takes back.
        """
        experiments.delete(self._db, experiment_id, progress)

    def restore_experiment(
        self,
        experiment_id: str,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """Undo `delete_experiment`: runs that had been deleted before stay so.

        Many runs are restored in pieces, the experiment after them; stopped in between, restoring
        it again goes on.
        """
        experiments.restore(self._db, experiment_id, progress)

    def set_experiment_tags(self, experiment_id: str, tags: Mapping[str, str]) -> None:
        with self._db.write() as conn:
            experiments.set_tags(conn, experiment_id, tags)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        with self._db.write() as conn:
            experiments.delete_tag(conn, experiment_id, key)

    # runs: writing

    def create_run(
        self,
        experiment_id: str,
        run_name: str | None = None,
        start_time: int | None = None,
        tags: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Run:
        with self._db.write() as conn:
            run_id = runs.create(
                conn, self._keys, experiment_id, run_name, start_time, tags or {}, params or {}
            )
        self._heartbeat.opened(run_id)
        return self.get_run(run_id)

    def adopt_run(self, run_id: str) -> None:
        with self._db.write() as conn:
            runs.adopt(conn, run_id)
        self._heartbeat.opened(run_id)

    def finish_run(self, run_id: str, status: str, end_time: int | None = None) -> None:
        with self._db.write(synced=True) as conn:
            runs.finish(conn, run_id, status, end_time)
        self._heartbeat.closed(run_id)

    def update_run(
        self,
        run_id: str,
        status: str | None = None,
        name: str | None = None,
        end_time: int | None = None,
    ) -> None:
        """Change a run's status, name or both; `end_time` (epoch ms, None is now) goes with a
        status that ends it."""
        ends = status is not None and RunStatus.is_terminated(status)
        with self._db.write(synced=ends) as conn:
            runs.update(conn, self._keys, run_id, status, name, end_time)
        if ends:
            self._heartbeat.closed(run_id)
        elif status == RunStatus.RUNNING:
            self._heartbeat.opened(run_id)

    def move_runs(self, run_ids: Sequence[str], experiment_id: str) -> None:
        """Move runs, all or none; their ids, artifacts and children's links stay."""
        from tuiflow.store.many import Move

        with self._db.write() as conn:
            keys = [runs.row_key(conn, run_id) for run_id in run_ids]
            Move(experiment_id).do(conn, self._keys, keys)

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        in_order: bool = False,
    ) -> None:
        check_batch(metrics, params, tags)
        with self._db.write() as conn:
            key = runs.writable_key(conn, run_id)
            due = runs.log_checked(conn, self._keys, run_id, key, metrics, params, tags, in_order)
        if due:
            from tuiflow.store import sealing

            sealing.seal_quietly(self._db, key, due)

    def add_runs(
        self, runs: Iterable[NewRun], progress: Callable[[int], None] = lambda done: None
    ) -> int:
        """Write many runs with all that they have, streamed; see `bulk.add_runs`."""
        from tuiflow.store import bulk

        return bulk.add_runs(self._db, self._keys, runs, progress)

    def log_inputs(self, run_id: str, inputs: Sequence[DatasetInput]) -> None:
        from tuiflow.store import inputs as data_inputs

        with self._db.write() as conn:
            data_inputs.log(conn, runs.writable_key(conn, run_id), inputs)

    def delete_tag(self, run_id: str, key: str) -> None:
        with self._db.write() as conn:
            runs.delete_tag(conn, self._keys, run_id, key)

    def change_runs(
        self, change: Change[T], keys: Sequence[int]
    ) -> Iterator[tuple[int, list[Was[T]]]]:
        """Carry out a change of `store.many` on the runs of these row keys: all or none of few,
        piece by piece of many, so that others can write in between.

        Each piece is committed when there comes how many runs were gone through, and those of them
        that were changed; whoever stops in between keeps them.
        """
        from tuiflow.store import many

        return many.carry_out(self._db, self._keys, change, keys)

    def take_back(self, change: Change[T], changed: Sequence[Was[T]]) -> Iterator[int]:
        """Take back what `change_runs` has changed, in pieces like it; gives how many runs were
        gone through."""
        from tuiflow.store import many

        return many.take_back(self._db, self._keys, change, changed)

    def of_stage(self, keys: Sequence[int], deleted: bool) -> array[int]:
        """Those of these runs that are there and deleted, or there and not, by row key."""
        from tuiflow.store import many

        with self._db.read() as conn:
            return many.of_stage(conn, keys, deleted)

    def deleted_at(self, when: int) -> array[int]:
        """The row keys of the runs that were deleted at this time (epoch ms)."""
        from tuiflow.store import many

        with self._db.read() as conn:
            return many.deleted_at(conn, when)

    def delete_runs(self, run_ids: Sequence[str]) -> None:
        with self._db.write() as conn:
            runs.set_deleted(conn, run_ids, deleted=True)

    def restore_runs(self, run_ids: Sequence[str]) -> None:
        with self._db.write() as conn:
            runs.set_deleted(conn, run_ids, deleted=False)

    def heartbeat(self) -> None:
        with self._db.write() as conn:
            runs.intern_process(conn, this_process())

    # runs: reading

    def get_run(self, run_id: str) -> Run:
        with self._db.read() as conn:
            return loading.load(conn, self._keys, self.root, [runs.row_key(conn, run_id)])[0]

    def resolve_run(
        self,
        text: str,
        experiment_ids: tuple[str, ...] | None = None,
        view: ViewType = ViewType.ACTIVE_ONLY,
    ) -> str:
        from tuiflow.store import resolve

        with self._db.read() as conn:
            return resolve.resolve_run(conn, self.root, text, experiment_ids, view)

    def suggest_runs(
        self, start: str, limit: int, view: ViewType = ViewType.ACTIVE_ONLY
    ) -> list[RunName]:
        """The newest runs whose id or name begins with `start`."""
        from tuiflow.store import resolve

        with self._db.read() as conn:
            return resolve.suggest(conn, self.root, start, limit, view)

    def load_runs(self, keys: Sequence[int]) -> list[Run]:
        with self._db.read() as conn:
            return loading.load(conn, self._keys, self.root, keys)

    def row_key(self, run_id: str) -> int:
        with self._db.read() as conn:
            return runs.row_key(conn, run_id)

    def metric_summaries(self, run_id: str) -> list[MetricSummary]:
        with self._db.read() as conn:
            return metrics.summaries(conn, runs.row_key(conn, run_id))

    def metric_history(self, run_id: str, key: str) -> History:
        from tuiflow.store import histories

        with self._db.read() as conn:
            run = runs.row_key(conn, run_id)
            return histories.history(conn, run, find_key(conn, METRIC, key))

    def recent_points(self, run_id: str, limit: int) -> Arrivals:
        """The last `limit` points of all of a run's metrics, and how many each has."""
        from tuiflow.store import following

        with self._db.read() as conn:
            return following.recent(conn, runs.row_key(conn, run_id), limit)

    def points_since(self, run_id: str, seen: Mapping[str, int]) -> Arrivals:
        """The points that have come since its metrics had `seen` points."""
        from tuiflow.store import following

        with self._db.read() as conn:
            return following.since(conn, runs.row_key(conn, run_id), seen)

    def metric_directions(self) -> dict[str, bool]:
        """True where lower is better, False for higher: the metrics that somebody spoke of."""
        from tuiflow.store import metric_directions

        with self._db.read() as conn:
            return metric_directions.said(conn)

    def set_metric_direction(self, metric: str, lower_is_better: bool | None) -> None:
        """Remember which way a metric is better; None goes back to what its name says."""
        from tuiflow.store import metric_directions

        with self._db.write() as conn:
            metric_directions.say(conn, metric, lower_is_better)

    # registered models

    @functools.cached_property
    def registry(self) -> Registry:
        from tuiflow.store.registry import Registry

        return Registry(self._db)

    @functools.cached_property
    def upkeep(self) -> Upkeep:
        from tuiflow.store.upkeep import Upkeep

        return Upkeep(self._db, self.root)

    @functools.cached_property
    def contents(self) -> Contents:
        from tuiflow.store.contents import Contents

        return Contents(self._db)

    @functools.cached_property
    def views(self) -> Views:
        from tuiflow.store.views import Views

        return Views(self._db)

    # servers

    def add_server(
        self,
        run_id: str,
        model_path: str,
        host: str,
        port: int,
        process: Process,
        detached: bool,
        log_path: str,
    ) -> int:
        """Record a server; `log_path` is relative to the store's folder. Returns its id."""
        with self._db.write() as conn:
            return servers.add(conn, run_id, model_path, host, port, process, detached, log_path)

    def set_server_detached(self, server_id: int, detached: bool) -> None:
        with self._db.write() as conn:
            servers.set_detached(conn, server_id, detached)

    def stop_server_row(self, server_id: int) -> None:
        """Record that a server has ended."""
        with self._db.write() as conn:
            servers.stop(conn, server_id)

    def list_servers(self, include_stopped: bool = False) -> list[ServerInfo]:
        """Servers as recorded, newest first; whether they live is for the caller to ask."""
        with self._db.read() as conn:
            return servers.list_all(conn, self.root, include_stopped)

    # what the app remembers

    def get_state(self, name: str) -> object | None:
        """A JSON value remembered by name, or None."""
        from tuiflow.store import state

        with self._db.read() as conn:
            return state.get(conn, name)

    def put_state(self, name: str, value: object) -> None:
        """Remember a JSON value by name; in a store that is read-only, nothing is remembered."""
        from tuiflow.store import state

        if self._db.read_only:
            return
        with self._db.write() as conn:
            state.put(conn, name, value)
