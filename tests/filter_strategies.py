"""Random stores, filters and orders, and what a search should find: `evaluate.py`'s answer.

`plans` draws the runs of a store, `some_plans` are always the same, `fill` makes them, `queries`
draws what is asked of them, and `expected` is the answer: ids in order. `written` is a filter's
tree as text, where it has one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import strategies as st

from tuiflow.entities import (
    TAG_DATA_CONTEXT,
    TAG_MODELS,
    TAG_PARENT,
    Dataset,
    DatasetInput,
    InputTag,
    Metric,
    Param,
    Process,
    Run,
    RunStatus,
    RunTag,
    ViewType,
)
from tuiflow.filters import (
    And,
    Arithmetic,
    Between,
    Compare,
    Has,
    In,
    IsNull,
    Key,
    Kind,
    Measure,
    Node,
    Not,
    Op,
    Operand,
    Or,
    OrderKey,
    Relation,
    Stat,
    Text,
)
from tuiflow.filters.evaluate import Value, matches, sort
from tuiflow.filters.literals import number
from tuiflow.filters.tree import DATASET_KEYS, NUMBER_ATTRIBUTES, TEXT_ATTRIBUTES
from tuiflow.filters.values import holds_text
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, this_process
from tuiflow.store import loading as store_loading
from tuiflow.store import runs as store_runs
from tuiflow.store import search as store_search
from tuiflow.store import usage as store_usage

NOW = 1_780_000_000_000

TEXTS = ["", "0.5", "0.50", "1", "10", "-3", "1e3", "inf", "nan", "adam", "Adam", "sgd_x", "50%",
         "a*b?[c]", "ünï", "ÜNÏ", "back\\slash", "two\nlines", "it's", "1_000", " 1",
         "\u212a\u017f"]  # fmt: skip
NUMBERS = [0.0, -0.0, 0.5, 1.0, 2.0, 10.0, -3.0, 1e3, 1e308, math.inf, -math.inf]
NAMES = ["a", "b/c", "d e", "never logged"]
PATTERNS = [
    "%",
    "_",
    "0._",
    "%a%",
    "A%",
    "sgd\\_x",
    "%*%",
    "%[c]",
    "50%%",
    "ÜNÏ",
    "ün_",
    "%\n%",
    "ks",
]

RUN_NAMES = ["wine-1", "Wine-2", "trial_1", "größe"]
STARTS = [NOW, NOW - 1_000, NOW - 1_000, NOW - 86_400_000]
STATUSES = [None, "FINISHED", "FAILED", "KILLED"]
TOOK = [0, 500, 60_000]
DATASETS: list[tuple[tuple[str, str, str | None], ...]] = [
    (),
    (("wine", "d1", "train"),),
    (("wine", "d2", None), ("Digits", "d1", "eval")),
]

PROCESSES = {
    "here": this_process(),
    "gone": Process("elsewhere", 1, 1, "other boot", NOW - 3_600_000),
    "far": Process("elsewhere", 2, 1, "other boot", NOW - 1_000),
}


# What is in a store


@dataclass(frozen=True)
class Plan:
    """A run to be made. `histories` are (step, value) in order of arrival, `parent` is the place of
    an earlier run."""

    experiment: int = 0
    name: str = "run"
    start: int = NOW
    process: str = "here"
    status: str | None = None
    took: int = 0
    deleted: bool = False
    histories: dict[str, tuple[tuple[int, float], ...]] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    datasets: tuple[tuple[str, str, str | None], ...] = ()
    parent: int | None = None
    model: bool = False


@dataclass(frozen=True)
class Made:
    """A run of a store, as it was planned."""

    run: Run
    plan: Plan


histories = st.lists(
    st.tuples(st.integers(-1, 3), st.sampled_from([*NUMBERS, math.nan])), min_size=1, max_size=4
).map(tuple)
plan = st.builds(
    Plan,
    experiment=st.integers(0, 2),
    name=st.sampled_from(RUN_NAMES),
    start=st.sampled_from(STARTS),
    process=st.sampled_from(sorted(PROCESSES)),
    status=st.sampled_from(STATUSES),
    took=st.sampled_from(TOOK),
    deleted=st.sampled_from([False, False, False, True]),
    histories=st.dictionaries(st.sampled_from(NAMES[:3]), histories),
    params=st.dictionaries(st.sampled_from(NAMES[:3]), st.sampled_from(TEXTS)),
    tags=st.dictionaries(st.sampled_from(NAMES[:3]), st.sampled_from(TEXTS)),
    datasets=st.sampled_from(DATASETS),
    parent=st.none() | st.integers(0, 3),
    model=st.booleans(),
)
plans = st.lists(plan, max_size=10)


def some_plans(count: int, seed: int = 0) -> list[Plan]:
    """So many random runs, the same ones each time; most share their keys with others."""
    draw = Random(seed)

    def texts() -> dict[str, str]:
        return {name: draw.choice(TEXTS) for name in NAMES[:3] if draw.random() < 0.7}

    def points() -> tuple[tuple[int, float], ...]:
        size = draw.choice([1, 1, 2, 3, 4])
        return tuple((draw.randint(-1, 3), draw.choice([*NUMBERS, math.nan])) for _ in range(size))

    return [
        Plan(
            experiment=draw.randint(0, 2),
            name=draw.choice(RUN_NAMES),
            start=draw.choice(STARTS),
            process=draw.choice(sorted(PROCESSES)),
            status=draw.choice(STATUSES),
            took=draw.choice(TOOK),
            deleted=draw.random() < 0.2,
            histories={name: points() for name in NAMES[:3] if draw.random() < 0.7},
            params=texts(),
            tags=texts(),
            datasets=draw.choice(DATASETS),
            parent=draw.choice([None, draw.randint(0, count)]),
            model=draw.random() < 0.5,
        )
        for _ in range(count)
    ]


@contextmanager
def at_now(now: int = NOW) -> Iterator[None]:
    """The clock of searches and of what is loaded stands still."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_search, "now_ms", lambda: now)
        patch.setattr(store_loading, "now_ms", lambda: now)
        patch.setattr(store_usage, "now_ms", lambda: now)
        yield


