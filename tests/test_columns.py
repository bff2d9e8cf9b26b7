"""Columns over all runs say what the rows say, whatever was sealed, when, and by whom."""

from __future__ import annotations

import math
import multiprocessing
import os
import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuiflow.entities import Metric, Param, RunTag
from tuiflow.errors import StoreError, TuiflowError
from tuiflow.filters.tree import Key, Kind, Measure, Stat, Text
from tuiflow.store import Store, changes, filesystem, open_store
from tuiflow.store.bulk import NewRun
from tuiflow.store.columns import View, sealing
from tuiflow.store.columns.column import BLOCK
from tuiflow.store.columns.layout import (
    decode_codes,
    decode_list,
    decode_numbers,
    encode_flags,
    encode_numbers,
    encode_texts,
)
from tuiflow.store.failures import ReadInterrupted
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


@pytest.mark.parametrize("seed", range(12))
def test_columns_say_what_rows_say(tmp_path: Path, seed: int) -> None:
    done: list[str] = []
    with clock() as hand:
        world = World(tmp_path, hand, random.Random(seed))
        try:
            done.extend(world.act() for _ in range(120))
            for store in world.stores:
                check(store)
        except AssertionError as error:
            error.add_note("after " + ", ".join(done))
            raise
        finally:
            for store in world.stores:
                store.close()


slots_of = st.sets(st.integers(0, BLOCK - 1), min_size=1, max_size=50) | st.builds(
    lambda first, count: set(range(first, min(first + count, BLOCK))),
    st.integers(0, BLOCK - 1),
    st.integers(1, BLOCK),
)


@given(slots=slots_of, holes=st.sets(st.integers(0, BLOCK - 1), max_size=3))
def test_numbers_are_read_as_they_were_written(slots: set[int], holes: set[int]) -> None:
    where = np.array(sorted(slots - holes or slots), dtype=np.int64)
    values = where / 7
    values[::3] = np.nan
    read = np.full(BLOCK, -1.0)
    segment = decode_numbers(encode_numbers(where, values), np.float64)
    read[segment.where] = segment.values
    wanted = np.full(BLOCK, -1.0)
    wanted[where] = values
    assert np.array_equal(read, wanted, equal_nan=True)
    flags = np.zeros(BLOCK, dtype=np.bool_)
    there = decode_numbers(encode_flags(where), np.bool_)
    flags[there.where] = there.values
    assert np.flatnonzero(flags).tolist() == where.tolist()


@given(slots=slots_of, data=st.data(), kinds=st.integers(1, 5000))
def test_texts_are_read_as_they_were_written(slots: set[int], data: Any, kinds: int) -> None:
    where = np.array(sorted(slots), dtype=np.int64)
    odd = data.draw(st.lists(texts, min_size=1, max_size=4))
    pool = [*odd, *(str(number) for number in range(kinds))]
    chosen = [pool[slot % len(pool)] for slot in where.tolist()]
    reads = {text: float(text) if text.isdigit() else None for text in chosen}
    segment, listed = encode_texts(where, chosen, [reads[text] for text in chosen])
    (place, codes), numbers = decode_codes(segment)
    distinct = decode_list(listed, len(numbers))
    assert len(set(distinct)) == len(distinct)
    array = np.full(BLOCK, None, dtype=object)
    array[place] = [distinct[code] for code in codes.tolist()]
    assert array[where].tolist() == chosen
    assert sum(text is not None for text in array.tolist()) == len(where)
    for text, number in zip(distinct, numbers.tolist(), strict=True):
        assert (number if number == number else None) == reads[text]


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


@pytest.fixture
def large(store: Store) -> Store:
    """Two blocks, the last one short, marked in seconds that are over, not sealed."""
    with clock():
        store.add_runs(many(BLOCK + 300))
    return store


def marked(store: Store) -> int:
    with store._db.read() as conn:
        return int(conn.execute("SELECT count(*) FROM changes WHERE run > 0").fetchone()[0])


def test_sealed_or_not_columns_are_the_same(large: Store) -> None:
    with large._db.read() as conn:
        assert sealing.due(conn) == [0, 1]
    check(large)
    large.columns.seal()
    assert marked(large) == 0
    check(large)
    with closing(open_store(large.root)) as fresh:
        check(fresh)


@pytest.fixture
def two(large: Store) -> Iterator[tuple[Store, Store, SimpleNamespace]]:
    """Two stores on one file, all sealed and looked at, and the clock of marks."""
    large.columns.seal()
    with clock() as hand, closing(open_store(large.root)) as other:
        hand.now = int(time.time()) + 10
        check(large)
        check(other)
        yield large, other, hand


def id_of(store: Store, row_key: int) -> str:
    with store._db.read() as conn:
        row = conn.execute("SELECT uuid FROM runs WHERE id = ?", (row_key,)).fetchone()
    return str(row[0].hex())


def loss(store: Store, row_key: int, value: float) -> None:
    store.log_batch(id_of(store, row_key), [Metric("loss", float(value), 1, int(value))])


