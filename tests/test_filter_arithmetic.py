"""Computed numbers, functions of metrics, has: and ! in filters: what they mean, and mistakes."""

from __future__ import annotations

import math

import pytest
from filter_strategies import NOW, Plan, at_now, expected, fill, some_plans

from tuiflow.entities import ViewType
from tuiflow.errors import FilterError
from tuiflow.filters import (
    ATTRIBUTES,
    MODEL_VERSIONS,
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
    Or,
    OrderKey,
    Relation,
    Stat,
    Text,
    keys_of,
    parse_filter,
    parse_order,
)
from tuiflow.filters.conditions import MAX_CONDITIONS
from tuiflow.filters.operands import MAX_DEPTH, MAX_STEPS
from tuiflow.protocols import RunQuery
from tuiflow.store import Store
from tuiflow.store.views import View, from_json, to_json

LOSS, VAL = Key(Kind.METRIC, "loss"), Key(Kind.METRIC, "val_loss")
ALPHA, N = Key(Kind.PARAM, "alpha"), Key(Kind.TAG, "n")
START, END, TOOK = (Key(Kind.ATTRIBUTE, name) for name in ("start_time", "end_time", "duration"))
LOWEST, POINTS = Measure(LOSS, Stat.MIN), Measure(LOSS, Stat.COUNT)
KNOWN = (LOSS, VAL, ALPHA, Key(Kind.METRIC, "a/b"))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("metrics.val_loss < metrics.loss", Relation(VAL, Op.LT, LOSS)),
        (
            "metrics.val_loss < metrics.loss * 1.2",
            Relation(VAL, Op.LT, Arithmetic("*", LOSS, 1.2)),
        ),
        (
            "metrics.val_loss - metrics.loss * 2 > 1",
            Relation(Arithmetic("-", VAL, Arithmetic("*", LOSS, 2.0)), Op.GT, 1.0),
        ),
        (
            "(metrics.val_loss - metrics.loss) * 2 > 1",
            Relation(Arithmetic("*", Arithmetic("-", VAL, LOSS), 2.0), Op.GT, 1.0),
        ),
        (
            "metrics.loss - 1 - 2 = 0",
            Relation(Arithmetic("-", Arithmetic("-", LOSS, 1.0), 2.0), Op.EQ, 0.0),
        ),
        (
            "metrics.loss / params.alpha >= tags.n",
            Relation(Arithmetic("/", LOSS, ALPHA), Op.GE, N),
        ),
        ("-metrics.loss < 1", Relation(Arithmetic("*", -1.0, LOSS), Op.LT, 1.0)),
        ("- metrics.loss < 1", Relation(Arithmetic("*", -1.0, LOSS), Op.LT, 1.0)),
        ("-(metrics.loss) < -1", Relation(Arithmetic("*", -1.0, LOSS), Op.LT, -1.0)),
        ("-min(metrics.loss) < 1", Relation(Arithmetic("*", -1.0, LOWEST), Op.LT, 1.0)),
        ("+metrics.loss < 1", Compare(LOSS, Op.LT, 1.0)),
        ("metrics.loss < 2 * (3 - 1) / 4", Compare(LOSS, Op.LT, 1.0)),
        ("params.alpha != 1 + 1", Compare(ALPHA, Op.NE, 2.0)),
        ("0.5 < metrics.loss", Compare(LOSS, Op.GT, 0.5)),
        ("1 = params.alpha", Compare(ALPHA, Op.EQ, 1.0)),
        ("(metrics.loss) < 2", Compare(LOSS, Op.LT, 2.0)),
        ("((metrics.loss < 2))", Compare(LOSS, Op.LT, 2.0)),
        ("metrics.loss / 0 = 1", Relation(Arithmetic("/", LOSS, 0.0), Op.EQ, 1.0)),
        ("metrics.loss > 1 / 0", Relation(LOSS, Op.GT, Arithmetic("/", 1.0, 0.0))),
        (
            "metrics.loss between metrics.val_loss and 3",
            And((Relation(LOSS, Op.GE, VAL), Compare(LOSS, Op.LE, 3.0))),
        ),
        (
            "metrics.loss * 2 not between 1 and 2",
            Or(
                (
                    Relation(Arithmetic("*", LOSS, 2.0), Op.LT, 1.0),
                    Relation(Arithmetic("*", LOSS, 2.0), Op.GT, 2.0),
                )
            ),
        ),
        (
            "metrics.loss + 1 in (1, metrics.val_loss)",
            Or(
                (
                    Relation(Arithmetic("+", LOSS, 1.0), Op.EQ, 1.0),
                    Relation(Arithmetic("+", LOSS, 1.0), Op.EQ, VAL),
                )
            ),
        ),
        (
            "metrics.loss + 1 is not null",
            Relation(Arithmetic("+", LOSS, 1.0), Op.NE, math.nan),
        ),
        (
            "metrics.loss + 1 is null",
            Not(Relation(Arithmetic("+", LOSS, 1.0), Op.NE, math.nan)),
        ),
        ("min(metrics.loss) < 0.1", Compare(LOWEST, Op.LT, 0.1)),
        ("MIN( metrics.`loss` ) < 0.1", Compare(LOWEST, Op.LT, 0.1)),
        ("min(metrics.loss) = nan", Compare(LOWEST, Op.EQ, math.nan)),
        ("last(metrics.loss) < 0.1", Compare(LOSS, Op.LT, 0.1)),
        ("count(metrics.loss) between 2 and 5", Between(POINTS, 2.0, 5.0)),
        ("count(metrics.loss) not in (1, 2)", In(POINTS, (1.0, 2.0), negated=True)),
        ("min(metrics.loss) is null", IsNull(LOWEST)),
        (
            "metrics.loss > min(metrics.loss) * 1.05",
            Relation(LOSS, Op.GT, Arithmetic("*", LOWEST, 1.05)),
        ),
        (
            "end_time - start_time > 10m",
            Relation(Arithmetic("-", END, START), Op.GT, 600_000.0),
        ),
        ("duration > 2 * 10m", Compare(TOOK, Op.GT, 1_200_000.0)),
        ("start_time > -7d + 1h", Compare(START, Op.GT, NOW - 6 * 86_400_000.0 - 23 * 3_600_000.0)),
        (
            "end_time < 2026-01-31T15:00Z - 1h",
            Compare(END, Op.LT, 1_769_868_000_000.0),
        ),
        ("-1h < end_time", Compare(END, Op.GT, NOW - 3_600_000.0)),
        ("has:model", Has("model")),
        ("HAS:Model and a", And((Has("model"), Text("a")))),
        ("!wine", Not(Text("wine"))),
        ("!has:model", Not(Has("model"))),
        ('!"two words"', Not(Text("two words"))),
        ("!(a or b)", Not(Or((Text("a"), Text("b"))))),
        ("wine !baseline has:model", And((Text("wine"), Not(Text("baseline")), Has("model")))),
        ("!!wine", Text("wine")),
        ("!metrics.loss < 1", Not(Compare(LOSS, Op.LT, 1.0))),
        ("parent is null", IsNull(Key(Kind.ATTRIBUTE, "parent"))),
        ("parent like 'ab%'", Compare(Key(Kind.ATTRIBUTE, "parent"), Op.LIKE, "ab%")),
        ("'*' or \"-\"", Or((Text("*"), Text("-")))),
    ],
)
def test_meaning(text: str, tree: Node) -> None:
    assert parse_filter(text, NOW) == tree


