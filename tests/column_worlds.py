"""Stores of which columns and rows are compared."""

from __future__ import annotations

import math
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from tuiflow.entities import Metric, Param, RunTag
from tuiflow.errors import TuiflowError
from tuiflow.filters.tree import Key, Kind, Measure, Stat, Text
from tuiflow.store import Store, changes, open_store
from tuiflow.store.bulk import NewRun
from tuiflow.store.columns import View, sealing
from tuiflow.store.columns.column import BLOCK
from tuiflow.store.predicates import Builder

METRICS, PARAMS, TAGS = ("loss", "acc"), ("lr", "name"), ("mlflow.parentRunId", "team")
TEXTS = ("", "0.5", "1e-3", "nan", "inf", "Adam", "adam", "Größe", "a\0b", "x" * 70)
NEEDLES = ("a", "ADAM", "b", "größe", "0.5", "e-3", "calm", "zz")
OLD = 1_500_000_000


def rows_of(path: Path) -> dict[str, Any]:
    """What the rows say, read in the plainest way."""
    with closing(sqlite3.connect(path)) as conn:
        found = conn.execute(
            "SELECT r.id, uuid, experiment, r.name, user_id, status, start_time, end_time,"
            " r.deleted_at, e.name FROM runs r JOIN experiments e ON e.id = r.experiment"
        )
        runs = {row[0]: row[1:] for row in found}
        values: dict[object, dict[int, Any]] = {}
        for run, name, value, count, low, high, first in conn.execute(
            "SELECT run, name, value, count, min, max, first FROM latest JOIN keys k ON k.id = key"
        ):
            several = count > 1
            key = Key(Kind.METRIC, name)
            for stat, number in (
                (Stat.LAST, value),
                (Stat.MIN, low if several else value),
                (Stat.MAX, high if several else value),
                (Stat.FIRST, first if several else value),
                (Stat.COUNT, count),
            ):
                values.setdefault(Measure(key, stat), {})[run] = number
            values.setdefault(key, {})[run] = value
        for table, kind in (("params", Kind.PARAM), ("tags", Kind.TAG)):
            for run, name, text, number in conn.execute(
                f"SELECT run, name, text, number FROM {table} JOIN keys k ON k.id = key"
            ):
                values.setdefault(Key(kind, name), {})[run] = (text, number)
    return {"runs": runs, "values": values}


def check(store: Store) -> None:
    """Compare everything that a view has with the rows."""
    said = rows_of(store.database)
    runs, values = said["runs"], said["values"]
    with store._db.read() as conn, store.columns.view(conn) as view:
        assert view.size == max(runs, default=0) + 1
        assert np.flatnonzero(view.exists).tolist() == sorted(runs)
        assert np.flatnonzero(view.deleted).tolist() == sorted(
            run for run, row in runs.items() if row[7] is not None
        )
        assert view.newest.tolist() == sorted(runs, key=lambda run: (-runs[run][5], runs[run][0]))
        assert {run: view.experiment[run] for run in runs} == {r: runs[r][1] for r in runs}
        for name, place in (("run_name", 2), ("user_id", 3), ("status", 4), ("experiment", 8)):
            same_texts(
                view, Key(Kind.ATTRIBUTE, name), {r: (row[place],) for r, row in runs.items()}
            )
        for name, place in (("start_time", 5), ("end_time", 6)):
            wanted = {r: row[place] for r, row in runs.items() if row[place] is not None}
            same_numbers(view, Key(Kind.ATTRIBUTE, name), wanted)
        for name in METRICS:
            key = Key(Kind.METRIC, name)
            for what in (key, *(Measure(key, stat) for stat in Stat)):
                same_numbers(view, what, values.get(what, {}))
        for kind, names in ((Kind.PARAM, PARAMS), (Kind.TAG, TAGS)):
            for name in names:
                has = values.get(Key(kind, name), {})
                same_texts(view, Key(kind, name), has)
                same_numbers(view, Key(kind, name), {r: n for r, (_, n) in has.items()})
        parents = values.get(Key(Kind.TAG, "mlflow.parentRunId"), {})
        same_texts(view, Key(Kind.ATTRIBUTE, "parent"), parents)
        for needle in NEEDLES:
            builder = Builder(conn, store.root, 0)
            condition = builder.condition(Text(needle))
            found = conn.execute(f"SELECT id FROM runs r WHERE {condition}", builder.values)
            wanted_runs = sorted(row[0] for row in found)
            assert np.flatnonzero(view.containing(needle)).tolist() == wanted_runs, needle