def test_what_another_has_sealed_is_seen(two: tuple[Store, Store, SimpleNamespace]) -> None:
    one, other, hand = two
    loss(other, 3, 1000)
    hand.now += 2
    other.columns.seal()
    assert marked(one) == 0
    check(one)


def test_what_was_written_during_a_sealing_is_seen(
    two: tuple[Store, Store, SimpleNamespace],
) -> None:
    one, other, hand = two
    loss(other, 3, 1000)
    hand.now += 1
    with other._db.write() as conn:
        fenced = sealing.fence(conn)
    with other._db.read() as conn:
        made = sealing.read(conn, 0)
    hand.now += 1
    loss(other, 3, 2000)
    hand.now += 1
    loss(other, 4, 3000)
    check(one)  # has seen marks later than that of the first
    with other._db.write() as conn:
        assert sealing.replace(conn, made, fenced)
    assert marked(one) == 2
    check(one)


def test_a_sealing_that_was_overtaken_changes_nothing(
    two: tuple[Store, Store, SimpleNamespace],
) -> None:
    one, other, hand = two
    loss(other, 3, 1000)
    with other._db.write() as conn:
        fenced = sealing.fence(conn)
    with other._db.read() as conn:
        made = sealing.read(conn, 0)
    hand.now += 1
    loss(other, 3, 2000)
    hand.now += 1
    one.columns.seal()
    with other._db.write() as conn:
        assert not sealing.replace(conn, made, fenced)
    with closing(open_store(one.root)) as fresh:
        check(fresh)
    check(one)


def test_a_sealing_that_stops_halfway_loses_nothing(
    two: tuple[Store, Store, SimpleNamespace],
) -> None:
    one, other, hand = two
    loss(other, 3, 1000)
    hand.now += 1
    with other._db.write() as conn:
        fenced = sealing.fence(conn)
    with other._db.read() as conn:
        made = sealing.read(conn, 0)
    with pytest.raises(KeyboardInterrupt), other._db.write() as conn:
        sealing.replace(conn, made, fenced)
        raise KeyboardInterrupt
    check(one)
    one.columns.seal()
    assert marked(one) == 0
    check(other)


def test_a_row_key_that_is_given_again_is_in_its_place(
    two: tuple[Store, Store, SimpleNamespace],
) -> None:
    one, other, hand = two
    start = 1_800_000_000_000
    for _ in range(9):
        other.create_run("0", "before", start)
    for _ in range(4):
        hand.now += 1
        run = other.create_run("0", "again", start).info.run_id
        check(one)
        other.delete_runs([run])
        other.upkeep.collect_garbage(0)


def test_sealing_tells_how_far_it_is_and_can_be_left(large: Store) -> None:
    told: list[tuple[int, int]] = []
    large.columns.seal(lambda done, total: told.append((done, total)), lambda: len(told) == 1)
    assert told == [(0, 2)]
    assert marked(large) == 301  # row keys begin with 1
    check(large)
    large.columns.seal(lambda done, total: told.append((done, total)))
    assert told[1:] == [(0, 1), (1, 1)]
    assert marked(large) == 0


def test_a_search_seals_where_much_has_changed(large: Store) -> None:
    before = marked(large)
    for _ in range(3):
        check(large)
    assert marked(large) < before


@pytest.mark.parametrize("sealed", [True, False])
def test_a_store_that_is_read_only_has_its_columns(
    large: Store, monkeypatch: pytest.MonkeyPatch, sealed: bool
) -> None:
    if sealed:
        large.columns.seal()
    loss(large, 4200, 77.0)
    before = marked(large)
    large.close()
    # By permissions nothing is closed to root, as whom tests may run.
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with closing(open_store(large.root, create=False)) as shut:
        check(shut)
        with pytest.raises(StoreError, match="read-only"):
            shut.columns.seal()
        check(shut)
        assert marked(shut) == before


def test_a_store_of_version_2_is_sealed_after_its_upgrade(large: Store) -> None:
    large.close()
    with closing(sqlite3.connect(large.database)) as conn, conn:
        for table in ("changes", "blocks", "segments", "segment_texts", "chunks"):
            conn.execute(f"DROP TABLE {table}")
        conn.execute("PRAGMA user_version = 2")
    with clock(), closing(open_store(large.root)) as upgraded:
        check(upgraded)
    with closing(open_store(large.root)) as upgraded:
        upgraded.columns.seal()
        assert marked(upgraded) == 0
        check(upgraded)


