"""What the store says about columns and keys, and the views it keeps by name."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import Cli

from tuiflow.entities import Metric, Param, RunTag
from tuiflow.errors import AlreadyExists, InvalidInput, NotFound
from tuiflow.filters import Key, Kind, OrderKey, parse_filter
from tuiflow.protocols import RunQuery
from tuiflow.store import Store
from tuiflow.store.column_values import summed_up
from tuiflow.store.usage import usage_of
from tuiflow.store.views import View, from_json, query_of, to_json


@pytest.fixture
def wine(store: Store) -> str:
    """Five runs: an odd metric in each, two params, one of which never changes."""
    experiment = store.create_experiment("wine")
    values = (1.0, 2.0, 4.0, math.nan, math.inf)
    for place, value in enumerate(values):
        run = store.create_run(experiment, f"run-{place}", 1000 * place).info.run_id
        store.log_batch(
            run,
            [Metric("rmse", value, 1), *([Metric("late", 1.0, 1)] if place == 4 else [])],
            [Param("opt", "adam" if place < 3 else "sgd"), Param("seed", "7")],
            [RunTag("stage", "x")] if place == 0 else [],
        )
        if place < 2:
            store.finish_run(run, "FINISHED", 1000 * place + 500)
    lost = store.create_run(experiment, "deleted", 9000).info.run_id
    store.log_batch(lost, [Metric("gone", 1.0, 1)], [Param("opt", "gone")])
    store.delete_runs([lost])
    return experiment


def test_keys_by_how_often_they_are_used(store: Store, wine: str) -> None:
    usage = store.key_usage((wine,))
    assert usage.runs == 5
    assert list(usage.metrics.items()) == [("rmse", 5), ("late", 1)]
    assert dict(usage.params) == {"opt": 5, "seed": 5}
    assert usage.constant == {"seed"}
    assert usage.names.metrics == ("rmse", "late")
    loaded = usage_of(store.search_runs(RunQuery((wine,))))
    assert (loaded.metrics, loaded.params, loaded.constant) == (
        usage.metrics, usage.params, usage.constant,
    )  # fmt: skip
    assert store.key_usage(("0",)).runs == 0


def test_values_that_most_runs_have(store: Store, wine: str) -> None:
    def values(kind: Kind, name: str) -> list[tuple[str, int]]:
        return store.value_counts(Key(kind, name), (wine,))

    assert values(Kind.PARAM, "opt") == [("adam", 3), ("sgd", 2)]
    assert values(Kind.TAG, "stage") == [("x", 1)]
    assert values(Kind.TAG, "nothing") == []
    assert values(Kind.METRIC, "rmse") == []
    assert values(Kind.ATTRIBUTE, "status") == [("RUNNING", 3), ("FINISHED", 2)]
    assert values(Kind.ATTRIBUTE, "experiment") == [("wine", 5)]
    assert values(Kind.ATTRIBUTE, "start_time") == []
    assert values(Kind.DATASET, "name") == []
    assert store.value_counts(Key(Kind.PARAM, "opt"), limit=1) == [("adam", 3)]


def test_a_metric_is_summed_up_over_what_matches(store: Store, wine: str) -> None:
    found = store.column_summary(RunQuery((wine,)), Key(Kind.METRIC, "rmse"))
    assert (found.runs, found.missing, found.nan, found.infinite) == (5, 0, 1, 1)
    assert found.numbers is not None
    assert found.numbers.count == 3
    assert (found.numbers.minimum, found.numbers.maximum) == (1.0, 4.0)
    assert found.numbers.mean == pytest.approx(7 / 3)
    assert found.numbers.quartiles == (1.5, 2.0, 3.0)
    assert sum(item.count for item in found.numbers.bins) == 3
    node = parse_filter("params.opt = 'sgd'")
    some = store.column_summary(RunQuery((wine,), node), Key(Kind.METRIC, "late"))
    assert (some.runs, some.missing) == (2, 1)
    none = store.column_summary(RunQuery((wine,)), Key(Kind.METRIC, "nothing"))
    assert (none.runs, none.missing, none.numbers) == (5, 5, None)


def test_texts_and_attributes_are_summed_up(store: Store, wine: str) -> None:
    found = store.column_summary(RunQuery((wine,)), Key(Kind.PARAM, "opt"))
    assert (found.texts, found.distinct, found.numbers) == ((("adam", 3), ("sgd", 2)), 2, None)
    seeds = store.column_summary(RunQuery((wine,)), Key(Kind.PARAM, "seed"))
    assert seeds.numbers is not None and seeds.numbers.quartiles == (7.0, 7.0, 7.0)
    took = store.column_summary(
        RunQuery((wine,), parse_filter("status = 'FINISHED'")), Key(Kind.ATTRIBUTE, "duration")
    )
    assert took.numbers is not None and took.numbers.mean == 500.0
    status = store.column_summary(RunQuery((wine,)), Key(Kind.ATTRIBUTE, "status"))
    assert dict(status.texts) == {"RUNNING": 3, "FINISHED": 2}


finite = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(st.lists(finite, min_size=1, max_size=50))
def test_numbers_are_summed_up_within_their_bounds(values: list[float]) -> None:
    found = summed_up(values)
    low, middle, high = found.quartiles
    assert found.minimum <= found.mean <= found.maximum
    assert found.minimum <= low <= middle <= high <= found.maximum
    assert sum(item.count for item in found.bins) == len(values)
    assert found.deviation >= 0


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=50))
def test_deviation_and_quartiles(values: list[int]) -> None:
    found = summed_up(list(map(float, values)))
    expected = statistics.quantiles(values, n=4, method="inclusive")
    assert list(found.quartiles) == pytest.approx(expected)
    assert summed_up(list(map(float, values))).deviation == pytest.approx(
        statistics.pstdev(values), abs=1e-9
    )


VIEW = View(
    ("name", "metrics.rmse"),
    (OrderKey(Key(Kind.METRIC, "rmse"), True), OrderKey(Key(Kind.ATTRIBUTE, "start_time"))),
    "metrics.rmse < 1",
    ("metrics.rmse",),
    ("0" * 32,),
    {"metrics.rmse": 9},
)


def test_views_are_kept_by_name(store: Store) -> None:
    views = store.views
    assert views.list() == {}
    views.save(" best ", VIEW)
    views.save("Another", View())
    assert views.get("best") == VIEW
    assert list(views.list()) == ["Another", "best"]
    with pytest.raises(AlreadyExists):
        views.save("best", View())
    views.save("best", View(filter="x"), replace=True)
    assert views.get("best").filter == "x"
    views.rename("best", "first")
    with pytest.raises(AlreadyExists):
        views.rename("first", "Another")
    with pytest.raises(NotFound, match="did you mean 'first'"):
        views.get("firs")
    views.delete("first")
    with pytest.raises(NotFound, match="there are: Another"):
        views.delete("first")
    with pytest.raises(InvalidInput):
        views.save("  ", View())
    with pytest.raises(InvalidInput):
        views.rename("Another", "x" * 200)


def test_damaged_views_say_nothing() -> None:
    assert from_json(to_json(VIEW)) == VIEW
    assert from_json(None) == from_json([1]) == View()
    assert from_json({"columns": 3, "order": [[1, 2]], "filter": 4, "widths": {"a": "b"}}) == View()
    one = from_json({"order": ["metrics", "rmse", False]})
    assert one.order == (OrderKey(Key(Kind.METRIC, "rmse")),)


def test_a_view_and_what_is_asked_on_top_of_it() -> None:
    rmse = Key(Kind.METRIC, "rmse")
    found = query_of(VIEW, ("1",), "params.opt = 'adam'", (OrderKey(rmse),))
    assert found.filter == parse_filter("metrics.rmse < 1 and params.opt = 'adam'")
    assert found.order_by == (OrderKey(rmse), VIEW.order[1])
    assert query_of(View()).filter is None


def test_a_view_in_the_shell(cli: Cli, store: Store, wine: str) -> None:
    columns = ("name", "params.opt", "tags.stage")
    order = (OrderKey(Key(Kind.METRIC, "rmse"), True),)
    store.views.save("few", View(columns, order, "metrics.rmse < 3"))
    result = cli("runs", "--view", "few", "--format", "md")
    assert result.code == 0
    lines = result.out.splitlines()
    assert "opt" in lines[0] and "stage" in lines[0] and "rmse" not in lines[0]
    assert [line.split("|")[2].strip() for line in lines[2:]] == ["run-1", "run-0"]
    more = cli("runs", "--view", "few", "--filter", "tags.stage = 'x'", "--format", "json")
    assert "run-0" in more.out and "run-1" not in more.out
    wrong = cli("runs", "--view", "fwe")
    assert wrong.code == 2 and "No view 'fwe'; did you mean 'few'?" in wrong.err
