"""Searching a store gives what an obvious evaluation of the same runs in memory gives."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filter_strategies import (
    NOW,
    Made,
    Plan,
    Unwritable,
    at_now,
    expected,
    fill,
    plans,
    queries,
    some_plans,
    written,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiflow.entities import Dataset, DatasetInput, InputTag, Metric
from tuiflow.errors import FilterError, NotFound
from tuiflow.filters import Key, Kind, parse_filter, parse_order
from tuiflow.filters.conditions import MAX_CONDITIONS, MAX_LIST
from tuiflow.filters.operands import MAX_DEPTH
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, open_store
from tuiflow.store import search as store_search


@settings(max_examples=20, derandomize=True, deadline=None)
@given(
    plans,
    st.lists(queries, min_size=16, max_size=16),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_a_store_finds_what_memory_finds(
    plans: list[Plan], asked: list[RunQuery], limit: int, offset: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, at_now():
        store = open_store(Path(folder) / "s.db")
        try:
            everything = fill(store, plans)
            for query in asked:
                check(store, everything, query, limit, offset)
        finally:
            store.close()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, list[Made]]]:
    store = open_store(tmp_path_factory.mktemp("many") / "s.db")
    with at_now():
        made = fill(store, some_plans(40))
    yield store, made
    store.close()


@settings(max_examples=600, derandomize=True, deadline=None)
@given(query=queries)
def test_many_filters_find_what_memory_finds(
    many: tuple[Store, list[Made]], query: RunQuery
) -> None:
    with at_now():
        check(*many, query, 3, 1)


def check(store: Store, everything: list[Made], query: RunQuery, limit: int, offset: int) -> None:
    ids = expected(everything, query)

    def found(query: RunQuery, *page: int) -> list[str]:
        return [run.info.run_id for run in store.search_runs(query, *page)]

    assert found(query) == ids
    assert found(query, limit, offset) == ids[offset : offset + limit]
    assert store.count_runs(query) == len(ids)
    with contextlib.closing(sqlite3.connect(store.database, isolation_level=None)) as conn:
        walked = store_search.search_keys(conn, store.root, query, limit, offset, walk=True)
    assert walked == store.search_keys(query, limit, offset)
    if query.filter is not None:
        with contextlib.suppress(Unwritable):
            read = parse_filter(written(query.filter), NOW)
            order = parse_order([str(key) for key in query.order_by])
            assert found(dataclasses.replace(query, filter=read, order_by=order)) == ids


# Single points


@pytest.fixture
def wine(store: Store) -> Store:
    """Three runs: alpha 0.5 (rmse 0.8), alpha 0.50 (rmse NaN), alpha auto (no rmse)."""
    for alpha, rmse in (("0.5", 0.8), ("0.50", math.nan), ("auto", None)):
        run = store.create_run("0", f"run {alpha}", params={"alpha": alpha})
        if rmse is not None:
            store.log_batch(run.info.run_id, [Metric("rmse", rmse, NOW)])
    return store


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("params.alpha = 0.5", {"0.5", "0.50"}),
        ("params.alpha = '0.5'", {"0.5"}),
        ("params.alpha != 0.5", {"auto"}),
        ("params.alpha < 1", {"0.5", "0.50"}),
        ("params.alpha not between 1 and 2", {"0.5", "0.50"}),
        ("params.alpha not in ('auto', 3)", {"0.5", "0.50"}),
        ("params.alpha not like '0%'", {"auto"}),
        ("metrics.rmse < 0.9", {"0.5"}),
        ("not metrics.rmse < 0.9", {"0.50", "auto"}),
        ("metrics.rmse != 0.8", {"0.50"}),
        ("metrics.rmse = nan", {"0.50"}),
        ("metrics.rmse != nan", {"0.5"}),
        ("metrics.rmse is null", {"auto"}),
        ("metrics.mae is null", {"0.5", "0.50", "auto"}),
        ("not metrics.mae < 1", {"0.5", "0.50", "auto"}),
        ("run_name like 'RUN%'", set()),
        ("run_name ilike 'RUN%'", {"0.5", "0.50", "auto"}),
        ("AUTO or metrics.rmse < 0.9", {"0.5", "auto"}),
        ("status = 'running' and duration < 1h", {"0.5", "0.50", "auto"}),
        ("start_time > -1h and end_time is null", {"0.5", "0.50", "auto"}),
        ("start_time < -1h", set()),
    ],
)
def test_filter_texts(wine: Store, text: str, names: set[str]) -> None:
    found = wine.search_runs(RunQuery(filter=parse_filter(text)))
    assert {run.info.run_name.removeprefix("run ") for run in found} == names


def test_runs_of_deleted_experiments_are_searched_by_name_only(store: Store) -> None:
    experiment = store.create_experiment("old")
    store.create_run(experiment, "lost")
    store.create_run("0", "kept")
    with sqlite3.connect(store.database) as conn:
        conn.execute("UPDATE experiments SET deleted_at = 1 WHERE name = 'old'")
    conn.close()
    assert [run.info.run_name for run in store.search_runs(RunQuery())] == ["kept"]
    assert [run.info.run_name for run in store.search_runs(RunQuery((experiment,)))] == ["lost"]


def test_an_experiment_id_is_a_number(store: Store) -> None:
    with pytest.raises(NotFound, match="No experiment with id 'wine'"):
        store.search_keys(RunQuery(("wine",)))


@pytest.mark.parametrize(
    "text",
    [
        " or ".join(f"params.p{n} = '{n}'" for n in range(MAX_CONDITIONS)),
        " ".join("x" for _ in range(MAX_CONDITIONS)),
        "a and not (" * MAX_DEPTH
        + "status = 'running' or duration > 1s and params.alpha in ('x', 1)"
        + ")" * MAX_DEPTH,
        f"run_id in ({', '.join(repr(format(n, '032x')) for n in range(MAX_LIST))})",
        f"params.alpha in ({', '.join(map(str, range(MAX_LIST)))})",
        f"params.alpha like '{'%_*[' * 2_500}'",
        f"params.alpha ilike '{'ü' * 10_000}'",
        f'"{"%" * 10_000}"',
    ],
    ids=["conditions", "words", "depth", "ids", "values", "pattern", "unicode", "escapes"],
)
def test_the_largest_filters_run(wine: Store, text: str) -> None:
    query = RunQuery(filter=parse_filter(text))
    assert wine.count_runs(query) == len(wine.search_keys(query))


def test_sort_by_many_keys(wine: Store) -> None:
    order = parse_order([f"params.alpha{'' if n else ' desc'}" for n in range(16)])
    found = wine.search_runs(RunQuery(order_by=order))
    assert [run.data.params["alpha"] for run in found][2:] == ["auto"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dataset.name = 'wine'", ["both", "wine"]),
        ("datasets.name != 'wine'", ["both"]),
        ("not dataset.name = 'wine'", ["neither"]),
        ("dataset.name LIKE 'w%'", ["both", "wine"]),
        ("dataset.name IN ('beer', 'tea')", ["both"]),
        ("dataset.digest = 'd1' and dataset.name = 'beer'", ["both"]),
        ("dataset.context = 'train'", ["both", "wine"]),
        ("dataset.context is null", ["neither"]),
        ("dataset.context ilike '%ä%' or dataset.context ilike '%ai%'", ["both", "wine"]),
        ("dataset.`context` is not null", ["both", "wine"]),
    ],
)
def test_data_sets(store: Store, text: str, expected: list[str]) -> None:
    wine = DatasetInput(
        Dataset("wine", "d1", "local", "{}"), [InputTag("mlflow.data.context", "train")]
    )
    beer = DatasetInput(Dataset("beer", "d2", "local", "{}"))
    for name, inputs in (("neither", []), ("wine", [wine]), ("both", [wine, beer])):
        store.log_inputs(store.create_run("0", name).info.run_id, inputs)
    found = store.search_runs(RunQuery(filter=parse_filter(text)))
    assert sorted(run.info.run_name for run in found) == expected


@pytest.mark.parametrize(
    "text", ["dataset.profile = 'x'", "dataset.name = 5", "dataset. = 'x'", "dataset.name"]
)
def test_mistakes_with_data_sets(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(f"{text} and status = 'FINISHED'")
    with pytest.raises(FilterError, match="several data sets"):
        parse_order("dataset.name")


def test_key_names(store: Store) -> None:
    other = store.create_experiment("other")
    for number in range(3):
        run = store.create_run("0", params={"alpha": str(number)}).info.run_id
        store.log_batch(run, [Metric("rmse", 1.0, NOW)])
    run = store.create_run(other, tags={"team": "x"}).info.run_id
    store.log_batch(run, [Metric("acc", 1.0, NOW)])

    everything = store.key_names()
    assert (everything.metrics, everything.params) == (("acc", "rmse"), ("alpha",))
    assert set(everything.tags) >= {"team", "mlflow.runName"}
    assert store.key_names(("0",)).metrics == ("rmse",)  # most of the store's runs
    assert "team" not in store.key_names(("0",)).tags
    assert store.key_names((other,)).metrics == ("acc",)  # few of them
    assert store.key_names((other,)).params == ()
    assert store.key_names(("0", other)).metrics == ("acc", "rmse")
    assert store.key_names(()).metrics == ()
    assert store.key_names((other,)).keys()[0] == Key(Kind.METRIC, "acc")


@pytest.mark.parametrize("order", ["", "start_time", "metrics.rmse", "params.alpha desc"])
@pytest.mark.parametrize("experiments", [None, ("0",)])
@pytest.mark.parametrize("text", ["", "metrics.rmse < 1 and not params.alpha = 'auto'"])
def test_a_first_page_walks_an_index(
    wine: Store,
    order: str,
    experiments: tuple[str, ...] | None,
    text: str,
) -> None:
    query = RunQuery(experiments, parse_filter(text), parse_order(order))
    conn = sqlite3.connect(wine.database, isolation_level=None)
    statements: list[str] = []
    conn.set_trace_callback(statements.append)
    assert len(store_search.search_keys(conn, wine.root, query, 1, walk=True)) == 1
    conn.set_trace_callback(None)
    pages = [sql for sql in statements if "ORDER BY" in sql]
    assert len(pages) == 1
    steps = [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {pages[0]}")]
    assert "USE TEMP B-TREE FOR ORDER BY" not in steps
    assert steps[0].startswith("SEARCH")
    conn.close()
