"""Points of metrics as they come, and runs by the start of their name."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuiflow.entities import Metric, ViewType
from tuiflow.errors import NotFound
from tuiflow.store import Store

batches = st.lists(
    st.lists(
        st.builds(
            Metric,
            st.sampled_from(["a", "b"]),
            st.floats(),
            st.integers(0, 5),
            st.integers(-3, 3),
        ),
        max_size=4,
    ),
    max_size=6,
)


def shown(points: list[Metric]) -> list[tuple[str, str, int, int]]:
    # SQLite keeps no sign of zero.
    return sorted((item.key, repr(item.value + 0.0), item.timestamp, item.step) for item in points)


@pytest.fixture(scope="module")
def module_store() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        opened = Store(Path(folder) / "tuiflow.db")
        yield opened
        opened.close()


@given(batches)
def test_every_point_comes_once(module_store: Store, batches: list[list[Metric]]) -> None:
    run_id = module_store.create_run("0").info.run_id
    counts: dict[str, int] = {}
    logged: list[Metric] = []
    for batch in batches:
        module_store.log_batch(run_id, batch)
        logged += batch
        arrived = module_store.points_since(run_id, counts)
        assert shown(arrived.points) == shown(batch)
        counts = arrived.counts
    assert sum(counts.values()) == len(logged)
    everything = module_store.recent_points(run_id, 100)
    assert shown(everything.points) == shown(logged)
    assert everything.counts == counts
    times = [point.timestamp for point in everything.points]
    assert times == sorted(times)


def test_the_newest_points_of_all_metrics(store: Store) -> None:
    run_id = store.create_run("0").info.run_id
    points = [Metric("a", float(step), step, step) for step in range(10)]
    store.log_batch(run_id, [*points, Metric("b", math.nan, 100, 0), Metric("c", 1.0, 0, 0)])
    arrived = store.recent_points(run_id, 3)
    assert [(point.key, point.step) for point in arrived.points] == [("a", 8), ("a", 9), ("b", 0)]
    assert arrived.counts == {"a": 10, "b": 1, "c": 1}
    assert store.recent_points(run_id, 0).points == []
    assert store.recent_points(run_id, 0).counts == arrived.counts


def test_runs_to_suggest(store: Store) -> None:
    ids = [store.create_run("0", f"run %_{n}", start_time=n).info.run_id for n in range(4)]
    assert [run.run_id for run in store.suggest_runs("", 3)] == ids[:0:-1]
    assert [run.run_id for run in store.suggest_runs("run %_", 9)] == ids[::-1]
    assert [run.name for run in store.suggest_runs(ids[2].upper()[:31], 9)] == ["run %_2"]
    assert store.suggest_runs("un", 9) == []
    store.delete_runs(ids[:1])
    assert [run.run_id for run in store.suggest_runs("run", 9, ViewType.DELETED_ONLY)] == ids[:1]
    assert ids[0] not in [run.run_id for run in store.suggest_runs("", 9)]


def test_a_deleted_run_by_its_name(store: Store) -> None:
    gone = store.create_run("0", "same", start_time=1).info.run_id
    kept = store.create_run("0", "same", start_time=2).info.run_id
    store.delete_runs([gone])
    assert store.resolve_run("same") == kept
    assert store.resolve_run("same", view=ViewType.DELETED_ONLY) == gone
    assert store.resolve_run("latest", view=ViewType.DELETED_ONLY) == gone
    store.restore_runs([gone])
    with pytest.raises(NotFound, match="no deleted run 'same'"):
        store.resolve_run("same", view=ViewType.DELETED_ONLY)