MISTAKES = [
    """
    metrics.loss<metrics.val_loss*1.2
                 ^^^^^^^^^^^^^^^^^^^^
    expected spaces around + - * /: metrics.val_loss * 1.2
    """,
    """
    metrics.loss/2 < 1
    ^^^^^^^^^^^^^^
    expected spaces around + - * /: metrics.loss / 2
    """,
    """
    metrics.loss/metrics.val_loss < 1
    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    expected spaces around + - * /: metrics.loss / metrics.val_loss
    """,
    """
    metrics.loss-1 < 1
    ^^^^^^^^^^^^^^
    expected spaces around + - * /: metrics.loss - 1
    """,
    """
    metrics.loss -1 < 1
                 ^^
    expected an operator; - needs a space behind it
    """,
    """
    metrics.loss < metrics.val_loss -1
                                    ^^
    expected AND, OR or the end; - needs a space behind it
    """,
    """
    metrics.loss = 1/2
                   ^^^
    expected spaces around + - * /: 1 / 2
    """,
    """
    params.alpha = 1.2*metrics.loss
                   ^^^^^^^^^^^^^^^^
    expected spaces around + - * /: 1.2 * metrics.loss
    """,
    """
    tags.a+b = 'x'
    ^^^^^^^^
    expected spaces around +, or the name in backticks: tags.`a+b`
    """,
    """
    loss * 2 < 1
    ^^^^
    loss is not an attribute of a run; did you mean metrics.loss?
    """,
    """
    metrics.loss < val_los
                   ^^^^^^^
    expected a number or a key; did you mean metrics.val_loss?
    """,
    """
    metrics.loss * 2
                    ^
    expected =, !=, <, <=, >, >=, IN, BETWEEN or IS NULL
    """,
    """
    metrics.loss * 2 like 'x'
                     ^^^^
    expected =, !=, <, <=, >, >=; what is computed is a number
    """,
    """
    metrics.loss + 1 = nan
                       ^^^
    expected a number; NaN goes with = and != of a metric
    """,
    """
    metrics.loss *
                  ^
    expected a number or a key such as metrics.rmse
    """,
    """
    metrics.loss < (1
                     ^
    expected +, -, *, / or )
    """,
    """
    (metrics.loss < 1) < 2
                  ^
    expected +, -, *, / or )
    """,
    """
    1 / 0 < 2
    ^
    expected a key such as metrics.rmse before the operator
    """,
    """
    run_name + 1 = 2
             ^
    expected a number; run_name is a text
    """,
    """
    metrics.loss > status
                   ^^^^^^
    expected a number; status is a text
    """,
    """
    metrics.loss * 2 > 10m
                       ^^^
    expected a number; 10m goes with start_time, end_time, duration
    """,
    """
    end_time - 2026-01-31 > 1
               ^^^^^^^^^^
    expected a time of day with the date, such as 2026-01-31T00:00, to compute
    """,
    """
    min(loss) < 1
        ^^^^
    expected a metric; did you mean metrics.loss?
    """,
    """
    min(params.alpha) < 1
        ^^^^^^^^^^^^
    expected a metric; min() is of a metric's points
    """,
    """
    min() < 1
        ^
    expected a metric such as metrics.rmse in min()
    """,
    """
    min (metrics.loss) < 1
        ^
    expected AND, OR or the end; did you mean min( without a space?
    """,
    """
    min(metrics.loss, metrics.val_loss) < 1
                    ^
    expected ) after metrics.loss
    """,
    """
    maxi(metrics.loss) < 1
    ^^^^
    there is no function maxi(); did you mean max()?
    """,
    """
    abs(metrics.loss) < 1
    ^^^
    there is no function abs(); there are min, max, first, last, count
    """,
    """
    has:plot
    ^^^^^^^^
    expected has:model; to search for has:plot, put it in quotes
    """,
    """
    ! wine
    ^
    expected != or NOT
    """,
    """
    wine!
         ^
    expected a condition such as metrics.rmse < 0.8, or a word to search for
    """,
    """
    - baseline
      ^^^^^^^^
    baseline is not an attribute of a run; expected a prefix: metrics.baseline, params.baseline or\
 tags.baseline
    """,
    """
    * 2
    ^
    expected a condition such as metrics.rmse < 0.8, or a word to search for
    """,
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.split("\n")[1].strip())
def test_mistake(mistake: str) -> None:
    text, caret, reason = (line[4:] for line in mistake.strip("\n").split("\n")[:3])
    with pytest.raises(FilterError) as caught:
        parse_filter(text, NOW, KNOWN)
    assert (caught.value.reason, caught.value.caret()) == (reason, caret)


