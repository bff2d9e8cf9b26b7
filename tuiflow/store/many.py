"""Changes of any number of runs that can be taken back: delete, restore, move, set tags.

Runs are named by row keys. What a change did is a list of `Was`, one for each run that it changed;
as a row key may be given anew once a run is removed for good, it is taken back only from the runs
that still have the id they had. What others have changed since stays.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from tuiflow.config import ARTIFACTS_FOLDER
from tuiflow.entities import RunTag
from tuiflow.errors import InvalidState
from tuiflow.filters.tree import Compare, Key, Kind, Op
from tuiflow.protocols import RunQuery
from tuiflow.store import changes, experiments, runs
from tuiflow.store.connection import Database
from tuiflow.store.keys import Keys
from tuiflow.store.pieces import in_pieces
from tuiflow.store.processes import now_ms
from tuiflow.store.schema import TAG
from tuiflow.store.validate import check_tag

if TYPE_CHECKING:
    from tuiflow.store.store import Store

T = TypeVar("T")

Tags = Mapping[str, str | None]
"""Tags to set; None takes one away."""

_THESE = "id IN (SELECT value FROM json_each(?))"
"""Looked up by id: the + of other conditions keeps SQLite from walking an index for them."""


class Was(NamedTuple, Generic[T]):
    """A run that was changed, what is needed to take that back, and what it was changed to."""

    key: int
    uuid: bytes
    before: T
    after: T


@dataclass(slots=True)
class TakenBack(Generic[T]):
    """What has come of taking back: how many runs are as they were before, of how many something
    was changed by others since and stays, and how many are gone for good. Those that can't be
    taken back yet are `left`, and `why` says, in a sentence without its full stop, what must be
    done first."""

    back: int = 0
    since: int = 0
    gone: int = 0
    left: list[Was[T]] = field(default_factory=list)
    why: str = ""

    def add(self, other: TakenBack[T]) -> None:
        """Count those of another piece, too."""
        self.back += other.back
        self.since += other.since
        self.gone += other.gone
        self.left += other.left
        self.why = other.why or self.why


class Change(Generic[T]):
    """What is done to each of many runs."""

    taken_back: TakenBack[T]
    """What has come of taking it back the last time, as far as that is committed."""

    def check(self, conn: sqlite3.Connection) -> None:
        """Raise InvalidInput, NotFound or InvalidState where it can't be done to any run."""

    def do(self, conn: sqlite3.Connection, names: Keys, keys: Sequence[int]) -> list[Was[T]]:
        """Change runs inside a write; those that are so already, or gone, are left out."""
        raise NotImplementedError

    def take_back(
        self, conn: sqlite3.Connection, names: Keys, changed: Sequence[Was[T]]
    ) -> TakenBack[T]:
        """Make runs, inside a write, as they were, where they are still as they were changed."""
        raise NotImplementedError


class Delete(Change[int | None]):
    """Marks runs deleted that are not, at `when` in epoch ms (None: piece by piece, now)."""

    def __init__(self, when: int | None = None) -> None:
        self._when = when

    def do(
        self, conn: sqlite3.Connection, names: Keys, keys: Sequence[int]
    ) -> list[Was[int | None]]:
        found = conn.execute(
            f"SELECT id, uuid FROM runs WHERE {_THESE} AND +deleted_at IS NULL", (_listed(keys),)
        ).fetchall()
        when = now_ms() if self._when is None else self._when
        _mark_deleted(conn, when, [key for key, _ in found])
        return [Was(key, uuid, None, when) for key, uuid in found]

    def take_back(
        self, conn: sqlite3.Connection, names: Keys, changed: Sequence[Was[int | None]]
    ) -> TakenBack[int | None]:
        now = _now(conn, changed)
        homes = _homes(conn, (there.experiment for there in now.values()))
        result = TakenBack[int | None]()
        keys: list[int] = []
        for was in changed:
            there = now.get(was.key)
            if there is None:
                result.gone += 1
            elif there.deleted_at is None:
                result.back += 1
            elif there.deleted_at != was.after:
                result.since += 1
            elif homes[there.experiment].deleted:
                # Restored alone, it would be listed nowhere.
                result.left.append(was)
                result.why = _restore_first(homes[there.experiment])
            else:
                keys.append(was.key)
        _mark_deleted(conn, None, keys)
        result.back += len(keys)
        return result