def same_numbers(view: View, key: Key | Measure, wanted: dict[int, float | None]) -> None:
    column = view.numbers(key)
    values, present = np.full(view.size, np.nan), np.zeros(view.size, dtype=np.bool_)
    for run, value in wanted.items():
        values[run] = math.nan if value is None else value
        present[run] = True
    assert np.array_equal(column.present, present), key
    assert np.array_equal(column.values, values, equal_nan=True), key


def same_texts(view: View, key: Key, wanted: dict[int, tuple[Any, ...]]) -> None:
    column = view.texts(key)
    assert len(set(column.values)) == len(column.values) == len(column.numbers)
    codes, numbers = column.codes.tolist(), column.numbers.tolist()
    assert {run: column.values[code] for run, code in enumerate(codes) if code >= 0} == {
        run: row[0] for run, row in wanted.items()
    }, key
    for run, (_, *number) in wanted.items():
        if number:
            read = numbers[codes[run]]
            assert (None if read != read else read) == number[0]


@contextmanager
def clock() -> Iterator[SimpleNamespace]:
    """The seconds of marks, in our hands: `clock.now`."""
    hand = SimpleNamespace(now=OLD)
    hand.time = lambda: hand.now
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "time", hand)
        yield hand


def push_to(path: Path, row_key: int) -> None:
    """Make the only run's row key a high one, so that those to come are beyond it."""
    with closing(sqlite3.connect(path)) as conn, conn:
        for table, column in (
            ("runs", "id"),
            ("latest", "run"),
            ("params", "run"),
            ("tags", "run"),
        ):
            conn.execute(f"UPDATE {table} SET {column} = ?", (row_key,))
        conn.execute("UPDATE changes SET run = ? WHERE run > 0", (row_key,))


texts = st.sampled_from(TEXTS)
POINTS = (0.0, -1.5, 2.0, math.nan, math.inf, -math.inf)