def test_names_keep_their_slashes_and_dashes() -> None:
    # Where the keys in use are known, and also where they are not.
    for known in ((), KNOWN):
        assert parse_filter("metrics.a/b < 1", NOW, known) == Compare(KNOWN[3], Op.LT, 1.0)
        assert parse_filter("metrics.lr-1/x < 1", NOW, known) is not None
    assert parse_filter("metrics.loss/2 < 1") == Compare(Key(Kind.METRIC, "loss/2"), Op.LT, 1.0)
    odd = Key(Kind.TAG, "a+b")
    assert parse_filter("tags.a+b = 'x'", NOW, [odd]) == Compare(odd, Op.EQ, "x")
    assert parse_filter(f"{odd} = 'x'") == Compare(odd, Op.EQ, "x")


def test_other_things_have_no_functions_and_no_models() -> None:
    with pytest.raises(FilterError, match=r"there is no function min\(\)"):
        parse_filter("min(version_number) > 1", subject=MODEL_VERSIONS)
    assert parse_filter("has:model", subject=MODEL_VERSIONS) == Text("has:model")
    number = Key(Kind.ATTRIBUTE, "version_number")
    assert parse_filter("version_number * 2 > 3", subject=MODEL_VERSIONS) == Relation(
        Arithmetic("*", number, 2.0), Op.GT, 3.0
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            f"metrics.a{' + 1' * (MAX_STEPS + 1)} = metrics.b",
            f"expected at most {MAX_STEPS} of + - * /",
        ),
        (
            f"{'- ' * (MAX_STEPS + 1)}metrics.a < 1",
            f"expected at most {MAX_STEPS} of + - * /",
        ),
        (
            "metrics.a * 2 in (" + "1, " * MAX_STEPS + "2)",
            f"expected at most {MAX_STEPS} of + - * /",
        ),
        (
            f"{'(' * (MAX_DEPTH + 1)}metrics.a{')' * (MAX_DEPTH + 1)} < 1",
            f"expected at most {MAX_DEPTH} parentheses inside each other",
        ),
        (
            f"start_time in ({', '.join(['2026-01-31'] * (MAX_CONDITIONS + 1))})",
            f"expected at most {MAX_CONDITIONS} conditions",
        ),
    ],
    ids=["sum", "signs", "list", "depth", "days"],
)
def test_limits(text: str, reason: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        f"metrics.a{' / metrics.b' * MAX_STEPS} != 1",
        f"1 != {'params.a / ( 1 + ' * (MAX_DEPTH - 1)}metrics.a{')' * (MAX_DEPTH - 1)}",
        "a and not (" * MAX_DEPTH
        + "metrics.b / (1 + " * MAX_DEPTH
        + "duration - start_time * tags.x"
        + ")" * MAX_DEPTH
        + " != 1 + "
        + "(metrics.a * " * MAX_DEPTH
        + "-params.a"
        + ")" * 2 * MAX_DEPTH,
        " or ".join(["duration / count(metrics.a) != min(metrics.b) - 1"] * (MAX_STEPS // 2)),
        " or ".join(["metrics.a != metrics.b"] * MAX_CONDITIONS),
        f"start_time in ({', '.join(['2026-01-31'] * (MAX_CONDITIONS - 1))})",
    ],
    ids=["divisions", "nested", "deepest", "measures", "relations", "days"],
)
def test_the_largest_computations_run(store: Store, text: str) -> None:
    fill(store, [Plan(histories={"a": ((0, 1.0),), "b": ((0, 2.0), (1, 4.0))}, params={"a": "2"})])
    query = RunQuery(filter=parse_filter(text))
    assert store.count_runs(query) == len(store.search_runs(query))


def test_keys_of_what_is_computed() -> None:
    node = parse_filter("min(metrics.loss) - params.alpha * 2 < duration and has:model or tags.n=1")
    assert node is not None
    assert list(keys_of(node)) == [LOSS, ALPHA, TOOK, N]


# What they find


@pytest.fixture
def runs(store: Store) -> Store:
    """Four runs: `falls` and `rises` of three points each, `once` of a single one, `bare` of none.
    `rises` has a NaN in the middle, and a loss of 0 as its first point."""
    fill(
        store,
        [
            Plan(
                name="falls",
                histories={"loss": ((0, 4.0), (1, 2.0), (2, 1.0)), "val": ((2, 2.0),)},
                params={"alpha": "2", "opt": "adam"},
                model=True,
            ),
            Plan(
                name="rises",
                histories={"loss": ((0, 0.0), (1, math.nan), (2, 3.0)), "val": ((2, math.nan),)},
                params={"alpha": "0", "opt": "adam"},
                tags={"n": "1"},
            ),
            Plan(name="once", histories={"loss": ((5, 1.0),)}, params={"alpha": "auto"}, parent=0),
            Plan(name="bare"),
        ],
    )
    return store


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("min(metrics.loss) = 1", "falls once"),
        ("max(metrics.loss) >= 3", "falls rises"),
        ("first(metrics.loss) = 0", "rises"),
        ("last(metrics.loss) = 1", "falls once"),
        ("count(metrics.loss) = 3", "falls rises"),
        ("count(metrics.loss) < 3", "once"),
        ("count(metrics.loss) is null", "bare"),
        ("not count(metrics.loss) > 1", "once bare"),
        ("min(metrics.val) = nan", "rises"),
        ("max(metrics.val) != 7", "falls rises"),
        ("metrics.loss < first(metrics.loss)", "falls"),
        ("metrics.loss = min(metrics.loss)", "falls once"),
        ("max(metrics.loss) - min(metrics.loss) > 0", "falls rises"),
        ("count(metrics.loss) / 2 = 1.5", "falls rises"),
        ("count(metrics.loss) / count(metrics.loss) * 0.5 = 0.5", "falls rises once"),
        ("metrics.val > metrics.loss", "falls"),
        ("metrics.val != metrics.loss", "falls rises"),
        ("metrics.val = metrics.val", "falls"),
        ("not metrics.val > metrics.loss", "rises once bare"),
        ("metrics.loss / params.alpha = 0.5", "falls"),
        ("metrics.loss / params.alpha != 0.5", ""),
        ("not metrics.loss / params.alpha != 0.5", "falls rises once bare"),
        ("params.alpha * 1 != 9", "falls rises"),
        ("params.alpha != 9", "falls rises once"),
        ("metrics.loss / params.alpha is null", "rises once bare"),
        ("metrics.val / metrics.loss is not null", "falls rises"),
        ("params.opt = params.opt", ""),
        ("-metrics.loss < -2", "rises"),
        ("tags.n + params.alpha = 1", "rises"),
        ("metrics.loss between metrics.val - 1 and metrics.val", "falls"),
        ("metrics.loss * 2 in (2, 4)", "falls once"),
        ("metrics.loss * 2 not in (2, 4)", "rises"),
        ("inf - inf = metrics.loss", ""),
        ("has:model", "falls"),
        ("!has:model loss", ""),
        ("parent is not null", "once"),
        ("!adam", "once bare"),
        ("adam !rises", "falls"),
        ("duration + 1h > 30m", "falls rises once bare"),
    ],
)
def test_filters_find(runs: Store, text: str, names: str) -> None:
    found = runs.search_runs(RunQuery(filter=parse_filter(text)))
    assert {run.info.run_name for run in found} == set(names.split())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("min(metrics.loss), max(metrics.loss)", "rises once falls bare"),
        ("max(metrics.loss) desc", "falls rises once bare"),
        ("first(metrics.loss)", "rises once falls bare"),
        ("count(metrics.loss) desc, metrics.loss", "falls rises once bare"),
        ("min(metrics.val) desc, run_name", "falls rises bare once"),
        ("parent, run_name", "once bare falls rises"),
    ],
)
def test_orders(runs: Store, text: str, names: str) -> None:
    found = runs.search_runs(RunQuery(order_by=parse_order(text)))
    assert [run.info.run_name for run in found] == names.split()


