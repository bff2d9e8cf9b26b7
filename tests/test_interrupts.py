"""ctrl+C at every point where Python may raise it: the store can be used on, and nothing is lost.

Those are the beginnings of functions, and the returns from what is written in C; a profiler hears
of both.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

import tuiflow
from tuiflow.entities import Metric, Param
from tuiflow.filters import Key, Kind, parse_filter, parse_order
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, open_store, searches

# Python itself can't pass on what is raised while it frees something.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def interrupted_at(
    point: int, call: Callable[[], object], kept: list[object], again: int = 0
) -> bool:
    """Call it and interrupt it at its so manieth point, and where `again` says so once more, so
    many points later; False where it has no more than that."""
    left = point

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal left
        if event in ("call", "c_return"):
            left -= 1
            if left == -1 or left == -1 - again:
                raise KeyboardInterrupt

    sys.setprofile(profile)
    try:
        call()
    except KeyboardInterrupt as error:
        kept.append(error)
    finally:
        sys.setprofile(None)
    return left < 0


def everywhere(
    call: Callable[[], object], check: Callable[[], object], step: int = 1, again: int = 0
) -> int:
    """Interrupt it at every so manieth point and check after each; how many points there are."""
    kept: list[object] = []  # with what tracebacks hold, as a notebook does with the last error
    point = 0
    while interrupted_at(point, call, kept, again):
        check()
        point += step
    return point


@pytest.mark.parametrize("again", [0, 1, 2, 3, 5, 8, 13, 40])
def test_logging(store: Store, again: int) -> None:
    run_id = store.create_run("0").info.run_id
    acknowledged = []

    def log() -> None:
        value = float(len(acknowledged))
        store.log_batch(run_id, [Metric("interrupted", value, 0, 0)], [Param(f"p{value:.0f}", "1")])

    def check() -> None:
        store.log_batch(run_id, [Metric("logged", 1.0, 0, len(acknowledged))])
        acknowledged.append(1)

    assert everywhere(log, check, again=again) > 20
    assert len(store.metric_history(run_id, "logged").values) == len(acknowledged)
    store.finish_run(run_id, "FINISHED")


@pytest.mark.parametrize("again", [0, 2, 11])
@pytest.mark.parametrize("large", [False, True], ids=["rows", "columns"])
def test_searching(store: Store, monkeypatch: pytest.MonkeyPatch, large: bool, again: int) -> None:
    if large:
        monkeypatch.setattr(searches, "LARGE", 0)
    runs = [store.create_run("0").info.run_id for _ in range(4)]
    for number, run_id in enumerate(runs):
        store.log_batch(run_id, [Metric("m", float(number), 0, 0)], [Param("p", str(number % 2))])
    query = RunQuery(filter=parse_filter("metrics.m > 0"), order_by=parse_order("metrics.m DESC"))
    value = 10.0

    def ask() -> tuple[object, ...]:
        return (
            store.search_keys(query, 10),
            store.count_runs(query),
            store.group_runs(query, Key(Kind.PARAM, "p"), [Key(Kind.METRIC, "m")]),
            store.metric_summaries(runs[0]),
        )

    def change_and_ask() -> None:
        nonlocal value
        value += 1
        store.log_batch(runs[0], [Metric("m", value, 0, 0)])
        ask()

    def check() -> None:
        other = open_store(store.root)
        try:
            assert ask() == (
                other.search_keys(query, 10),
                other.count_runs(query),
                other.group_runs(query, Key(Kind.PARAM, "p"), [Key(Kind.METRIC, "m")]),
                other.metric_summaries(runs[0]),
            )
        finally:
            other.close()

    ask()
    assert everywhere(change_and_ask, check, 23, again) > 500


def test_runs_of_a_script(store: Store) -> None:
    tuiflow.set_tracking_uri(store.root)
    started = []

    def train() -> None:
        with tuiflow.start_run() as run:
            started.append(run.info.run_id)
            tuiflow.log_param("a", 1)
            tuiflow.log_metric("m", 1.0)

    def check() -> None:
        while tuiflow.active_run():
            tuiflow.end_run("KILLED")
        with tuiflow.start_run():
            tuiflow.log_metric("m", 2.0)

    assert everywhere(train, check, 97) > 100