def fill(
    store: Store, plans: Sequence[Plan], experiments: Sequence[str] = ("wine", "Digits")
) -> list[Made]:
    """Make the runs in a new store that gets these experiments, under `at_now`."""
    places = ["0", *map(store.create_experiment, experiments)]
    ids: list[str] = []
    for plan in plans:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store_runs, "this_process", lambda plan=plan: PROCESSES[plan.process])
            run = store.create_run(places[plan.experiment], plan.name, plan.start)
        run_id = run.info.run_id
        tags = dict(plan.tags)
        if plan.parent is not None:
            tags[TAG_PARENT] = ids[plan.parent] if plan.parent < len(ids) else "gone"
        if plan.model:
            tags[TAG_MODELS] = "model"
        ids.append(run_id)
        store.log_batch(
            run_id,
            [
                Metric(key, value, NOW + place, step)
                for key, points in plan.histories.items()
                for place, (step, value) in enumerate(points)
            ],
            [Param(key, value) for key, value in plan.params.items()],
            [RunTag(key, value) for key, value in tags.items()],
        )
        inputs = [
            DatasetInput(
                Dataset(name, digest, "local", "{}"),
                (InputTag(TAG_DATA_CONTEXT, context),) if context else (),
            )
            for name, digest, context in plan.datasets
        ]
        store.log_inputs(run_id, inputs)
        if plan.status:
            store.finish_run(run_id, plan.status, plan.start + plan.took)
        if plan.deleted:
            store.delete_runs([run_id])
    runs = [store.get_run(run_id) for run_id in ids]
    return [Made(run, plan) for run, plan in zip(runs, plans, strict=True)]


# What a query should find


def value_of(made: Made, key: Key | Measure) -> Value | tuple[Value, ...]:
    """What the run has by a key, as it was planned."""
    if isinstance(key, Measure):
        return _measure(made.plan.histories.get(key.name), key.stat)
    if key.kind is Kind.METRIC:
        return _measure(made.plan.histories.get(key.name), Stat.LAST)
    if key.kind is Kind.PARAM:
        return made.plan.params.get(key.name)
    if key.kind is Kind.TAG:
        return made.run.data.tags.get(key.name)
    if key.kind is Kind.DATASET:
        return tuple(data[DATASET_KEYS.index(key.name)] for data in made.plan.datasets)
    return _attribute(made.run, key.name)


