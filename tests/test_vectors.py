"""Columns answer what SQL answers: the same runs in the same order, groups and sums."""

from __future__ import annotations

import contextlib
import math
import random
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest
from filter_strategies import NAMES, NOW, Made, Plan, at_now, expected, fill, plans, queries
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiflow.entities import Metric, Param
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.filters import (
    Key,
    Kind,
    Measure,
    OrderKey,
    Stat,
    parse_filter,
    parse_order,
)
from tuiflow.filters.tree import ATTRIBUTES, Node
from tuiflow.filters.writing import condition
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, groups, open_store, run_columns, searches, walk
from tuiflow.store.columns import columns as store_columns
from tuiflow.store.columns import view as store_view
from tuiflow.store.groups import Group, Grouping, Spread, Summary
from tuiflow.store.run_table import RunTable
from tuiflow.store.vectors import find, first, names, order, source
from tuiflow.store.vectors.source import Source


@contextmanager
def store_of(plans: list[Plan]) -> Iterator[tuple[Store, list[Made]]]:
    with tempfile.TemporaryDirectory() as folder, at_now(), pytest.MonkeyPatch.context() as patch:
        for module in (store_columns, run_columns):
            patch.setattr(module, "now_ms", lambda: NOW)
        store = open_store(Path(folder) / "s.db")
        try:
            yield store, fill(store, plans)
        finally:
            store.close()