class Restore(Change[int | None]):
    """Brings deleted runs back; `before` is when they were deleted, in epoch ms."""

    def do(
        self, conn: sqlite3.Connection, names: Keys, keys: Sequence[int]
    ) -> list[Was[int | None]]:
        """Raises InvalidState where the experiment of one is deleted, too."""
        found = conn.execute(
            "SELECT id, uuid, deleted_at, experiment FROM runs"
            f" WHERE {_THESE} AND +deleted_at IS NOT NULL",
            (_listed(keys),),
        ).fetchall()
        for home in _homes(conn, (row[3] for row in found)).values():
            if home.deleted:
                raise InvalidState(f"{_restore_first(home)}.")
        _mark_deleted(conn, None, [row[0] for row in found])
        return [Was(key, uuid, when, None) for key, uuid, when, _ in found]

    def take_back(
        self, conn: sqlite3.Connection, names: Keys, changed: Sequence[Was[int | None]]
    ) -> TakenBack[int | None]:
        now = _now(conn, changed)
        times: dict[int | None, list[int]] = {}
        for was in changed:
            if was.key in now and now[was.key].deleted_at is None:
                times.setdefault(was.before, []).append(was.key)
        for when, keys in times.items():
            _mark_deleted(conn, when, keys)
        return TakenBack(len(now), gone=len(changed) - len(now))


class Move(Change[tuple[int, str | None]]):
    """Moves runs into an experiment; artifacts stay where they are."""

    def __init__(self, experiment_id: str) -> None:
        self._experiment = experiments.parse_id(experiment_id)

    def check(self, conn: sqlite3.Connection) -> None:
        experiments.check_active(conn, self._experiment)

    def do(
        self, conn: sqlite3.Connection, names: Keys, keys: Sequence[int]
    ) -> list[Was[tuple[int, str | None]]]:
        self.check(conn)
        listed = _listed(keys)
        found = conn.execute(
            f"SELECT id, uuid, experiment, artifacts FROM runs WHERE {_THESE} AND +experiment != ?",
            (listed, self._experiment),
        ).fetchall()
        changes.mark(conn, [row[0] for row in found])
        conn.execute(
            "UPDATE runs SET experiment = ?, artifacts = coalesce(artifacts, (SELECT"
            f" coalesce(artifact_location, '{ARTIFACTS_FOLDER}/' || id) FROM experiments"
            f" WHERE id = runs.experiment)) WHERE {_THESE} AND +experiment != ?",
            (self._experiment, listed, self._experiment),
        )
        experiments.touch(conn, self._experiment)
        after = (self._experiment, None)  # the place is not compared
        return [Was(key, uuid, (home, place), after) for key, uuid, home, place in found]

    def take_back(
        self,
        conn: sqlite3.Connection,
        names: Keys,
        changed: Sequence[Was[tuple[int, str | None]]],
    ) -> TakenBack[tuple[int, str | None]]:
        now = _now(conn, changed)
        homes = _homes(conn, (was.before[0] for was in changed))
        result = TakenBack[tuple[int, str | None]]()
        moving: list[Was[tuple[int, str | None]]] = []
        for was in changed:
            there, home = now.get(was.key), homes.get(was.before[0])
            if there is None:
                result.gone += 1
            elif there.experiment == was.before[0]:
                result.back += 1
            elif there.experiment != was.after[0]:
                result.since += 1
            elif home is None:
                result.why = "The experiment that it was in is gone for good"
            elif home.deleted:
                result.left.append(was)
                result.why = _restore_first(home)
            else:
                moving.append(was)
        for experiment in {was.before[0] for was in moving}:
            experiments.touch(conn, experiment)
        changes.mark(conn, [was.key for was in moving])
        conn.executemany(
            "UPDATE runs SET experiment = ?, artifacts = ? WHERE id = ?",
            [(*was.before, was.key) for was in moving],
        )
        result.back += len(moving)
        return result