def _measure(points: Sequence[tuple[int, float]] | None, stat: Stat) -> float | None:
    if points is None:
        return None
    values = [value for _, value in points if not math.isnan(value)]
    match stat:
        case Stat.COUNT:
            return len(points)
        case Stat.MIN:
            return min(values, default=math.nan)
        case Stat.MAX:
            return max(values, default=math.nan)
        case Stat.FIRST:
            return min(points, key=lambda point: point[0])[1]
        case Stat.LAST:
            return max(reversed(points), key=lambda point: point[0])[1]


def _attribute(run: Run, name: str) -> Value:
    info = run.info
    match name:
        case "status":
            return info.shown_status
        case "parent":
            return run.parent_run_id
        case "experiment":
            return info.experiment_name
        case "duration":
            end = info.end_time
            if end is None:
                assert info.process is not None
                end = info.process.heartbeat if info.stale else NOW
            return end - info.start_time
    value: Value = getattr(info, name)
    return value


def expected(everything: Iterable[Made], query: RunQuery) -> list[str]:
    """Ids of the runs that the query finds, in its order."""
    stages = {
        ViewType.ACTIVE_ONLY: ("active",),
        ViewType.DELETED_ONLY: ("deleted",),
        ViewType.ALL: ("active", "deleted"),
    }[query.view]
    found = [
        made
        for made in everything
        if made.run.info.lifecycle_stage in stages
        and (query.experiment_ids is None or made.run.info.experiment_id in query.experiment_ids)
        and (query.filter is None or passes(made, query.filter))
    ]
    found.sort(key=lambda made: (-made.run.info.start_time, made.run.info.run_id))
    sort(found, query.order_by, _sort_value)
    return [made.run.info.run_id for made in found]


def _sort_value(made: Made, key: Key | Measure) -> Value:
    value = value_of(made, key)
    assert not isinstance(value, tuple)
    return value


def passes(made: Made, node: Node) -> bool:
    """Does the run pass the filter?"""
    data = made.run.data
    return matches(
        node,
        lambda key: value_of(made, key),
        (made.run.info.run_name, *data.params.values(), *data.tags.values()),
        lambda what: made.plan.model,
    )


# Filters and orders

metric_keys = st.builds(Key, st.just(Kind.METRIC), st.sampled_from(NAMES))
measures = st.builds(Measure, metric_keys, st.sampled_from([s for s in Stat if s != Stat.LAST]))
text_keys = st.builds(Key, st.sampled_from([Kind.PARAM, Kind.TAG]), st.sampled_from(NAMES))
text_attributes = st.sampled_from(
    [Key(Kind.ATTRIBUTE, name) for name in TEXT_ATTRIBUTES if name != "status"]
)
number_attributes = st.sampled_from([Key(Kind.ATTRIBUTE, name) for name in NUMBER_ATTRIBUTES])
dataset_keys = st.builds(Key, st.just(Kind.DATASET), st.sampled_from(DATASET_KEYS))
status = st.just(Key(Kind.ATTRIBUTE, "status"))
keys = st.one_of(metric_keys, measures, text_keys, text_attributes, status, number_attributes)
numbers = st.sampled_from(NUMBERS)
counts = st.sampled_from([1.0, 2.0, 3.0])
times = st.sampled_from([0.0, 500.0, 60_000.0, NOW - 1_000.0, float(NOW), NOW + 0.5])
texts = st.sampled_from(TEXTS)
attribute_texts = st.sampled_from(["wine", "Digits", "wine-1", "me", "gone", "d1", "train"])
statuses = st.sampled_from([*(status.value for status in RunStatus), "BLAH"])
ordering = st.sampled_from([Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE])
likes = st.sampled_from([Op.LIKE, Op.ILIKE])


def _conditions(
    keys: st.SearchStrategy[Key] | st.SearchStrategy[Measure] | st.SearchStrategy[Key | Measure],
    values: st.SearchStrategy[float] | st.SearchStrategy[str],
) -> st.SearchStrategy[Node]:
    lists = st.lists(values, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Compare, keys, ordering, values),
        st.builds(In, keys, lists, st.booleans()),
        st.builds(Between, keys, values, values),
        st.builds(IsNull, keys, st.booleans()),
    )