@contextmanager
def by_columns(many_texts: bool = False) -> Iterator[None]:
    """As if every store were a large one, perhaps with more texts than columns are for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searches, "LARGE", 0)
        patch.setattr(first, "_FEW", 0)
        patch.setattr(first, "LOOKED_UP", 0)
        patch.setattr(find, "_PART", 0)
        if many_texts:
            patch.setattr(source, "_MANY_TEXTS", -1)
            patch.setattr(source, "_FEW", 0)
            patch.setattr(source, "_TELLING", 1)
        yield


# Whatever is asked, of whatever runs


@settings(max_examples=30, derandomize=True, deadline=None)
@given(
    plans,
    st.lists(queries, min_size=12, max_size=12),
    st.integers(0, 5),
    st.integers(0, 5),
    st.booleans(),
)
def test_columns_find_what_memory_and_sql_find(
    plans: list[Plan], asked: list[RunQuery], limit: int, offset: int, many_texts: bool
) -> None:
    with store_of(plans) as (store, everything):
        for query in asked:
            keys = store.search_keys(query)
            with by_columns(many_texts):
                assert store.search_keys(query) == keys
                assert store.search_keys(query, limit, offset) == keys[offset:][:limit]
                for count in range(5):
                    assert store.search_keys(query, count) == keys[:count]
                assert store.count_runs(query) == len(keys)
            assert [run.info.run_id for run in store.load_runs(keys)] == expected(everything, query)


KEYS = [
    *(Key(Kind.METRIC, name) for name in NAMES),
    *(Measure(Key(Kind.METRIC, name), stat) for name in NAMES[:2] for stat in Stat),
    *(Key(kind, name) for kind in (Kind.PARAM, Kind.TAG) for name in NAMES),
    *(Key(Kind.ATTRIBUTE, name) for name in ATTRIBUTES),
]
keys = st.sampled_from(KEYS)


@settings(max_examples=30, derandomize=True, deadline=None)
@given(plans, st.lists(queries, min_size=3, max_size=3))
def test_columns_hold_what_rows_hold(plans: list[Plan], asked: list[RunQuery]) -> None:
    with store_of(plans) as (store, _):
        for query in asked:
            rows, columns = store.run_columns(query, KEYS)
            with by_columns():
                found_rows, found = store.run_columns(query, KEYS)
            assert found_rows == rows
            for key, one, other in zip(KEYS, found, columns, strict=True):
                assert repr_of(one) == repr_of(other), key


@settings(max_examples=20, derandomize=True, deadline=None)
@given(plans, st.lists(queries, min_size=4, max_size=4), st.booleans())
def test_a_table_of_columns_is_that_of_entities(
    plans: list[Plan], asked: list[RunQuery], many_texts: bool
) -> None:
    with store_of(plans) as (store, _):
        for query in asked:
            of_runs = columns_of(store.run_table(query))
            with by_columns(many_texts):
                assert columns_of(store.run_table(query)) == of_runs


def columns_of(table: RunTable) -> list[tuple[str, list[str]]]:
    columns: list[tuple[str, Sequence]] = []
    for item in fields(table):
        column = getattr(table, item.name)
        columns += column.items() if isinstance(column, dict) else [(item.name, column)]
    return [(name, repr_of(list(column))) for name, column in columns]


def repr_of(values: list[float | str | None]) -> list[str]:
    """Equal for equal values, NaN included."""
    return [repr(float(v) if isinstance(v, int | float) else v) for v in values]


@settings(max_examples=30, derandomize=True, deadline=None)
@given(
    plans,
    st.lists(queries, min_size=3, max_size=3),
    st.lists(keys, min_size=3, max_size=3),
    st.booleans(),
)
def test_columns_sum_up_what_rows_sum_up(
    plans: list[Plan], asked: list[RunQuery], of: list[Key | Measure], many_texts: bool
) -> None:
    measures = [KEYS[0], KEYS[4], Key(Kind.PARAM, "a"), Key(Kind.ATTRIBUTE, "duration")]

    def answers(store: Store, query: RunQuery, key: Key | Measure) -> list[object]:
        found: list[object] = [store.summarize(query, key)]
        if isinstance(key, Key):
            found.append(store.column_summary(query, key))
            if key.name not in ("run_id", "artifact_uri"):
                found.append(store.group_runs(query, key, measures))
        return [rounded(answer) for answer in found]

    with store_of(plans) as (store, _):
        for query, key in zip(asked, of, strict=True):
            by_rows = answers(store, query, key)
            with by_columns(many_texts):
                assert answers(store, query, key) == by_rows


def rounded(value: object) -> object:
    """What can be compared with ==, and is equal where numbers are but for their last digits."""
    if is_dataclass(value) and not isinstance(value, type):
        return [rounded(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, tuple):
        return [rounded(item) for item in value]
    if isinstance(value, int | float):
        return f"{value + 0.0:.9g}"
    return value


# Names and values in use


@settings(max_examples=15, derandomize=True, deadline=None)
@given(plans, keys, st.booleans(), st.booleans())
def test_columns_know_the_keys_and_values_in_use(
    plans: list[Plan], key: Key | Measure, many_texts: bool, sampled: bool
) -> None:
    with store_of(plans) as (store, _), pytest.MonkeyPatch.context() as patch:
        if not sampled:
            patch.setattr(names, "_SAMPLE", 1)
            patch.setattr(names, "_LOOKED_AT", 1)
        for experiments in (("0",), ("1",), ("0", "2")):
            by_rows = store.key_names(experiments)
            with by_columns():
                assert store.key_names(experiments) == by_rows
        if isinstance(key, Key):
            counted = store.value_counts(key, limit=3)
            with by_columns(many_texts):
                assert store.value_counts(key, limit=3) == counted


# Sorting numbers of all sizes


class Numbers:
    """Columns of numbers, as much of a View as sorting needs."""

    has_newest = True

    def __init__(self, *columns: list[float]) -> None:
        self.size = len(columns[0])
        self.newest = np.arange(self.size, dtype=np.int32)[::-1]
        self._columns = [np.array(column) for column in columns]

    def numbers(self, key: Key) -> store_view.Numbers:
        values = self._columns[int(key.name)]
        return store_view.Numbers(values, np.ones(self.size, np.bool_))


def floats(kind: str, count: int, seed: int) -> list[float]:
    rng = random.Random(seed)
    base = rng.uniform(-1, 1)
    make = {
        "uniform": lambda: rng.uniform(-1e6, 1e6),
        "times": lambda: float(1_780_000_000_000 + rng.randrange(10**9)),
        "few": lambda: rng.choice([0.0, -0.0, 0.1, -0.1, math.inf, -math.inf, math.nan, 1e-320]),
        "close": lambda: base + rng.randrange(4000) * 2.0**-52,
        "clusters": lambda: rng.choice([-1e300, 1e-300, 3.0]) * (1 + rng.randrange(9) * 2.0**-52),
        "any": lambda: struct.unpack("d", rng.randbytes(8))[0],
    }[kind]
    return [make() for _ in range(count)]


@pytest.mark.parametrize(
    "kinds",
    [
        *((kind, "any") for kind in ("uniform", "times", "few", "close", "clusters", "any")),
        ("few", "few"),
        ("few", "clusters"),
    ],
)
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sample", [1, 64, 3000])
def test_numbers_of_all_sizes_are_sorted(
    monkeypatch: pytest.MonkeyPatch, kinds: tuple[str, str], descending: bool, sample: int
) -> None:
    columns = [floats(kinds[0], 3000, 1), floats(kinds[1], 3000, 2)]
    by = [OrderKey(Key(Kind.METRIC, str(n)), descending) for n in range(2)]
    sign = -1 if descending else 1

    def place(row: int) -> list[float]:
        values = [column[row] for column in columns]
        return [x for v in values for x in ((1, 0) if math.isnan(v) else (0, sign * v))] + [-row]

    places = sorted(range(3000), key=place)
    made = Source(Numbers(*columns))  # type: ignore[arg-type]
    monkeypatch.setattr(first, "_FEW", 100)
    monkeypatch.setattr(first, "_SAMPLE", sample)
    assert list(order.in_order(made, np.arange(3000), by)) == places
    for count in (1, 10, 300, 2999):
        assert list(first.first(made, np.ones(3000, np.bool_), by, count)) == places[:count]


# Single points


def test_means_of_what_no_sum_can_hold(store: Store) -> None:
    for group, value in (
        ("a", 1e308),
        ("a", 1.6e308),
        ("b", -1.5e308),
        ("b", -1.5e308),
        ("c", 1.0),
    ):
        run_id = store.create_run("0", group).info.run_id
        store.log_batch(run_id, [Metric("loss", value, 1)], [Param("group", group)])
    loss, group_key = Key(Kind.METRIC, "loss"), Key(Kind.PARAM, "group")

    def means() -> list[float | None]:
        found = [store.summarize(RunQuery(), loss).spread]
        for one in store.group_runs(RunQuery(), group_key, [loss]).groups:
            found += one.spreads
        return [spread and spread.mean for spread in found]

    expected = pytest.approx([-8e306, 1.3e308, -1.5e308, 1.0])
    assert means() == expected
    with by_columns():
        assert means() == expected


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_numbers_of_both_signs_come_before_texts(store: Store, direction: str) -> None:
    texts = ["", "10", "auto", "-3", "-inf", "inf", "1e-300", "nan"]
    for text in texts:
        run_id = store.create_run("0", text or "empty").info.run_id
        store.log_batch(run_id, params=[Param("size", text)])
    query = RunQuery(order_by=parse_order(f"params.size {direction}"))
    expected = store.search_keys(query)
    with by_columns():
        assert store.search_keys(query) == expected


def test_what_can_not_be_asked(store: Store) -> None:
    store.create_run("0", "a")
    with by_columns():
        with pytest.raises(NotFound, match="No experiment with id 'wine'"):
            store.search_keys(RunQuery(("wine",)))
        for key in ("run_id", "artifact_uri"):
            with pytest.raises(InvalidInput, match="no two have the same"):
                store.group_runs(RunQuery(), Key(Kind.ATTRIBUTE, key))
        with pytest.raises(InvalidInput, match="several"):
            store.group_runs(RunQuery(), Key(Kind.DATASET, "name"))
        with pytest.raises(InvalidInput, match="no number"):
            store.group_runs(RunQuery(), Key(Kind.METRIC, "a"), [Key(Kind.ATTRIBUTE, "run_name")])


def of_group(found: Grouping, group: Group) -> Node | None:
    """The filter that the app narrows to when a group is opened."""
    return parse_filter(condition(found.key, group.value))


@pytest.mark.parametrize("large", [False, True])
def test_groups(store: Store, large: bool) -> None:
    made = (("0.5", 2.0), ("0.50", 1.0), ("auto", math.nan), ("auto", None))
    for number, (alpha, rmse) in enumerate(made):
        run = store.create_run("0", None, NOW + number, params={"alpha": alpha}).info.run_id
        if rmse is not None:
            store.log_batch(run, [Metric("rmse", rmse, NOW)])
    store.create_run("0", None, NOW + 10)
    rmse = Key(Kind.METRIC, "rmse")
    with by_columns() if large else contextlib.nullcontext():
        found = store.group_runs(RunQuery(), Key(Kind.PARAM, "alpha"), [rmse])
        assert found.groups == (
            Group(0.5, 2, (Spread(2, 1.5, 1.0, 2.0),)),
            Group("auto", 2, (None,)),
            Group(None, 1, (None,)),
        )
        for group in found.groups:
            assert store.count_runs(RunQuery(filter=of_group(found, group))) == group.runs
        keys = store.search_keys(RunQuery())
        assert store.summarize(RunQuery(), rmse) == Summary(
            5, Spread(2, 1.5, 1.0, 2.0), 1.5, lowest=keys[3], highest=keys[4]
        )
        by_metric = store.group_runs(RunQuery(), rmse)
        assert [group.runs for group in by_metric.groups] == [1, 1, 1, 2]
        for group in by_metric.groups:
            assert store.count_runs(RunQuery(filter=of_group(by_metric, group))) == group.runs


@pytest.mark.parametrize("large", [False, True])
def test_of_too_many_groups_the_largest_are_listed(
    store: Store, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    monkeypatch.setattr(groups, "MOST_GROUPS", 2)
    for alpha in "abbccc":
        store.create_run("0", params={"alpha": alpha})
    with by_columns() if large else contextlib.nullcontext():
        found = store.group_runs(RunQuery(), Key(Kind.PARAM, "alpha"))
    assert [(group.value, group.runs) for group in found.groups] == [("b", 2), ("c", 3)]
    assert found.distinct == 3


def test_a_page_that_takes_too_long_along_an_index_comes_from_columns(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        run = store.create_run("0", params={"n": str(number % 7)}).info.run_id
        store.log_batch(run, [Metric("m", float(number % 5), NOW)])
    query = RunQuery(None, parse_filter("params.n > 5"), parse_order("metrics.m"))
    expected = store.search_keys(query)
    monkeypatch.setattr(searches, "LARGE", 100)
    monkeypatch.setattr(walk, "_STEPS", 10)
    for seconds in (60.0, -1.0):
        for name in ("_LEAST_WALK", "_MOST_WALK", "_COLD_WALK"):
            monkeypatch.setattr(searches, name, seconds)
        assert store.search_keys(query, 20) == expected[:20]
        assert ("columns" in vars(store)) is (seconds < 0)
    assert store.search_keys(query) == expected


@pytest.mark.parametrize(
    "text", ["", "params.n > 2", "status = 'FINISHED'", "duration >= 0s and metrics.m < 4"]
)
def test_pages_far_down_follow_what_changes(
    store: Store, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    ids = [store.create_run("0", None, NOW + n, params={"n": str(n)}).info.run_id for n in range(9)]
    for number, run_id in enumerate(ids):
        store.log_batch(run_id, [Metric("m", float(number % 3), NOW)])
        store.finish_run(run_id, "FINISHED", NOW + number)
    query = RunQuery(None, parse_filter(text), parse_order("metrics.m desc"))
    monkeypatch.setattr(searches, "_DEEP", 1)
    for change in range(4):
        keys = store.search_keys(query)
        with by_columns():
            for _ in range(2):
                assert store.search_keys(query, 2, 1) == keys[1:3]
                assert store.search_keys(query, 20, 4) == keys[4:]
        store.log_batch(ids[change], [Metric("m", 3.0 + change, NOW + 1, 1)])
        if change == 2:
            store.delete_runs([ids[5]])


@pytest.mark.parametrize(
    "text", ["params.unit ILIKE 'k%'", "params.unit ILIKE 'ſ'", "run_name ilike 's'"]
)
def test_signs_that_only_look_like_letters(store: Store, text: str) -> None:
    for number, unit in enumerate(("k", "K", "\u212a", "s", "ſ")):  # KELVIN SIGN, LONG S
        store.create_run("0", unit, NOW + number, params={"unit": unit})
    query = RunQuery(None, parse_filter(text))
    found = store.search_keys(query)
    with by_columns():
        assert store.search_keys(query) == found
