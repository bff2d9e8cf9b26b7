"""Changes of any number of runs that can be taken back: delete, restore, move, set tags.

Runs are named by row keys. What a change did is a list of `Was`, one for each run that it changed;
as a row key may be given anew once a run is removed for good, it is taken back only from the runs
that still have the id they had.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from tuiflow.config import ARTIFACTS_FOLDER
from tuiflow.entities import RunTag
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
    """A run that was changed, and what is needed to take that back."""

    key: int
    uuid: bytes
    before: T


class Change(Generic[T]):
    """What is done to each of many runs."""

    def check(self, conn: sqlite3.Connection) -> None:
        """Raise InvalidInput, NotFound or InvalidState where it can't be done to any run."""

    def do(self, conn: sqlite3.Connection, names: Keys, keys: Sequence[int]) -> list[Was[T]]:
        """Change runs inside a write; those that are so already, or gone, are left out."""
        raise NotImplementedError

    def take_back(self, conn: sqlite3.Connection, names: Keys, changed: Sequence[Was[T]]) -> None:
        """Make runs, inside a write, as they were."""
        raise NotImplementedError


class Delete(Change[None]):
    """Marks runs deleted that are not, at `when` in epoch ms (None: piece by piece, now)."""

    def __init__(self, when: int | None = None) -> None:
        self._when = when

    def do(self, conn: sqlite3.Connection, names: Keys, keys: Sequence[int]) -> list[Was[None]]:
        found = conn.execute(
            f"SELECT id, uuid FROM runs WHERE {_THESE} AND +deleted_at IS NULL", (_listed(keys),)
        ).fetchall()
        when = now_ms() if self._when is None else self._when
        _mark_deleted(conn, when, [key for key, _ in found])
        return [Was(key, uuid, None) for key, uuid in found]

    def take_back(
        self, conn: sqlite3.Connection, names: Keys, changed: Sequence[Was[None]]
    ) -> None:
        _mark_deleted(conn, None, [was.key for was in _still(conn, changed)])


class Restore(Change[int]):
    """Brings deleted runs back; `before` is when they were deleted, in epoch ms."""

    def do(self, conn: sqlite3.Connection, names: Keys, keys: Sequence[int]) -> list[Was[int]]:
        found = conn.execute(
            f"SELECT id, uuid, deleted_at FROM runs WHERE {_THESE} AND +deleted_at IS NOT NULL",
            (_listed(keys),),
        ).fetchall()
        _mark_deleted(conn, None, [row[0] for row in found])
        return [Was(*row) for row in found]

    def take_back(self, conn: sqlite3.Connection, names: Keys, changed: Sequence[Was[int]]) -> None:
        times: dict[int, list[int]] = {}
        for was in _still(conn, changed):
            times.setdefault(was.before, []).append(was.key)
        for when, keys in times.items():
            _mark_deleted(conn, when, keys)


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
        return [Was(key, uuid, (experiment, place)) for key, uuid, experiment, place in found]

    def take_back(
        self,
        conn: sqlite3.Connection,
        names: Keys,
        changed: Sequence[Was[tuple[int, str | None]]],
    ) -> None:
        still = _still(conn, changed)
        for experiment in {was.before[0] for was in still}:
            experiments.check_active(conn, experiment)
            experiments.touch(conn, experiment)
        changes.mark(conn, [was.key for was in still])
        conn.executemany(
            "UPDATE runs SET experiment = ?, artifacts = ? WHERE id = ?",
            [(*was.before, was.key) for was in still],
        )


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
                changed.append(Was(key, uuid, {name: old.get(name) for name in new}))
        return changed

    def take_back(
        self, conn: sqlite3.Connection, names: Keys, changed: Sequence[Was[Tags]]
    ) -> None:
        for was in _still(conn, changed):
            runs.writable_key(conn, was.uuid.hex())
            _write_tags(conn, names, was.key, was.uuid, was.before)

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
    """See `Store.take_back`."""
    for through, _ in in_pieces(
        db, changed, lambda conn, piece: change.take_back(conn, names, piece)
    ):
        yield through


def _listed(keys: Sequence[int]) -> str:
    return json.dumps(list(keys))


def _still(conn: sqlite3.Connection, changed: Sequence[Was[T]]) -> list[Was[T]]:
    """Those whose runs are there."""
    found = dict(
        conn.execute(
            f"SELECT id, uuid FROM runs WHERE {_THESE}", (_listed([was.key for was in changed]),)
        )
    )
    return [was for was in changed if found.get(was.key) == was.uuid]


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
