"""Searching a store gives what an obvious evaluation of the same runs in memory gives."""

from __future__ import annotations

import math
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    Metric,
    Param,
    Process,
    Run,
    RunTag,
    ViewType,
)
from tuiflow.errors import FilterError, NotFound
from tuiflow.filters import (
    And,
    Between,
    Compare,
    In,
    IsNull,
    Key,
    Kind,
    Node,
    Not,
    Op,
    Or,
    OrderKey,
    Text,
    parse_filter,
    parse_order,
)
from tuiflow.filters.conditions import MAX_CONDITIONS, MAX_LIST
from tuiflow.filters.operands import MAX_DEPTH
from tuiflow.filters.tree import NUMBER_ATTRIBUTES, TEXT_ATTRIBUTES
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, open_store, this_process
from tuiflow.store import loading as store_loading
from tuiflow.store import runs as store_runs
from tuiflow.store import search as store_search

NOW = 1_780_000_000_000

TEXTS = ["", "0.5", "0.50", "1", "10", "-3", "1e3", "inf", "nan", "adam", "Adam", "sgd_x", "50%",
         "a*b?[c]", "ünï", "ÜNÏ", "back\\slash", "two\nlines"]  # fmt: skip
READ_AS = {"0.5": 0.5, "0.50": 0.5, "1": 1.0, "10": 10.0, "-3": -3.0, "1e3": 1e3, "inf": math.inf}
NUMBERS = [0.0, 0.5, 1.0, 10.0, -3.0, 1e3, math.inf, -math.inf]
NAMES = ["a", "b/c", "d e", "never logged"]
PATTERNS = ["%", "_", "0._", "%a%", "A%", "sgd\\_x", "%*%", "%[c]", "50%%", "ÜNÏ", "ün_", "%\n%"]

PROCESSES = {
    "here": this_process(),
    "gone": Process("elsewhere", 1, 1, "other boot", NOW - 3_600_000),
    "far": Process("elsewhere", 2, 1, "other boot", NOW - 1_000),
}


# What is in a store


@contextmanager
def at_now() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_search, "now_ms", lambda: NOW)
        patch.setattr(store_loading, "now_ms", lambda: NOW)
        yield


@st.composite
def run_plans(draw: st.DrawFn) -> dict[str, object]:
    return {
        "experiment": draw(st.integers(0, 2)),
        "name": draw(st.sampled_from(["wine-1", "Wine-2", "trial_1", "größe"])),
        "start": NOW - draw(st.sampled_from([0, 1_000, 1_000, 86_400_000])),
        "process": draw(st.sampled_from(sorted(PROCESSES))),
        "status": draw(st.sampled_from([None, "FINISHED", "FAILED", "KILLED"])),
        "took": draw(st.sampled_from([0, 500, 60_000])),
        "deleted": draw(st.sampled_from([False, False, False, True])),
        "metrics": draw(
            st.dictionaries(st.sampled_from(NAMES[:3]), st.sampled_from([*NUMBERS, math.nan]))
        ),
        "params": draw(st.dictionaries(st.sampled_from(NAMES[:3]), st.sampled_from(TEXTS))),
        "tags": draw(st.dictionaries(st.sampled_from(NAMES[:3]), st.sampled_from(TEXTS))),
    }


def fill(store: Store, plans: list[dict]) -> None:
    experiments = ["0", store.create_experiment("wine"), store.create_experiment("Digits")]
    for plan in plans:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store_runs, "this_process", lambda plan=plan: PROCESSES[plan["process"]])
            run = store.create_run(experiments[plan["experiment"]], plan["name"], plan["start"])
        run_id = run.info.run_id
        store.log_batch(
            run_id,
            [Metric(key, value, NOW) for key, value in plan["metrics"].items()],
            [Param(key, value) for key, value in plan["params"].items()],
            [RunTag(key, value) for key, value in plan["tags"].items()],
        )
        if plan["status"]:
            store.finish_run(run_id, plan["status"], plan["start"] + plan["took"])
        if plan["deleted"]:
            store.delete_runs([run_id])


# What a filter and an order mean


