"""Many runs written at once are as if they had been logged one by one."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from tuiflow.entities import Metric, Run
from tuiflow.errors import AlreadyExists, InvalidInput, NotFound
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, bulk
from tuiflow.store.bulk import NewRun

START = 1_700_000_000_000


def new_run(number: int) -> NewRun:
    return NewRun(
        f"{number + 1:032x}",
        "0",
        f"run{number}",
        "ada",
        START + number,
        START + number + 5,
        metrics={
            "loss": [(3, START, 0.5)],
            "nan": [(0, START, math.nan)],
            "curve": [(step, START + step, float(-step)) for step in range(number % 3 + 1)],
        },
        params={"lr": "1e-3", "name": "a b"},
        tags={"team": "vision", "mlflow.user": "ada"},
    )


def logged(store: Store, new: NewRun) -> Run:
    """The same run, one call at a time."""
    run = store.create_run("0", new.name, new.start_time, new.tags, new.params)
    for key, points in new.metrics.items():
        metrics = [Metric(key, value, when, step) for step, when, value in points]
        store.log_batch(run.info.run_id, metrics)
    store.finish_run(run.info.run_id, "FINISHED", new.end_time)
    return store.get_run(run.info.run_id)


def same(one: Run, other: Run) -> bool:
    info = replace(one.info, run_id="", artifact_uri="", process=None) == replace(
        other.info, run_id="", artifact_uri="", process=None
    )
    return info and repr(one.data) == repr(other.data)


def journal(store: Store) -> str:
    with closing(sqlite3.connect(store.database)) as conn:
        return str(conn.execute("PRAGMA journal_mode").fetchone()[0])


@pytest.mark.parametrize("filled", [False, True])
def test_they_are_as_if_logged(store: Store, filled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_PIECE", 4)
    monkeypatch.setattr(bulk, "_ALONE_PIECE", 4)
    if filled:
        store.create_run("0", "first", START - 1)
    seen: list[int] = []
    assert store.add_runs(map(new_run, range(10)), seen.append) == 10
    assert seen == [4, 8, 10]
    assert journal(store) == "wal"
    for number in range(10):
        new = new_run(number)
        added = store.get_run(new.run_id)
        expected = logged(store, new)
        assert same(added, expected)
        assert repr(store.metric_summaries(new.run_id)) == repr(
            store.metric_summaries(expected.info.run_id)
        )
        assert repr(store.metric_history(new.run_id, "curve")) == repr(
            store.metric_history(expected.info.run_id, "curve")
        )
    assert store.upkeep.check() == []
    assert len(store.search_keys(RunQuery())) == 20 + filled


def test_long_histories_are_sealed(store: Store) -> None:
    points = [(step, START + step, step / 3) for step in range(20_000)]
    store.add_runs([replace(new_run(0), metrics={"loss": points})])
    history = store.metric_history(new_run(0).run_id, "loss")
    assert list(history.values) == [value for _, _, value in points]
    with closing(sqlite3.connect(store.database)) as conn:
        assert conn.execute("SELECT count(*) FROM points").fetchone()[0] < 8192
    assert store.upkeep.check() == []


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"run_id": new_run(0).run_id}, AlreadyExists),
        ({"run_id": "short"}, NotFound),
        ({"experiment_id": "99"}, NotFound),
        ({"params": {"a//b": "1"}}, InvalidInput),
        ({"params": {"a": "x" * 7000}}, InvalidInput),
        ({"tags": {"a": "\ud800"}}, InvalidInput),
        ({"metrics": {"loss": [(0, -1, 1.0)]}}, InvalidInput),
    ],
)
def test_an_empty_store_gets_all_or_none(
    store: Store, wrong: dict[str, object], error: type[Exception]
) -> None:
    def runs() -> Iterator[NewRun]:
        yield from map(new_run, range(5))
        yield replace(new_run(5), **wrong)  # type: ignore[arg-type]

    with pytest.raises(error):
        store.add_runs(runs())
    assert store.search_runs(RunQuery()) == []
    assert journal(store) == "wal"
    assert store.upkeep.check() == []
    assert store.add_runs(map(new_run, range(5))) == 5


def test_a_store_with_runs_keeps_the_pieces_before_a_mistake(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "_PIECE", 2)
    store.create_run("0", "first")
    with pytest.raises(AlreadyExists):
        store.add_runs([new_run(0), new_run(1), new_run(2), new_run(0)])
    names = {run.info.run_name for run in store.search_runs(RunQuery())}
    assert names == {"first", "run0", "run1"}
    assert store.upkeep.check() == []
