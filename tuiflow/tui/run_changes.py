"""Changes of many runs that know how to take themselves back. No framework."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Generic, TypeVar

from tuiflow.entities import TAG_NOTE, LifecycleStage, ModelVersion, Run, ViewType
from tuiflow.errors import NotFound
from tuiflow.protocols import RunQuery
from tuiflow.tui.bulk import PIECE, pieces

if TYPE_CHECKING:
    from tuiflow.store import Store

T = TypeVar("T")

Tags = Mapping[str, str | None]
"""Tags to set; None takes one away."""


class RunChange(Generic[T]):
    """A change of the runs of these row keys.

    `do` and `undo` yield how many runs they have been through; each can be left off after any
    piece, and `count` is how many runs are changed now.
    """

    size = PIECE
    leaves = False
    """Whether the runs are elsewhere afterwards, and so no longer to be marked."""

    def __init__(self, store: Store, keys: Sequence[int]) -> None:
        self.store = store
        self._keys = keys
        self._changed: list[T] = []

    @property
    def count(self) -> int:
        return len(self._changed)

    def do(self) -> Iterator[int]:
        through = 0
        for piece in pieces(self._keys, self.size):
            self._changed += self.change(self.store.load_runs(piece))
            through += len(piece)
            yield through

    def undo(self) -> Iterator[int]:
        through = 0
        while self._changed:
            piece = self._changed[-self.size :]
            self.take_back(piece)
            del self._changed[-self.size :]
            through += len(piece)
            yield through
        self.taken_back()

    def change(self, runs: Sequence[Run]) -> list[T]:
        """Change these runs, and tell what is needed to take that back."""
        raise NotImplementedError

    def take_back(self, changed: Sequence[T]) -> None:
        raise NotImplementedError

    def taken_back(self) -> None:
        """All is as it was: put away what the change has made besides."""


class Delete(RunChange[str]):
    """Marks runs deleted that are not."""

    leaves = True

    def change(self, runs: Sequence[Run]) -> list[str]:
        ids = [run.info.run_id for run in runs if not _deleted(run)]
        self.store.delete_runs(ids)
        return ids

    def take_back(self, changed: Sequence[str]) -> None:
        self.store.restore_runs(changed)


class Restore(RunChange[str]):
    """Brings deleted runs back."""

    leaves = True

    def change(self, runs: Sequence[Run]) -> list[str]:
        ids = [run.info.run_id for run in runs if _deleted(run)]
        self.store.restore_runs(ids)
        return ids

    def take_back(self, changed: Sequence[str]) -> None:
        self.store.delete_runs(changed)


class SetTags(RunChange[tuple[str, Tags]]):
    """Sets and removes tags of runs that are not deleted; `tags_of` says which for a run."""

    def __init__(self, store: Store, keys: Sequence[int], tags_of: Callable[[Run], Tags]) -> None:
        super().__init__(store, keys)
        self._tags_of = tags_of

    def change(self, runs: Sequence[Run]) -> list[tuple[str, Tags]]:
        new: dict[str, Tags] = {}
        old: list[tuple[str, Tags]] = []
        for run in runs:
            if _deleted(run):
                continue
            tags, present = self._tags_of(run), run.data.tags
            changes = {key: value for key, value in tags.items() if present.get(key) != value}
            if changes:
                new[run.info.run_id] = changes
                old.append((run.info.run_id, {key: present.get(key) for key in changes}))
        self.store.change_tags(new)
        return old

    def take_back(self, changed: Sequence[tuple[str, Tags]]) -> None:
        self.store.change_tags(dict(changed))


def noted(note: str, append: bool) -> Callable[[Run], Tags]:
    """For `SetTags`: the note, in place of a run's own or as a paragraph below it."""

    def tags_of(run: Run) -> Tags:
        text = f"{run.note.rstrip()}\n\n{note}" if append and run.note.strip() else note
        return {TAG_NOTE: text or None}

    return tags_of


class Move(RunChange[tuple[str, str]]):
    """Moves runs into the experiment of that name, which is made where there is none."""

    leaves = True

    def __init__(self, store: Store, keys: Sequence[int], experiment: str) -> None:
        super().__init__(store, keys)
        self._name = experiment
        self._target = ""
        self._made = False

    def do(self) -> Iterator[int]:
        found = self.store.get_experiment_by_name(self._name)
        self._made = found is None
        self._target = (
            self.store.create_experiment(self._name) if found is None else found.experiment_id
        )
        yield from super().do()

    def change(self, runs: Sequence[Run]) -> list[tuple[str, str]]:
        moving = [
            (run.info.experiment_id, run.info.run_id)
            for run in runs
            if run.info.experiment_id != self._target
        ]
        self.store.move_runs([run_id for _, run_id in moving], self._target)
        return moving

    def take_back(self, changed: Sequence[tuple[str, str]]) -> None:
        for experiment_id, group in groupby(sorted(changed), lambda item: item[0]):
            self.store.move_runs([run_id for _, run_id in group], experiment_id)

    def taken_back(self) -> None:
        query = RunQuery((self._target,), view=ViewType.ALL)
        if self._made and not self.store.count_runs(query):
            self.store.delete_experiment(self._target)


class Register(RunChange[ModelVersion]):
    """Makes the model of each run, where it has one, the next version of `name`.

    `path` says which of a run's models, the first otherwise; `alias` then means the last version.
    """

    size = 1  # so that all that was made is known where one can't be

    def __init__(
        self,
        store: Store,
        keys: Sequence[int],
        name: str,
        alias: str = "",
        path: str | None = None,
    ) -> None:
        super().__init__(store, keys)
        self.name = name
        self._alias = alias
        self._path = path
        self._was: int | None = None
        self._made = False

    def do(self) -> Iterator[int]:
        from tuiflow.store.model_names import check_model_name, check_new_alias

        check_model_name(self.name)
        if self._alias:
            check_new_alias(self._alias)
        try:
            self._was = self.store.registry.get_model(self.name).aliases.get(self._alias)
        except NotFound:
            self._made = True
        yield from super().do()

    def change(self, runs: Sequence[Run]) -> list[ModelVersion]:
        from tuiflow.models.uri import RunModel
        from tuiflow.tracking.models import register

        made = []
        for run in runs:
            path = self._path or next(iter(run.model_paths), None)
            if path is not None and not _deleted(run):
                made.append(register(self.store, RunModel(run.info.run_id, path), self.name))
        if made and self._alias:
            self.store.registry.set_alias(self.name, self._alias, made[-1].version)
        return made

    def take_back(self, changed: Sequence[ModelVersion]) -> None:
        for version in reversed(changed):
            self.store.registry.delete_version(version.name, version.version)

    def taken_back(self) -> None:
        registry = self.store.registry
        if self._made and not registry.list_versions(self.name):
            registry.delete_model(self.name)
        elif self._was is not None:
            registry.set_alias(self.name, self._alias, self._was)

    @property
    def versions(self) -> Sequence[ModelVersion]:
        """Those that were made."""
        return tuple(self._changed)


def _deleted(run: Run) -> bool:
    return run.info.lifecycle_stage == LifecycleStage.DELETED