def value_of(run: Run, key: Key) -> float | str | None:
    info = run.info
    if key.kind is Kind.METRIC:
        return run.data.metrics.get(key.name)
    if key.kind is Kind.PARAM:
        return run.data.params.get(key.name)
    if key.kind is Kind.TAG:
        return run.data.tags.get(key.name)
    if key.name == "status":
        return info.shown_status
    if key.name == "parent":
        return run.parent_run_id
    if key.name == "experiment":
        return info.experiment_name
    if key.name == "duration":
        end = info.end_time
        if end is None:
            assert info.process is not None
            end = info.process.heartbeat if info.stale else NOW
        return end - info.start_time
    return getattr(info, key.name)


def like(text: str, pattern: str, flags: re.RegexFlag = re.NOFLAG) -> bool:
    parts = (".*" if char == "%" else "." if char == "_" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), text, flags | re.DOTALL) is not None


COMPARE: dict[Op, Callable] = {
    Op.EQ: lambda a, b: a == b,
    Op.NE: lambda a, b: a != b,
    Op.LT: lambda a, b: a < b,
    Op.LE: lambda a, b: a <= b,
    Op.GT: lambda a, b: a > b,
    Op.GE: lambda a, b: a >= b,
    Op.LIKE: like,
    Op.ILIKE: lambda a, b: like(a, b, re.IGNORECASE),
}


def compares(value: float | str | None, op: Op, other: float | str) -> bool:
    if value is None:
        return False
    if isinstance(other, float) and math.isnan(other):
        assert isinstance(value, float)
        return math.isnan(value) is (op is Op.EQ)
    if isinstance(value, str) and not isinstance(other, str):
        if value not in READ_AS:
            return op is Op.NE
        value = READ_AS[value]
    return COMPARE[op](value, other)


def passes(run: Run, node: Node) -> bool:
    match node:
        case And(parts):
            return all(passes(run, part) for part in parts)
        case Or(parts):
            return any(passes(run, part) for part in parts)
        case Not(part):
            return not passes(run, part)
        case Text(text):
            places = [run.info.run_name, *run.data.params.values(), *run.data.tags.values()]
            return any(text.lower() in place.lower() for place in places)
        case IsNull(key, negated):
            return (value_of(run, key) is None) is not negated
        case Between(key, low, high):
            value = value_of(run, key)
            return compares(value, Op.GE, low) and compares(value, Op.LE, high)
        case In(key, values, negated):
            value = value_of(run, key)
            found = any(compares(value, Op.EQ, other) for other in values)
            return value is not None and found is not negated
        case Compare(key, op, other):
            return compares(value_of(run, key), op, other)


def in_order(runs: list[Run], order: tuple[OrderKey, ...]) -> list[Run]:
    runs = sorted(runs, key=lambda run: (-run.info.start_time, run.info.run_id))
    for key in reversed(order):
        numbers, others, missing = [], [], []
        for run in runs:
            value = value_of(run, key.key)
            if key.key.kind in (Kind.PARAM, Kind.TAG):
                value = READ_AS.get(value, value)
            if value is None:
                missing.append(run)
            elif isinstance(value, str) or math.isnan(value):
                others.append(("" if isinstance(value, float) else value, run))
            else:
                numbers.append((value, run))
        for group in (numbers, others):
            group.sort(key=lambda pair: pair[0], reverse=key.descending)
        runs = [run for _, run in numbers] + [run for _, run in others] + missing
    return runs


# Filters and orders

metric_keys = st.builds(Key, st.just(Kind.METRIC), st.sampled_from(NAMES))
text_keys = st.builds(Key, st.sampled_from([Kind.PARAM, Kind.TAG]), st.sampled_from(NAMES))
text_attributes = st.sampled_from([Key(Kind.ATTRIBUTE, name) for name in TEXT_ATTRIBUTES])
number_attributes = st.sampled_from([Key(Kind.ATTRIBUTE, name) for name in NUMBER_ATTRIBUTES])
keys = st.one_of(metric_keys, text_keys, text_attributes, number_attributes)
numbers = st.sampled_from(NUMBERS)
times = st.sampled_from([0.0, 500.0, 60_000.0, NOW - 1_000.0, float(NOW), NOW + 0.5])
texts = st.sampled_from(TEXTS)
attribute_texts = st.sampled_from(
    ["wine", "Digits", "wine-1", "RUNNING", "STALE", "FINISHED", "FAILED", "BLAH", "me"]
)
ordering = st.sampled_from([Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE])
likes = st.sampled_from([Op.LIKE, Op.ILIKE])