def test_an_order_is_not_computed() -> None:
    with pytest.raises(FilterError, match="no order is computed"):
        parse_order("metrics.loss * 2")
    assert parse_order("min(metrics.loss) DESC, last(metrics.loss)") == (
        OrderKey(LOWEST, descending=True),
        OrderKey(LOSS),
    )
    assert str(parse_order("min(metrics.`a b`) DESC")[0]) == "min(metrics.`a b`) DESC"


def test_every_key_orders_as_in_memory(store: Store) -> None:
    loss = Key(Kind.METRIC, "a")
    keys = [Key(Kind.ATTRIBUTE, name) for name in ATTRIBUTES]
    keys += [loss, Key(Kind.PARAM, "a"), Key(Kind.TAG, "a"), Key(Kind.TAG, "never logged")]
    with at_now():
        made = fill(store, some_plans(60, seed=5))
        for key in (*keys, *(Measure(loss, stat) for stat in Stat)):
            for descending in (False, True):
                query = RunQuery(order_by=(OrderKey(key, descending),), view=ViewType.ALL)
                found = [run.info.run_id for run in store.search_runs(query)]
                assert found == expected(made, query), key


def test_an_order_by_a_function_is_kept_in_views() -> None:
    view = View(order=(OrderKey(LOWEST, descending=True), OrderKey(LOSS)))
    assert from_json(to_json(view)) == view


def test_parents_are_offered(runs: Store) -> None:
    falls = runs.search_runs(RunQuery(filter=parse_filter("run_name = 'falls'")))[0]
    assert runs.value_counts(Key(Kind.ATTRIBUTE, "parent")) == [(falls.info.run_id, 1)]
