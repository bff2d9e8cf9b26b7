"""Long histories: points are sealed into chunks, and nobody who reads them notices."""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys
from array import array
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tuiflow
from tuiflow.entities import Metric
from tuiflow.errors import NotFound, StoreError
from tuiflow.store import Store, chunks

WIDE = st.integers(-(2**63), 2**63 - 1)
STEPS = st.one_of(st.integers(0, 9), st.integers(-300, 70_000), WIDE)
TIMES = st.one_of(st.integers(0, 3), st.integers(0, 2**40), st.integers(0, 2**63 - 1))
POINTS = st.lists(
    st.builds(Metric, st.sampled_from(["a", "b"]), st.floats(), TIMES, STEPS), max_size=60
)
GROWING = st.lists(st.floats(), max_size=60).map(
    lambda values: [Metric("a", value, 1000 + 7 * i, i) for i, value in enumerate(values)]
)


@pytest.fixture(params=[True, False], ids=["numpy", "lists"])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Chunks of four points; read by NumPy, and without it."""
    monkeypatch.setattr(chunks, "SIZE", 4)
    if request.param:
        import numpy  # noqa: F401
    else:
        monkeypatch.delitem(sys.modules, "numpy", raising=False)
    yield


def number(value: float) -> str:
    return repr(value + 0.0)  # SQLite keeps no sign of zero


def shown(points: list[Metric]) -> list[tuple[str, str, int, int]]:
    return [(item.key, number(item.value), item.timestamp, item.step) for item in points]


def rank(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def sealed(store: Store) -> int:
    conn = sqlite3.connect(store.database)
    try:
        return int(conn.execute("SELECT coalesce(sum(count), 0) FROM chunks").fetchone()[0])
    finally:
        conn.close()


def check_history(store: Store, run_id: str, logged: list[Metric]) -> None:
    """What the store says of metric `a` is what a plain list of its points says."""
    history = store.metric_history(run_id, "a")
    expected = sorted(logged, key=lambda point: (point.step, point.timestamp))
    assert list(history.steps) == [point.step for point in expected]
    assert list(history.timestamps) == [point.timestamp for point in expected]
    assert list(map(number, history.values)) == [number(point.value) for point in expected]
    if not logged:
        return
    [found] = [item for item in store.metric_summaries(run_id) if item.key == "a"]
    last = logged[0]
    for point in logged[1:]:  # MLflow: the greatest (step, timestamp, value), NaN as 0
        if (point.step, point.timestamp, rank(point.value)) >= (
            last.step,
            last.timestamp,
            rank(last.value),
        ):
            last = point
    numbers = [point.value for point in logged if not math.isnan(point.value)]
    first = min(logged, key=lambda point: point.step)
    assert found.count == len(logged)
    assert (found.step, found.timestamp, number(found.value)) == (
        last.step,
        last.timestamp,
        number(last.value),
    )
    assert number(found.min) == number(min(numbers, default=math.nan))
    assert number(found.max) == number(max(numbers, default=math.nan))
    assert number(found.first) == number(first.value)
    assert number(store.get_run(run_id).data.metrics["a"]) == number(last.value)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    points=st.one_of(POINTS, GROWING),
    cuts=st.lists(st.integers(1, 30), max_size=12),
    seen=st.integers(0, 60),
    limit=st.integers(0, 60),
)
def test_a_store_is_a_list_of_points(
    store: Store, small: None, points: list[Metric], cuts: list[int], seen: int, limit: int
) -> None:
    run_id = store.create_run("0").info.run_id
    start = 0
    counts: dict[str, int] = {}
    for cut in [*cuts, *([1] * len(points))]:
        batch = points[start : start + cut]
        if not batch:
            break
        store.log_batch(run_id, batch)
        arrived = store.points_since(run_id, counts)
        assert sorted(shown(arrived.points)) == sorted(shown(batch))
        counts = arrived.counts
        start += cut
    of_a = [point for point in points if point.key == "a"]
    check_history(store, run_id, of_a)
    # Those of one metric come in the order of their time, then of arrival.
    newer = store.points_since(run_id, {"a": seen, "b": len(points)})
    assert shown(newer.points) == shown(sorted(of_a[seen:], key=lambda point: point.timestamp))
    recent = store.recent_points(run_id, limit)
    expected: list[Metric] = []
    for key in "ab":
        of_key = [point for point in points if point.key == key]
        last = sorted(enumerate(of_key), key=lambda item: (item[1].step, item[0]))
        expected += [point for _, point in last][max(len(last) - limit, 0) :]
    expected.sort(key=lambda point: point.timestamp)
    assert shown(recent.points) == shown(expected[max(len(expected) - limit, 0) :])
    assert recent.counts == counts


@given(st.lists(st.tuples(STEPS, TIMES, st.floats()), min_size=1, max_size=40))
def test_a_chunk_holds_what_went_in(points: list[tuple[int, int, float]]) -> None:
    import numpy as np

    steps, timestamps, values = map(list, zip(*points, strict=True))
    chunk = chunks.Chunk(0, len(points), chunks.encode(steps, timestamps, array("d", values)))
    found = chunks.decode(chunk)
    assert (list(found.steps), list(found.timestamps)) == (steps, timestamps)
    assert found.values.tobytes() == array("d", values).tobytes()
    ordered = points == sorted(points, key=lambda point: point[:2])
    assert found.in_order == ordered
    into = np.empty(len(points), np.int64), np.empty(len(points), np.int64), np.empty(len(points))
    assert chunks.decode_into(chunk, *into) == ordered
    assert (into[0].tolist(), into[1].tolist()) == (steps, timestamps)
    assert into[2].tobytes() == array("d", values).tobytes()


def test_a_million_points_would_take_few_bytes(store: Store) -> None:
    run_id = store.create_run("0").info.run_id
    points = [Metric("a", math.sqrt(i), 10**12 + 300 * i + i % 97, i) for i in range(20 * 4096)]
    store.log_batch(run_id, points)
    assert sealed(store) == 19 * 4096
    with sqlite3.connect(store.database) as conn:
        [[size]] = conn.execute("SELECT sum(length(data)) FROM chunks")
    assert size / sealed(store) < 12
    check_history(store, run_id, points)


def test_single_points_are_sealed_as_they_come(store: Store, small: None) -> None:
    run_id = store.create_run("0").info.run_id
    for step in range(21):
        store.log_batch(run_id, [Metric("a", float(step), step, step)])
        assert sealed(store) == max((step + 1) // 4 - 1, 0) * 4
    check_history(store, run_id, [Metric("a", float(step), step, step) for step in range(21)])


def test_what_an_older_tuiflow_left_is_sealed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tuiflow.store import sealing

    run_id = store.create_run("0").info.run_id
    points = [Metric("a", float(i), i, -i) for i in range(90)]
    store.log_batch(run_id, points)
    monkeypatch.setattr(chunks, "SIZE", 4)
    store.log_batch(run_id, [Metric("b", 1.0, 0)])
    assert sealed(store) == 0
    store.log_batch(run_id, points[:2])
    assert sealed(store) == 8  # a few at a time: a script must not wait for all of them
    seen = []
    assert sealing.seal_all(store._db, lambda *done: seen.append(done)) == 20
    assert seen == [(0, 1), (1, 1)]
    assert sealed(store) == 88
    check_history(store, run_id, points + points[:2])


def test_columns_of_a_history(store: Store) -> None:
    import numpy as np
    import pandas as pd

    tuiflow.set_tracking_uri(store.root)
    with tuiflow.start_run() as run:
        for step in (1, 0, 2):
            tuiflow.log_metric("loss", step / 2, step=step, timestamp=1000 + step)
    columns = tuiflow.metric_history(run.info.run_id, "loss").to_numpy()
    frame = pd.DataFrame(columns)
    assert frame.to_dict("list") == {
        "step": [0, 1, 2],
        "timestamp": [1000, 1001, 1002],
        "value": [0.0, 0.5, 1.0],
    }
    assert [column.dtype for column in columns.values()] == [np.int64, np.int64, np.float64]
    assert len(tuiflow.metric_history(run.info.run_id, "none").values) == 0
    with pytest.raises(NotFound):
        tuiflow.metric_history("0" * 32, "loss")


def test_missing_points_and_damaged_chunks_are_found(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "SIZE", 4)
    run_id = store.create_run("0").info.run_id
    store.log_batch(run_id, [Metric("a", float(i), i, i) for i in range(20)])
    store.log_batch(run_id, [Metric("b", float(i), i, i) for i in range(3)])
    store.log_batch(run_id, [Metric("single", 1.0, 0)])
    assert store.upkeep.check() == []

    def damage(sql: str) -> list[str]:
        with sqlite3.connect(store.database) as conn:
            conn.execute(sql)
        return [problem.what for problem in store.upkeep.check()]

    named = f"Metric 'a' of run {run_id}"
    assert damage("UPDATE chunks SET data = substr(data, 2) WHERE start = 8") == [
        f"{named} has points that can't be read, from 8 on."
    ]
    with pytest.raises(StoreError, match="db check"):
        store.metric_history(run_id, "a")
    assert damage("DELETE FROM chunks WHERE start = 8") == [
        f"{named} should have 20 points, and has 16."
    ]
    assert damage("DELETE FROM points WHERE step = 1")[1:] == [
        f"Metric 'b' of run {run_id} should have 3 points, and has 2."
    ]


def test_sealed_points_go_with_their_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "SIZE", 4)
    gone, kept = (store.create_run("0").info.run_id for _ in range(2))
    points = [Metric("a", float(i), i, i) for i in range(20)]
    store.log_batch(gone, points)
    store.log_batch(kept, points)
    store.delete_runs([gone])
    store.upkeep.collect_garbage(0)
    assert sealed(store) == 16
    check_history(store, kept, points)
    assert store.upkeep.check() == []


WRITER = """
import sys
from tuiflow.entities import Metric
from tuiflow.store import chunks, open_store
chunks.SIZE = 8
store, start = open_store(sys.argv[1]), int(sys.argv[3])
for number in range(10**9):
    size = 1 + number * 7 % 20
    points = [Metric("m", float(step), step, step) for step in range(start, start + size)]
    store.log_batch(sys.argv[2], metrics=points)
    start += size
    print(start, flush=True)
"""


def test_nothing_is_lost_or_doubled_where_writers_are_killed_while_they_seal(
    store: Store,
) -> None:
    run_id = store.create_run("0").info.run_id
    acknowledged: list[range] = []
    for turn in range(3):
        children = []
        for number in range(2):  # both write the same metric, and so seal each other's points
            start = (2 * turn + number) * 10**6
            command = [sys.executable, "-c", WRITER, str(store.root), run_id, str(start)]
            children.append((start, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
        for start, child in children:
            assert child.stdout is not None
            lines = [child.stdout.readline() for _ in range(60 + 13 * turn)]
            child.kill()
            lines += child.stdout.read().splitlines(keepends=True)
            child.wait()
            child.stdout.close()
            end = [int(line) for line in lines if line.endswith("\n")][-1]
            acknowledged.append(range(start, end))
    steps = list(store.metric_history(run_id, "m").steps)
    assert len(set(steps)) == len(steps)
    assert set(steps) >= set().union(*acknowledged)
    assert sealed(store) > len(steps) / 2
    assert store.upkeep.check() == []
