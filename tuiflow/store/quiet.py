"""A store for a process that leaves logging to another: the ranks above 0 of a distributed job.

What is there is read from, and written to, the store as ever. But a run that is created here lives
in a store of this process's own, in a temporary folder, so that whatever a script does with it
works and leaves no trace.
"""

from __future__ import annotations

import atexit
import functools
import inspect
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tuiflow.entities import ModelVersion, Run
from tuiflow.store.registry import ModelLocation, Registry
from tuiflow.store.store import Store

_MAX_ARTIFACTS = 64 << 20


class QuietStore(Store):
    """Calls that name a run of this process's own, or a model registered from one, are kept from
    the store. `say` is called when the first such run is created."""

    def __init__(self, database: Path, say: Callable[[], None]) -> None:
        super().__init__(database)
        self._say = say
        self._scratch: Store | None = None
        self._own: set[str] = set()

    def create_run(
        self,
        experiment_id: str,
        run_name: str | None = None,
        start_time: int | None = None,
        tags: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Run:
        experiment = self.get_experiment(experiment_id)
        if self._scratch is None:
            self._scratch = _Scratch()
            self._say()
        with self._scratch._db.write() as conn:
            conn.execute(  # an experiment that has given its name to another
                "UPDATE experiments SET name = name || ' ' || id WHERE name = ? AND id != ?",
                (experiment.name, int(experiment.experiment_id)),
            )
            conn.execute(
                "INSERT INTO experiments (id, name, deleted_at, creation_time, last_update_time)"
                " VALUES (?, ?, ?, 0, 0)"
                " ON CONFLICT (id) DO UPDATE SET name = excluded.name,"
                " deleted_at = excluded.deleted_at",
                (
                    int(experiment.experiment_id),
                    experiment.name,
                    0 if experiment.lifecycle_stage == "deleted" else None,
                ),
            )
        run = self._scratch.create_run(experiment_id, run_name, start_time, tags, params)
        self._own.add(run.info.run_id)
        return run

    def _at(self, run_ids: object) -> Store | None:
        """The store of this process's own runs, where it is asked for those."""
        named = [run_ids] if isinstance(run_ids, str) else list(run_ids)  # type: ignore[call-overload]
        return self._scratch if named and self._own.issuperset(named) else None

    @functools.cached_property
    def registry(self) -> Registry:
        return _QuietRegistry(self)


class _QuietRegistry(Registry):
    def __init__(self, store: QuietStore) -> None:
        super().__init__(store._db)
        self._store = store
        self._own: set[str] = set()

    def create_version(
        self, name: str, source: str, location: ModelLocation, **options: Any
    ) -> ModelVersion:
        scratch = self._store._at(location.run_id or "")
        if scratch is None:
            return super().create_version(name, source, location, **options)
        self._own.add(name)
        options["make_model"] = True
        return scratch.registry.create_version(name, source, location, **options)

    def _at(self, name: str) -> Registry | None:
        scratch = self._store._scratch
        return scratch.registry if scratch is not None and name in self._own else None


class _Scratch(Store):
    """Takes no large artifacts: a model may weigh gigabytes, and a node run eight ranks."""

    def __init__(self) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="tuiflow-rank-")) / "tuiflow.db")
        _scratches.append(self)

    def log_artifact(self, run_id: str, source: Path, folder: str = "") -> None:
        if _weight(source) <= _MAX_ARTIFACTS:
            super().log_artifact(run_id, source, folder)

    def log_artifacts(self, run_id: str, source: Path, folder: str = "") -> None:
        if _weight(source) <= _MAX_ARTIFACTS:
            super().log_artifacts(run_id, source, folder)


def _weight(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files)


_scratches: list[_Scratch] = []


def remove_scratches() -> None:
    """Remove the temporary folders of this process; it is about to end."""
    while _scratches:
        scratch = _scratches.pop()
        scratch.close()
        shutil.rmtree(scratch.root, ignore_errors=True)


atexit.register(remove_scratches)
os.register_at_fork(after_in_child=_scratches.clear)


def _route(owner: type[Any], base: type[Any], parameters: tuple[str, ...]) -> None:
    """Have each method of `base` whose first parameter is one of those asked elsewhere, where
    `owner._at` says so."""
    for name, method in inspect.getmembers(base, inspect.isfunction):
        first = [*inspect.signature(method).parameters, "", ""][1]
        if first in parameters and not name.startswith("_") and name not in vars(owner):
            setattr(owner, name, _routed(name, method, first))


def _routed(name: str, method: Callable[..., Any], parameter: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        key = args[0] if args else kwargs.get(parameter)
        other = None if key is None else self._at(key)
        if other is not None:
            return getattr(other, name)(*args, **kwargs)
        return method(self, *args, **kwargs)

    return call


_route(QuietStore, Store, ("run_id", "run_ids", "text"))
_route(_QuietRegistry, Registry, ("name",))