class SetTags(Change[Tags]):
    """Sets and removes tags of runs that are not deleted.

    `tags_of` gets what a run has of the tags that are named, and says what they are to be.
    """

    def __init__(
        self,
        named: Sequence[str],
        tags_of: Callable[[Mapping[str, str]], Tags],
        always: Tags | None = None,
    ) -> None:
        self._named = tuple(named)
        self._tags_of = tags_of
        self._always = always or {}

    @classmethod
    def to(cls, tags: Tags) -> SetTags:
        """The same tags for every run."""
        return cls(list(tags), lambda _: tags, tags)

    def check(self, conn: sqlite3.Connection) -> None:
        for name, value in self._always.items():
            check_tag(RunTag(name, value or ""))

    def do(self, conn: sqlite3.Connection, names: Keys, keys: Sequence[int]) -> list[Was[Tags]]:
        found = conn.execute(
            f"SELECT id, uuid FROM runs WHERE {_THESE} AND +deleted_at IS NULL", (_listed(keys),)
        ).fetchall()
        present = self._present(conn, [key for key, _ in found])
        changed: list[Was[Tags]] = []
        for key, uuid in found:
            old = present.get(key, {})
            new = {name: v for name, v in self._tags_of(old).items() if old.get(name) != v}
            if new:
                _write_tags(conn, names, key, uuid, new)
                changed.append(Was(key, uuid, {name: old.get(name) for name in new}, new))
        return changed

    def take_back(
        self, conn: sqlite3.Connection, names: Keys, changed: Sequence[Was[Tags]]
    ) -> TakenBack[Tags]:
        """Also of runs that were deleted meanwhile: they would be restored with these tags."""
        now = _now(conn, changed)
        present = self._present(conn, list(now))
        result = TakenBack[Tags](gone=len(changed) - len(now))
        for was in changed:
            if was.key not in now:
                continue
            tags = present.get(was.key, {})
            differ = {name: old for name, old in was.before.items() if tags.get(name) != old}
            ours = {name: old for name, old in differ.items() if tags.get(name) == was.after[name]}
            if ours:
                _write_tags(conn, names, was.key, was.uuid, ours)
            result.since += len(ours) < len(differ)
            result.back += bool(ours) or not differ
        return result

    def _present(self, conn: sqlite3.Connection, keys: Sequence[int]) -> dict[int, dict[str, str]]:
        found: dict[int, dict[str, str]] = {}
        for key, name, text in conn.execute(
            "SELECT t.run, k.name, t.text FROM json_each(?) wanted CROSS JOIN keys k CROSS JOIN"
            " tags t ON t.run = wanted.value AND t.key = k.id WHERE k.kind = ? AND k.name IN"
            " (SELECT value FROM json_each(?))",
            (_listed(keys), TAG, json.dumps(self._named)),
        ):
            found.setdefault(key, {})[name] = text
        return found


def count_running(store: Store, keys: Sequence[int]) -> int:
    """How many of these runs go on."""
    running = RunQuery(None, Compare(Key(Kind.ATTRIBUTE, "status"), Op.EQ, "RUNNING"))
    return len(set(keys).intersection(store.search_keys(running)))


