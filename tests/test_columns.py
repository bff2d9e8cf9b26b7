"""Columns over all runs say what the rows say, whatever was sealed, when, and by whom."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from column_worlds import (
    METRICS,
    World,
    check,
    clock,
    loss,
    many,
    marked,
    rows_of,
    same_numbers,
)

from tuiflow.entities import Metric, RunTag
from tuiflow.errors import StoreError
from tuiflow.filters.tree import Key, Kind, Measure, Stat
from tuiflow.store import Store, filesystem, open_store
from tuiflow.store.columns import sealing
from tuiflow.store.columns.column import BLOCK
from tuiflow.store.failures import ReadInterrupted


@pytest.mark.parametrize("seed", range(8))
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


@pytest.fixture
def large(store: Store) -> Store:
    """Two blocks, the last one short, marked in seconds that are over, not sealed."""
    with clock():
        store.add_runs(many(BLOCK + 300))
    return store


def test_sealed_or_not_columns_are_the_same(large: Store) -> None:
    with large._db.read() as conn:
        assert sealing.due(conn) == [0, 1]
    check(large)
    large.columns.seal()
    assert marked(large) == 0
    check(large)
    with closing(open_store(large.root)) as fresh:
        check(fresh)


def begun(store: Store) -> tuple[int, sealing.Sealing]:
    """A sealing of the first block up to where it writes: the second of its fence, and columns."""
    with store._db.write() as conn:
        fenced = sealing.fence(conn)
    with store._db.read() as conn:
        return fenced, sealing.read(conn, 0)


@pytest.fixture
def two(large: Store) -> Iterator[tuple[Store, Store, SimpleNamespace]]:
    """Two stores on one file, all sealed and looked at, and the clock of marks."""
    large.columns.seal()
    with clock() as hand, closing(open_store(large.root)) as other:
        hand.now = int(time.time()) + 10
        check(large)
        check(other)
        yield large, other, hand


def test_what_another_has_sealed_is_seen(two: tuple[Store, Store, SimpleNamespace]) -> None:
    one, other, hand = two
    loss(other, 3, 1000)
    hand.now += 2
    other.columns.seal()
    assert marked(one) == 0
    check(one)


def test_a_clock_that_is_set_back_hides_nothing(
    two: tuple[Store, Store, SimpleNamespace],
) -> None:
    one, other, hand = two
    loss(other, 3, 1000)
    check(one)
    hand.now += 2
    other.columns.seal()
    hand.now -= 10
    loss(other, 4200, 2000)
    hand.now += 8
    loss(other, 4201, 3000)
    check(one)


def test_what_was_written_during_a_sealing_is_seen(
    two: tuple[Store, Store, SimpleNamespace],
) -> None:
    one, other, hand = two
    loss(other, 3, 1000)
    hand.now += 1
    fenced, made = begun(other)
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
    fenced, made = begun(other)
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
    fenced, made = begun(other)
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