class World:
    """Two processes' stores on one file, one of which may be behind; sealers that stop halfway."""

    def __init__(self, folder: Path, hand: SimpleNamespace, dice: random.Random) -> None:
        self.folder, self.clock, self.dice = folder, hand, dice
        with closing(open_store(folder)) as store:
            first = store.create_run("0", "calm-fox", 1_700_000_000_001)
        # Blocks are begun and left behind.
        push_to(store.database, dice.choice([1, BLOCK - 3, 3 * BLOCK - 2]))
        self.stores = [open_store(folder) for _ in range(2)]
        self.runs = [first.info.run_id]
        self.deleted: set[str] = set()
        self.experiments = ["0"]
        self.halfway: list[tuple[sealing.Sealing, int]] = []

    def act(self) -> str:
        """Do something, and say what."""
        actions, weights = zip(*self.ACTIONS, strict=True)
        action = self.dice.choices(actions, weights)[0]
        who = self.dice.randrange(2)
        action(self, self.stores[who])
        return f"{action.__name__} {who}"

    def some_run(self) -> list[str]:
        """A run that can be written to, if there is one."""
        open_ = [run for run in self.runs if run not in self.deleted]
        return [self.dice.choice(open_)] if open_ else []

    def create(self, store: Store) -> None:
        tags = {"team": self.dice.choice(TEXTS)}
        if self.runs and self.dice.random() < 0.5:
            tags["mlflow.parentRunId"] = self.runs[0]
        start = 1_700_000_000_000 + self.dice.randrange(4)
        params = {"lr": self.dice.choice(TEXTS)}
        home = self.dice.choice(self.experiments)
        self.runs.append(store.create_run(home, None, start, tags, params).info.run_id)

    def log(self, store: Store) -> None:
        for run in self.some_run():
            key, step = self.dice.choice(METRICS), self.dice.randrange(3)
            values = self.dice.choices(POINTS, k=self.dice.randint(1, 3))
            store.log_batch(run, [Metric(key, value, 1, step) for value in values])

    def tag(self, store: Store) -> None:
        for run in self.some_run():
            store.log_batch(run, tags=[RunTag(self.dice.choice(TAGS), self.dice.choice(TEXTS))])

    def untag(self, store: Store) -> None:
        for run in self.some_run():
            with suppress(TuiflowError):  # it has none
                store.delete_tag(run, self.dice.choice(TAGS))

    def param(self, store: Store) -> None:
        for run in self.some_run():
            with suppress(TuiflowError):  # it has another value: nothing is written
                store.log_batch(run, params=[Param("name", self.dice.choice(TEXTS))])

    def update(self, store: Store) -> None:
        for run in self.some_run():
            status = self.dice.choice(["FINISHED", "FAILED", "RUNNING"])
            store.update_run(run, status, f"Name {self.dice.randrange(3)}")

    def delete(self, store: Store) -> None:
        for run in self.some_run():
            store.delete_runs([run])
            self.deleted.add(run)

    def restore(self, store: Store) -> None:
        store.restore_runs(sorted(self.deleted))
        self.deleted.clear()

    def collect(self, store: Store) -> None:
        store.upkeep.collect_garbage(0)
        self.runs = [run for run in self.runs if run not in self.deleted]
        self.deleted.clear()

    def move(self, store: Store) -> None:
        if len(self.experiments) < 3:
            self.experiments.append(store.create_experiment(f"study {len(self.experiments)}"))
        for run in self.some_run():
            store.move_runs([run], self.dice.choice(self.experiments))

    def rename_and_delete_experiments(self, store: Store) -> None:
        store.rename_experiment("0", f"Home {self.dice.randrange(9)}")
        for experiment in self.experiments[1:2]:
            store.delete_experiment(experiment)
            check(store)
            store.restore_experiment(experiment)

    def tick(self, store: Store) -> None:
        self.clock.now += self.dice.randint(1, 3)

    def set_the_clock_back(self, store: Store) -> None:
        self.clock.now -= 1000

    def seal(self, store: Store) -> None:
        self.clock.now += 1
        store.columns.seal()

    def begin_to_seal(self, store: Store) -> None:
        with store._db.write() as conn:
            fenced = sealing.fence(conn)
        with store._db.read() as conn:
            self.halfway += [(sealing.read(conn, block), fenced) for block in sealing.due(conn)]

    def end_sealing(self, store: Store) -> None:
        if self.halfway:
            made, fenced = self.halfway.pop(self.dice.randrange(len(self.halfway)))
            with store._db.write() as conn:
                sealing.replace(conn, made, fenced)

    def look(self, store: Store) -> None:
        check(store)

    def look_for_the_first_time(self, store: Store) -> None:
        with closing(open_store(self.folder)) as fresh:
            check(fresh)

    ACTIONS = (
        (create, 6), (log, 6), (tag, 4), (untag, 4), (param, 2), (update, 3), (delete, 3),
        (restore, 1), (collect, 2), (move, 2), (rename_and_delete_experiments, 1), (tick, 6),
        (set_the_clock_back, 1), (seal, 3), (begin_to_seal, 2), (end_sealing, 2), (look, 14),
        (look_for_the_first_time, 2),
    )  # fmt: skip


def many(count: int, home: str = "0", seed: int = 0) -> Iterator[NewRun]:
    for number in range(count):
        yield NewRun(
            f"{seed:08x}{number * 7919 % 100_003:024x}",
            home,
            f"run-{number}",
            "ann",
            1_700_000_000_000 + number // 3,
            metrics={"loss": [(0, 1, number / 2)]} if number % 5 else {},
            params={"lr": str(number % 9), "name": f"{'word' if number % 2 else 'WORT'} {number}"},
            tags={"team": "red"} if number % 100 == 0 else {},
        )


def marked(store: Store) -> int:
    with store._db.read() as conn:
        return int(conn.execute("SELECT count(*) FROM changes WHERE run > 0").fetchone()[0])


def id_of(store: Store, row_key: int) -> str:
    with store._db.read() as conn:
        row = conn.execute("SELECT uuid FROM runs WHERE id = ?", (row_key,)).fetchone()
    return str(row[0].hex())


def loss(store: Store, row_key: int, value: float) -> None:
    store.log_batch(id_of(store, row_key), [Metric("loss", float(value), 1, int(value))])