def test_outside_of_wal_a_reader_holds_up_sealing_and_no_search(
    large: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.close()
    monkeypatch.setattr(filesystem, "network_name", lambda path: "NFS")
    with closing(open_store(large.root)) as store, closing(open_store(large.root)) as other:
        before = marked(store)
        with other._db.read() as conn:
            conn.execute("BEGIN")
            conn.execute("SELECT count(*) FROM runs").fetchone()
            check(store)
            conn.execute("COMMIT")
        assert marked(other) == before
        other.columns.seal()
        assert marked(other) == 0
        check(store)


def test_a_read_that_is_cancelled_leaves_columns_right(large: Store) -> None:
    check(large)
    key = Key(Kind.METRIC, "loss")
    with large._db.read() as conn:
        ids = [row[0].hex() for row in conn.execute("SELECT uuid FROM runs ORDER BY id LIMIT 900")]
    cancelled = 0
    for countdown in range(1, 400, 31):
        for number, run in enumerate(ids[countdown::90]):
            large.log_batch(run, [Metric("loss", float(number), 1, countdown)])
        left = countdown

        def stop() -> int:
            nonlocal left
            left -= 1
            return left == 0

        with large._db.read() as conn:
            conn.set_progress_handler(stop, 20)
        try:
            with large._db.read() as conn, large.columns.view(conn) as view:
                view.numbers(key)
        except ReadInterrupted:
            cancelled += 1
        finally:
            with large._db.read() as conn:
                conn.set_progress_handler(None, 0)
        with large._db.read() as conn, large.columns.view(conn) as view:
            same_numbers(view, key, rows_of(large.database)["values"][key])
    assert cancelled > 2
    check(large)


def test_threads_take_turns(large: Store) -> None:
    key = Key(Kind.METRIC, "loss")
    failures: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(20):
                with large._db.read() as conn, large.columns.view(conn) as view:
                    loss = view.numbers(key)
                    assert loss.present.sum() == np.count_nonzero(~np.isnan(loss.values))
        except BaseException as error:  # shown below
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    with large._db.read() as conn:
        run = conn.execute("SELECT uuid FROM runs WHERE id = 1").fetchone()[0].hex()
    for step in range(60):
        large.log_batch(run, [Metric("loss", float(step), 1, step)])
    for thread in threads:
        thread.join()
    assert not failures
    check(large)


def _write(folder: str, start: int) -> None:
    with closing(open_store(Path(folder))) as store:
        with store._db.read() as conn:
            runs = [
                row[0].hex()
                for row in conn.execute("SELECT uuid FROM runs WHERE id % 47 = ?", (start,))
            ]
        end = time.monotonic() + 1.5
        step = 0
        while time.monotonic() < end:
            step += 1
            run = runs[step % len(runs)]
            store.log_batch(
                run,
                [Metric("loss", step / 3, 1, step), Metric("acc", float(step), 1, step)],
                tags=[RunTag("team", str(step % 50))],
            )
            if step % 20 == 0:
                store.create_run("0", params={"lr": str(step)})


def _seal(folder: str) -> None:
    with closing(open_store(Path(folder))) as store:
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            with store._db.read() as conn:
                blocks = sealing.due(conn)
            for block in blocks:
                sealing.seal(store._db, block)


def test_processes_write_and_seal_at_once(large: Store) -> None:
    """Nothing that was written while others sealed is lost from the columns."""
    large.close()
    spawn = multiprocessing.get_context("spawn")
    work = [spawn.Process(target=_write, args=(str(large.root), start)) for start in (1, 2)]
    work += [spawn.Process(target=_seal, args=(str(large.root),)) for _ in range(2)]
    for process in work:
        process.start()
    while any(process.is_alive() for process in work):
        with large._db.read() as conn, large.columns.view(conn) as view:
            view.numbers(Key(Kind.METRIC, "loss"))
            view.texts(Key(Kind.TAG, "team"))
            assert len(view.newest) == view.exists.sum()
        work[0].join(0.1)
    assert [process.exitcode for process in work] == [0] * 4
    check(large)
    with closing(open_store(large.root)) as fresh:
        check(fresh)


def test_a_child_has_columns_of_its_own(large: Store) -> None:
    check(large)
    context = multiprocessing.get_context("fork")

    def look() -> None:
        large.create_run("0", params={"lr": "5"})
        check(large)

    child = context.Process(target=look)
    child.start()
    child.join()
    assert child.exitcode == 0
    check(large)


def test_memory_stays_within_the_budget(large: Store) -> None:
    from tuiflow.store.columns import Columns

    columns = Columns(large._db, large.root, budget_bytes=300_000)
    with large._db.read() as conn, columns.view(conn) as view:
        for name in METRICS:
            for stat in Stat:
                view.numbers(Measure(Key(Kind.METRIC, name), stat))
        view.texts(Key(Kind.PARAM, "lr"))
        assert len(view.newest) == BLOCK + 300
        assert columns.held_bytes <= 300_000


def test_a_file_that_takes_the_place_of_another_is_read_anew(large: Store, tmp_path: Path) -> None:
    large.columns.seal()
    check(large)
    large.upkeep.backup(tmp_path / "before.db")
    large.add_runs(many(50, seed=9))
    large.columns.seal()
    check(large)
    large.close()
    shutil.copyfile(tmp_path / "before.db", large.database)
    for ending in ("-wal", "-shm"):
        Path(f"{large.database}{ending}").unlink(missing_ok=True)
    check(large)