def conditions(
    keys: st.SearchStrategy[Key], values: st.SearchStrategy[float] | st.SearchStrategy[str]
) -> st.SearchStrategy[Node]:
    lists = st.lists(values, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Compare, keys, ordering, values),
        st.builds(In, keys, lists, st.booleans()),
        st.builds(Between, keys, values, values),
        st.builds(IsNull, keys, st.booleans()),
    )


leaves = st.one_of(
    conditions(metric_keys, numbers),
    st.builds(Compare, metric_keys, st.sampled_from([Op.EQ, Op.NE]), st.just(math.nan)),
    conditions(text_keys, numbers),
    conditions(text_keys, texts),
    st.builds(In, text_keys, st.lists(numbers | texts, min_size=1, max_size=4).map(tuple)),
    st.builds(Compare, text_keys, likes, st.sampled_from(PATTERNS)),
    conditions(number_attributes, times),
    conditions(text_attributes, attribute_texts),
    st.builds(
        Compare, text_attributes, likes, st.sampled_from(["%I%", "w%", "Wine-_", "%\u00f6%"])
    ),
    st.builds(Text, st.sampled_from(["wine", "ADAM", "%", "_", "Ü", "\\", "two", "nowhere"])),
)
filters = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=5,
)
orders = st.lists(st.builds(OrderKey, keys, st.booleans()), max_size=3).map(tuple)
queries = st.builds(
    RunQuery,
    st.sampled_from([None, None, ("0",), ("1", "2"), ("2", "77"), ()]),
    st.none() | filters,
    orders,
    st.sampled_from(list(ViewType)),
)


@settings(max_examples=30, derandomize=True, deadline=None)
@given(
    st.lists(run_plans(), max_size=10),
    st.lists(queries, min_size=12, max_size=12),
    st.booleans(),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_a_store_finds_what_memory_finds(
    plans: list[dict], asked: list[RunQuery], walk: bool, limit: int, offset: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, at_now(), pytest.MonkeyPatch.context() as patch:
        if walk:
            patch.setattr(store_search, "_SORTED_AT_ONCE", 1)
        store = open_store(Path(folder) / "s.db")
        try:
            fill(store, plans)
            everything = store.search_runs(RunQuery(view=ViewType.ALL))
            assert len(everything) == len(plans)
            for query in asked:
                check(store, everything, query, limit, offset)
        finally:
            store.close()


def check(store: Store, everything: list[Run], query: RunQuery, limit: int, offset: int) -> None:
    stages = {
        ViewType.ACTIVE_ONLY: ("active",),
        ViewType.DELETED_ONLY: ("deleted",),
        ViewType.ALL: ("active", "deleted"),
    }[query.view]
    expected = [
        run
        for run in everything
        if run.info.lifecycle_stage in stages
        and (query.experiment_ids is None or run.info.experiment_id in query.experiment_ids)
        and (query.filter is None or passes(run, query.filter))
    ]
    expected = in_order(expected, query.order_by)

    def ids(runs: list[Run]) -> list[str]:
        return [run.info.run_id for run in runs]

    assert ids(store.search_runs(query)) == ids(expected)
    assert ids(store.search_runs(query, limit, offset)) == ids(expected[offset : offset + limit])
    assert store.count_runs(query) == len(expected)


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
    monkeypatch: pytest.MonkeyPatch,
    order: str,
    experiments: tuple[str, ...] | None,
    text: str,
) -> None:
    monkeypatch.setattr(store_search, "_SORTED_AT_ONCE", 1)
    query = RunQuery(experiments, parse_filter(text), parse_order(order))
    conn = sqlite3.connect(wine.database, isolation_level=None)
    statements: list[str] = []
    conn.set_trace_callback(statements.append)
    assert len(store_search.search_keys(conn, wine.root, query, 1)) == 1
    conn.set_trace_callback(None)
    pages = [sql for sql in statements if "ORDER BY" in sql]
    assert len(pages) == 1
    steps = [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {pages[0]}")]
    assert "USE TEMP B-TREE FOR ORDER BY" not in steps
    assert steps[0].startswith("SEARCH")
    conn.close()