number_keys = st.one_of(metric_keys, measures, text_keys, number_attributes)
operands: st.SearchStrategy[Operand] = st.recursive(
    number_keys | st.sampled_from([0.0, 1.0, 2.0, -3.0, math.inf]),
    lambda inner: st.builds(Arithmetic, st.sampled_from("+-*/"), inner, inner),
    max_leaves=4,
)


def _has_key(operand: Operand) -> bool:
    match operand:
        case Arithmetic(_, left, right):
            return _has_key(left) or _has_key(right)
        case Key() | Measure():
            return True
    return False


computed = operands.filter(lambda item: isinstance(item, Arithmetic) and _has_key(item))
relations = st.one_of(
    st.builds(Relation, computed, ordering, computed | number_keys | numbers),
    st.builds(Relation, number_keys | numbers, ordering, computed),
    st.builds(Relation, number_keys, ordering, number_keys),
    st.builds(Relation, computed, st.just(Op.NE), st.just(math.nan)),  # IS NOT NULL
)
leaves: st.SearchStrategy[Node] = st.one_of(
    _conditions(metric_keys | measures, numbers),
    _conditions(measures, counts),
    st.builds(Compare, metric_keys | measures, st.sampled_from([Op.EQ, Op.NE]), st.just(math.nan)),
    relations,
    _conditions(text_keys, numbers),
    _conditions(text_keys, texts),
    st.builds(In, text_keys, st.lists(numbers | texts, min_size=1, max_size=4).map(tuple)),
    st.builds(Compare, text_keys, likes, st.sampled_from(PATTERNS)),
    _conditions(number_attributes, times),
    _conditions(text_attributes | dataset_keys, attribute_texts),
    _conditions(status, statuses),
    st.builds(
        Compare,
        text_attributes | dataset_keys | status,
        likes,
        st.sampled_from(["%I%", "w%", "Wine-_", "%\u00f6%", "RUN%", "%a%"]),
    ),
    st.builds(
        Text, st.sampled_from(["wine", "ADAM", "%", "_", "Ü", "\\", "two", "nowhere", "k", "S"])
    ),
    st.just(Has("model")),
)
filters: st.SearchStrategy[Node] = st.recursive(
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
    filters,
    orders,
    st.sampled_from(list(ViewType)),
)


# Filters as text


class Unwritable(ValueError):
    """There is no text for this tree: it compares texts that read as numbers by `<`."""


def written(node: Node) -> str:
    """A text that means the same as the tree. Raises Unwritable."""
    match node:
        case And(parts):
            return f"({' AND '.join(map(written, parts))})"
        case Or(parts):
            return f"({' or '.join(map(written, parts))})"
        case Not(part):
            return f"not {written(part)}"
        case Text(text):
            return _quoted(text)
        case Has(what):
            return f"has:{what}"
        case Relation(left, Op.NE, float(right)) if math.isnan(right):
            return f"{_operand(left)} IS NOT NULL"
        case Relation(left, op, right):
            return f"{_operand(left)} {op.value} {_operand(right)}"
        case IsNull(key, negated):
            return f"{key} IS {'NOT ' if negated else ''}NULL"
        case In(key, values, negated):
            items = ", ".join(_value(key, value) for value in values)
            return f"{key} {'NOT ' if negated else ''}IN ({items})"
        case Between(key, low, high):
            return f"{key} BETWEEN {_ordered(key, low)} AND {_ordered(key, high)}"
        case Compare(key, op, value):
            plain = op in (Op.EQ, Op.NE, Op.LIKE, Op.ILIKE)
            return f"{key} {op.value} {_value(key, value) if plain else _ordered(key, value)}"


def _operand(operand: Operand) -> str:
    match operand:
        case Arithmetic(op, left, right):
            return f"({_operand(left)} {op} {_operand(right)})"
        case Key() | Measure():
            return str(operand)
    return repr(operand)


def _ordered(key: Key | Measure, value: float | str) -> str:
    if isinstance(value, str) and number(value) is not None:
        raise Unwritable(value)
    return _value(key, value)


def _value(key: Key | Measure, value: float | str) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if key.name == "duration" and key.kind is Kind.ATTRIBUTE:
        return f"{value:.1f}ms"
    assert not holds_text(key) or key.kind in (Kind.PARAM, Kind.TAG)
    return repr(value)


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