def nested_in(store: Store, keys: Sequence[int], deleted: bool = False) -> array[int]:
    """Row keys of the runs that are nested in these, at any depth, and not among them: those that
    are deleted, or those that are not."""
    links = store.parents()
    children: dict[int, list[int]] = {}
    for child, parent in zip(links.children, links.parents, strict=True):
        children.setdefault(parent, []).append(child)
    if not children:
        return array("q")
    found: set[int] = set()
    left = list(keys)
    chosen = set(keys)
    while left:
        new = set(children.get(left.pop(), ())) - found - chosen
        found |= new
        left += new
    return store.of_stage(sorted(found), deleted)


def of_stage(conn: sqlite3.Connection, keys: Sequence[int], deleted: bool) -> array[int]:
    """See `Store.of_stage`."""
    found = conn.execute(
        f"SELECT id FROM runs WHERE {_THESE} AND (deleted_at IS NOT NULL) = ? ORDER BY id",
        (_listed(keys), deleted),
    )
    return array("q", (key for (key,) in found))


def deleted_at(conn: sqlite3.Connection, when: int) -> array[int]:
    """See `Store.deleted_at`."""
    found = conn.execute("SELECT id FROM runs WHERE deleted_at = ? ORDER BY id", (when,))
    return array("q", (key for (key,) in found))


def carry_out(
    db: Database, names: Keys, change: Change[T], keys: Sequence[int]
) -> Iterator[tuple[int, list[Was[T]]]]:
    """See `Store.change_runs`."""
    with db.read() as conn:
        change.check(conn)
    yield from in_pieces(db, keys, lambda conn, piece: change.do(conn, names, piece))


def take_back(
    db: Database, names: Keys, change: Change[T], changed: Sequence[Was[T]]
) -> Iterator[int]:
    """See `Store.take_back`; `change.taken_back` tells what has come of it."""
    change.taken_back = TakenBack()
    for through, result in in_pieces(
        db, changed, lambda conn, piece: change.take_back(conn, names, piece)
    ):
        change.taken_back.add(result)
        yield through


def _listed(keys: Sequence[int]) -> str:
    return json.dumps(list(keys))


class _There(NamedTuple):
    """When a run was deleted, and the experiment that it is in."""

    deleted_at: int | None
    experiment: int


def _now(conn: sqlite3.Connection, changed: Sequence[Was[T]]) -> dict[int, _There]:
    """Those runs that are still there, by row key."""
    uuids = {was.key: was.uuid for was in changed}
    found = conn.execute(
        f"SELECT id, uuid, deleted_at, experiment FROM runs WHERE {_THESE}", (_listed(list(uuids)),)
    )
    return {key: _There(*now) for key, uuid, *now in found if uuids[key] == uuid}


class _Home(NamedTuple):
    name: str
    deleted: bool


def _homes(conn: sqlite3.Connection, ids: Iterable[int]) -> dict[int, _Home]:
    """Those experiments that are there, deleted or not, by id."""
    found = conn.execute(
        f"SELECT id, name, deleted_at IS NOT NULL FROM experiments WHERE {_THESE}",
        (_listed(list(set(ids))),),
    )
    return {key: _Home(name, bool(deleted)) for key, name, deleted in found}


def _restore_first(home: _Home) -> str:
    return f"The experiment {home.name} is deleted; restore it first"


def _mark_deleted(conn: sqlite3.Connection, when: int | None, keys: Sequence[int]) -> None:
    changes.mark(conn, keys)
    conn.execute(f"UPDATE runs SET deleted_at = ? WHERE {_THESE}", (when, _listed(keys)))


def _write_tags(conn: sqlite3.Connection, names: Keys, key: int, uuid: bytes, tags: Tags) -> None:
    new = [RunTag(name, value) for name, value in tags.items() if value is not None]
    runs.log(conn, names, uuid.hex(), key, (), (), new)
    gone: list[tuple[Any, ...]] = [
        (key, names.intern(conn, TAG, name)) for name, value in tags.items() if value is None
    ]
    if gone:
        conn.executemany("DELETE FROM tags WHERE run = ? AND key = ?", gone)
