"""Changes of many runs that know how to take themselves back. No framework."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tuiflow.entities import TAG_NOTE, LifecycleStage, ModelVersion, Run, ViewType
from tuiflow.errors import InvalidState, NotFound
from tuiflow.protocols import RunQuery
from tuiflow.store import many
from tuiflow.store.pieces import WHOLE

if TYPE_CHECKING:
    from tuiflow.store import Store

T = TypeVar("T")


class RunChange:
    """A change of runs. `do` and `undo` yield how many runs they have been through; each can be
    left off after any piece."""

    size = WHOLE
    """Runs that are changed in one piece, if there are no more."""
    leaves = False
    """Whether the runs are elsewhere afterwards, and so no longer to be marked."""

    @property
    def count(self) -> int:
        """How many runs are changed now."""
        raise NotImplementedError

    def do(self) -> Iterator[int]:
        raise NotImplementedError

    def undo(self) -> Iterator[int]:
        """Take back what is still as it was changed; `taken_back` tells what has come of it."""
        raise NotImplementedError

    @property
    def taken_back(self) -> many.TakenBack[Any]:
        """What has come of `undo`, however often it was stopped and gone on with."""
        raise NotImplementedError


class StoreChange(RunChange, Generic[T]):
    """A change that the store knows, of the runs of these row keys."""

    def __init__(self, store: Store, keys: Sequence[int], change: many.Change[T]) -> None:
        self.store = store
        self._keys = keys
        self._change = change
        self._changed: list[many.Was[T]] = []
        self._taken_back = many.TakenBack[T]()

    @property
    def count(self) -> int:
        return len(self._changed)

    def do(self) -> Iterator[int]:
        for through, changed in self.store.change_runs(self._change, self._keys):
            self._changed += changed
            yield through

    def undo(self) -> Iterator[int]:
        before = 0
        try:
            for through in self.store.take_back(self._change, self._changed[::-1]):
                del self._changed[before - through :]
                before = through
                yield through
        finally:
            result = self._change.taken_back
            self._changed += result.left[::-1]
            result.left = []
            self._taken_back.add(result)
            self._taken_back.why = result.why

    @property
    def taken_back(self) -> many.TakenBack[T]:
        return self._taken_back


class Delete(StoreChange[int | None]):
    """Marks runs deleted that are not."""

    leaves = True

    def __init__(self, store: Store, keys: Sequence[int]) -> None:
        super().__init__(store, keys, many.Delete())


class Restore(StoreChange[int | None]):
    """Brings deleted runs back."""

    leaves = True

    def __init__(self, store: Store, keys: Sequence[int]) -> None:
        super().__init__(store, keys, many.Restore())


class SetTags(StoreChange[many.Tags]):
    """Sets and removes tags of runs that are not deleted."""

    def __init__(self, store: Store, keys: Sequence[int], tags: many.Tags) -> None:
        super().__init__(store, keys, many.SetTags.to(tags))


class Note(StoreChange[many.Tags]):
    """Writes a note, in place of a run's own or as a paragraph below it.

    With `shown`, only where that is the note still; `seen` then tells which one there was.
    """

    def __init__(
        self,
        store: Store,
        keys: Sequence[int],
        note: str,
        append: bool,
        shown: str | None = None,
    ) -> None:
        self.seen: str | None = None

        def tags_of(old: Mapping[str, str]) -> many.Tags:
            self.seen = old.get(TAG_NOTE, "")
            if shown is not None and self.seen != shown:
                return {}
            own = self.seen.rstrip()
            return {TAG_NOTE: f"{own}\n\n{note}" if append and own else note or None}

        super().__init__(store, keys, many.SetTags([TAG_NOTE], tags_of))


class Move(RunChange):
    """Moves runs into the experiment of that name, which is made where there is none."""

    leaves = True

    def __init__(self, store: Store, keys: Sequence[int], experiment: str) -> None:
        self.store = store
        self._keys = keys
        self._name = experiment
        self._made: str | None = None
        self._moved: StoreChange[Any] | None = None

    @property
    def count(self) -> int:
        return 0 if self._moved is None else self._moved.count

    def do(self) -> Iterator[int]:
        found = self.store.get_experiment_by_name(self._name)
        if found is None:
            self._made = target = self.store.create_experiment(self._name)
        else:
            target = found.experiment_id
        self._moved = StoreChange(self.store, self._keys, many.Move(target))
        yield from self._moved.do()

    def undo(self) -> Iterator[int]:
        if self._moved is not None:
            yield from self._moved.undo()
        if self._made is not None:
            query = RunQuery((self._made,), view=ViewType.ALL)
            if not self.store.count_runs(query):
                with suppress(InvalidState, NotFound):  # another has deleted it
                    self.store.delete_experiment(self._made)

    @property
    def taken_back(self) -> many.TakenBack[Any]:
        return many.TakenBack() if self._moved is None else self._moved.taken_back


class Register(RunChange):
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
        self.store = store
        self.name = name
        self._keys = keys
        self._versions: list[ModelVersion] = []
        self._taken_back = many.TakenBack[Any]()
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
        for through, key in enumerate(self._keys, 1):
            for run in self.store.load_runs([key]):
                self._register(run)
            yield through

    def _register(self, run: Run) -> None:
        from tuiflow.models.uri import RunModel
        from tuiflow.tracking.models import register

        path = self._path or next(iter(run.model_paths), None)
        if path is None or run.info.lifecycle_stage == LifecycleStage.DELETED:
            return
        version = register(self.store, RunModel(run.info.run_id, path), self.name)
        self._versions.append(version)
        if self._alias:
            self.store.registry.set_alias(self.name, self._alias, version.version)

    def undo(self) -> Iterator[int]:
        registry = self.store.registry
        through = 0
        while self._versions:
            version = self._versions[-1]
            with suppress(NotFound):  # another has deleted it
                registry.delete_version(version.name, version.version)
            self._versions.pop()
            self._taken_back.back += 1
            through += 1
            yield through
        if self._made and not registry.list_versions(self.name):
            registry.delete_model(self.name)
        elif self._was is not None:
            registry.set_alias(self.name, self._alias, self._was)

    @property
    def taken_back(self) -> many.TakenBack[Any]:
        return self._taken_back

    @property
    def versions(self) -> Sequence[ModelVersion]:
        """Those that were made."""
        return tuple(self._versions)

    @property
    def count(self) -> int:
        return len(self._versions)
