"""The filter language: what a text means, and what is said about a mistake."""

from __future__ import annotations

import math
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiflow.errors import FilterError
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
from tuiflow.text import clean

NOW = 1_780_000_000_000
DAY = 86_400_000


def metric(name: str) -> Key:
    return Key(Kind.METRIC, name)


def param(name: str) -> Key:
    return Key(Kind.PARAM, name)


def tag(name: str) -> Key:
    return Key(Kind.TAG, name)


def attribute(name: str) -> Key:
    return Key(Kind.ATTRIBUTE, name)


def local_ms(*parts: int) -> float:
    return datetime(*parts).timestamp() * 1000


A, B, C = Text("a"), Text("b"), Text("c")
START = attribute("start_time")

MLFLOW = [
    ("metric.acc >= 0.94", Compare(metric("acc"), Op.GE, 0.94)),
    ("metric.acc>=100", Compare(metric("acc"), Op.GE, 100)),
    ("metrics.x = -1e-3", Compare(metric("x"), Op.EQ, -0.001)),
    ("params.m!='tf'", Compare(param("m"), Op.NE, "tf")),
    ('params."m"!="tf"', Compare(param("m"), Op.NE, "tf")),
    ('metric."legit name" >= 0.243', Compare(metric("legit name"), Op.GE, 0.243)),
    ('metrics."X//Y#$$@&Z" = 3', Compare(metric("X//Y#$$@&Z"), Op.EQ, 3)),
    ('metrics."accuracy.2.0" > 5', Compare(metric("accuracy.2.0"), Op.GT, 5)),
    ("metrics.'legit name' >= 0.243", Compare(metric("legit name"), Op.GE, 0.243)),
    ("metrics.`spacey name` > 5", Compare(metric("spacey name"), Op.GT, 5)),
    ("`metric`.a >= 0.1", Compare(metric("a"), Op.GE, 0.1)),
    ("`tags`.source_name = 'a notebook'", Compare(tag("source_name"), Op.EQ, "a notebook")),
    ("parameter.a = 'LR'", Compare(param("a"), Op.EQ, "LR")),
    ("parameters.a = 'LR'", Compare(param("a"), Op.EQ, "LR")),
    ("param.a = 'LR'", Compare(param("a"), Op.EQ, "LR")),
    ("tag.a LIKE '%x_'", Compare(tag("a"), Op.LIKE, "%x_")),
    ("tags.a ilike 'x'", Compare(tag("a"), Op.ILIKE, "x")),
    ('params.m = "L\'Hosp"', Compare(param("m"), Op.EQ, "L'Hosp")),
    ("tags.mlflow.user = 'me'", Compare(tag("mlflow.user"), Op.EQ, "me")),
    ("attribute.artifact_uri = '1/23/4'", Compare(attribute("artifact_uri"), Op.EQ, "1/23/4")),
    ("attribute.start_time >= 1234", Compare(START, Op.GE, 1234)),
    ("created < 5", Compare(START, Op.LT, 5)),
    ("attr.Created < 5", Compare(START, Op.LT, 5)),
    ("attributes.end_time != 5", Compare(attribute("end_time"), Op.NE, 5)),
    ("run.status = 'RUNNING'", Compare(attribute("status"), Op.EQ, "RUNNING")),
    ("status != 'blah'", Compare(attribute("status"), Op.NE, "BLAH")),
    ("user_id = 'me'", Compare(attribute("user_id"), Op.EQ, "me")),
    ("run_name LIKE 'x%'", Compare(attribute("run_name"), Op.LIKE, "x%")),
    ("\"run name\" = 'x'", Compare(attribute("run_name"), Op.EQ, "x")),
    ("`run name` = 'x'", Compare(attribute("run_name"), Op.EQ, "x")),
    ("attributes.`Run Name` = 'x'", Compare(attribute("run_name"), Op.EQ, "x")),
    ("run_id IN ('a', 'b')", In(attribute("run_id"), ("a", "b"))),
    ("run_id NOT IN ('a',)", In(attribute("run_id"), ("a",), negated=True)),
    ("tags.version IS NULL", IsNull(tag("version"))),
    ("params.lr IS NOT NULL", IsNull(param("lr"), negated=True)),
    (
        "metrics.rmse < 1 and params.model_class = 'LR'",
        And((Compare(metric("rmse"), Op.LT, 1), Compare(param("model_class"), Op.EQ, "LR"))),
    ),
]

BEYOND = [
    ("a or b and c", Or((A, And((B, C))))),
    ("(a or b) and c", And((Or((A, B)), C))),
    ("not a and b", And((Not(A), B))),
    ("not (a and b)", Not(And((A, B)))),
    ("NOT not a", A),
    ("not (not a)", A),
    ("a AND b And c", And((A, B, C))),
    ("a b c", And((A, B, C))),
    ('"a phrase" b', And((Text("a phrase"), B))),
    ("'it''s' or \"say \"\"x\"\"\"", Or((Text("it's"), Text('say "x"')))),
    ("run.py -7d", And((Text("run.py"), Text("-7d")))),
    ("wine-quality.csv", Text("wine-quality.csv")),
    ("params.alpha = 0.5", Compare(param("alpha"), Op.EQ, 0.5)),
    ("params.alpha = '0.5'", Compare(param("alpha"), Op.EQ, "0.5")),
    ("tags.n < 1", Compare(tag("n"), Op.LT, 1)),
    ("tags.day >= '2026-01-31'", Compare(tag("day"), Op.GE, "2026-01-31")),
    ("params.a == 1 or params.a <> 2", Or((
        Compare(param("a"), Op.EQ, 1), Compare(param("a"), Op.NE, 2)))),
    ("params.x IN (1, '2', .5)", In(param("x"), (1, "2", 0.5))),
    ("metrics.x NOT IN (1, 2)", In(metric("x"), (1, 2), negated=True)),
    ("metrics.x BETWEEN -1 AND 1 AND a", And((Between(metric("x"), -1, 1), A))),
    ("metrics.x NOT BETWEEN 1 AND 2", Or((
        Compare(metric("x"), Op.LT, 1), Compare(metric("x"), Op.GT, 2)))),
    ("params.x NOT LIKE 'a%'", And((
        IsNull(param("x"), negated=True), Not(Compare(param("x"), Op.LIKE, "a%"))))),
    ("metrics.x is not null", IsNull(metric("x"), negated=True)),
    ("end_time is null", IsNull(attribute("end_time"))),
    ("metrics.x = inf", Compare(metric("x"), Op.EQ, math.inf)),
    ("metrics.x > -Infinity", Compare(metric("x"), Op.GT, -math.inf)),
    ("metrics.x = NaN", Compare(metric("x"), Op.EQ, math.nan)),
    ("metrics.x != nan", Compare(metric("x"), Op.NE, math.nan)),
    ("metrics.val/loss:0 < 1", Compare(metric("val/loss:0"), Op.LT, 1)),
    ("METRICS.a>-1", Compare(metric("a"), Op.GT, -1)),
    ("metrics.`a``b` > 0", Compare(metric("a`b"), Op.GT, 0)),
    ("metrics.größe > 0", Compare(metric("größe"), Op.GT, 0)),
    ("duration > 10m", Compare(attribute("duration"), Op.GT, 600_000)),
    ("duration <= 1h30m", Compare(attribute("duration"), Op.LE, 5_400_000)),
    ("duration between 1.5s and 250ms", Between(attribute("duration"), 1500, 250)),
    ("duration > 0", Compare(attribute("duration"), Op.GT, 0)),
    ("start_time > -7d", Compare(START, Op.GT, NOW - 7 * DAY)),
    ("start_time > '-2w'", Compare(START, Op.GT, NOW - 14 * DAY)),
    ("start_time < 2026-03-04T05:06Z", Compare(START, Op.LT, 1_772_600_760_000)),
    ("start_time < '2026-03-04 05:06:07.250+01:00'", Compare(START, Op.LT, 1_772_597_167_250)),
    ("start_time < 2026-03-04 05:06", Compare(START, Op.LT, local_ms(2026, 3, 4, 5, 6))),
    ("start_time < 2026-03-04", Compare(START, Op.LT, local_ms(2026, 3, 4))),
    ("start_time >= 2026-03-04", Compare(START, Op.GE, local_ms(2026, 3, 4))),
    ("start_time > 2026-03-04", Compare(START, Op.GE, local_ms(2026, 3, 5))),
    ("start_time <= 2026-03-04", Compare(START, Op.LT, local_ms(2026, 3, 5))),
    ("start_time = 2026-12-31", And((
        Compare(START, Op.GE, local_ms(2026, 12, 31)),
        Compare(START, Op.LT, local_ms(2027, 1, 1))))),
    ("start_time != 2026-03-04", Or((
        Compare(START, Op.LT, local_ms(2026, 3, 4)),
        Compare(START, Op.GE, local_ms(2026, 3, 5))))),
    ("start_time between 2026-03-04 and 2026-03-05", And((
        Compare(START, Op.GE, local_ms(2026, 3, 4)),
        Compare(START, Op.LT, local_ms(2026, 3, 6))))),
    ("start_time in (5, 2026-03-04)", Or((Compare(START, Op.EQ, 5), And((
        Compare(START, Op.GE, local_ms(2026, 3, 4)),
        Compare(START, Op.LT, local_ms(2026, 3, 5))))))),
    ("experiment in ('wine', 'digits')", In(attribute("experiment"), ("wine", "digits"))),
    ("experiment_name = 'wine'", Compare(attribute("experiment"), Op.EQ, "wine")),
    ("status = 'stale'", Compare(attribute("status"), Op.EQ, "STALE")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tree"), MLFLOW + BEYOND)
def test_meaning(text: str, tree: Node) -> None:
    assert parse_filter(text, NOW) == tree


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_empty(text: str) -> None:
    assert parse_filter(text) is None


def test_relative_times_count_from_the_clock() -> None:
    tree = parse_filter("start_time > -1d")
    assert isinstance(tree, Compare) and isinstance(tree.value, float)
    assert abs(datetime.now().timestamp() * 1000 - DAY - tree.value) < 60_000


KNOWN = [metric("rmse"), metric("val loss"), param("alpha"), param("rmse"), metric("v.n")]

MISTAKES = [
    """
    metrics.rmse < 0.9 adn params.alpha = 1
                       ^^^
    expected AND, OR or the end; did you mean AND?
    """,
    """
    metrics.rmse < 0.9 params.alpha = 1
                       ^^^^^^^^^^^^
    expected AND, OR or the end
    """,
    """
    wine adn metrics.rmse < 0.9
         ^^^
    expected AND, OR or the end; did you mean AND?
    """,
    """
    a && b
      ^^
    expected AND, OR or the end; did you mean AND?
    """,
    """
    a or b)
          ^
    expected AND, OR or the end; this ) closes nothing
    """,
    """
    (a or b
           ^
    expected AND, OR or )
    """,
    """
    (a metrics.b = 1)
       ^^^^^^^^^
    expected AND, OR or )
    """,
    """
    a and
         ^
    expected a condition such as metrics.rmse < 0.8, or a word to search for
    """,
    """
    and b
    ^^^
    expected a condition before AND
    """,
    """
    ()
     ^
    expected a condition such as metrics.rmse < 0.8, or a word to search for
    """,
    """
    rmse < 0.9
    ^^^^
    rmse is not an attribute of a run; did you mean metrics.rmse?
    """,
    """
    Val_Loss < 0.9
    ^^^^^^^^
    Val_Loss is not an attribute of a run; did you mean metrics.`val loss`?
    """,
    """
    v.n < 0.9
    ^^^
    expected metrics, params, tags, attributes or dataset before the dot; did you mean metrics.v.n?
    """,
    """
    stat_time > 5
    ^^^^^^^^^
    stat_time is not an attribute of a run; did you mean start_time?
    """,
    """
    zzz is null
    ^^^
    zzz is not an attribute of a run; expected a prefix: metrics.zzz, params.zzz or tags.zzz
    """,
    """
    attributes.zzz = 'x'
    ^^^^^^^^^^^^^^
    zzz is not an attribute of a run; expected one of run_id, run_name, status, user_id,\
 artifact_uri, experiment, parent, start_time, end_time, duration
    """,
    """
    metrcs.a < 1
    ^^^^^^^^
    expected metrics, params, tags, attributes or dataset before the dot; did you mean metrics.a?
    """,
    """
    datasets.profile = 'x'
    ^^^^^^^^^^^^^^^^
    expected dataset.name, dataset.digest or dataset.context
    """,
    """
    metrics. < 1
    ^^^^^^^^
    expected a name after metrics.
    """,
    """
    1 = 1
    ^
    expected a key such as metrics.rmse before the operator
    """,
    """
    'x' = 1
    ^^^
    expected a number or a key such as metrics.rmse
    """,
    """
    metrics.rmse
                ^
    expected =, !=, <, <=, >, >=, IN, BETWEEN or IS NULL
    """,
    """
    params.alpha lik 'x'
                 ^^^
    expected =, !=, <, <=, >, >=, LIKE, ILIKE, IN, BETWEEN or IS NULL; did you mean LIKE?
    """,
    """
    metrics.rmse LIKE '%'
                 ^^^^
    expected =, !=, <, <=, >, >=; metrics.rmse is a number
    """,
    """
    metrics.rmse < '0.5'
                   ^^^^^
    expected a number, without quotes; did you mean 0.5?
    """,
    """
    metrics.rmse < mse
                   ^^^
    expected a number or a key; did you mean metrics.rmse?
    """,
    """
    metrics.rmse <
                  ^
    expected a number
    """,
    """
    metrics.rmse < nan
                   ^^^
    expected a number; NaN goes with = and != only
    """,
    """
    metrics.rmse < metrics.mae*1.2
                   ^^^^^^^^^^^^^^^
    expected spaces around + - * /: metrics.mae * 1.2
    """,
    """
    params.alpha > '0.5'
                   ^^^^^
    expected a number without quotes; did you mean 0.5?
    """,
    """
    params.alpha BETWEEN 1 AND 'x'
                               ^^^
    expected two numbers or two texts
    """,
    """
    params.alpha = adam
                   ^^^^
    expected a number or a text in quotes; did you mean 'adam'?
    """,
    """
    params.alpha = null
                   ^^^^
    expected a value; did you mean IS NULL or IS NOT NULL?
    """,
    """
    params.alpha is 'x'
                    ^^^
    expected NULL or NOT NULL
    """,
    """
    params.alpha LIKE 5
                      ^
    expected a pattern in quotes, such as '%forest%'
    """,
    """
    status = FAILED
             ^^^^^^
    expected a text in quotes; did you mean 'FAILED'?
    """,
    """
    duration > 10
               ^^
    expected a time span such as 90s, 10m or 1h30m; did you mean 10s or 10m?
    """,
    """
    duration > -5m
               ^^^
    expected a time span such as 90s, 10m or 1h30m
    """,
    """
    start_time > 7d
                 ^^
    expected a time such as -7d, 2026-01-31, '2026-01-31 15:00' or epoch milliseconds;\
 did you mean -7d?
    """,
    """
    start_time > 2026-02-30
                 ^^^^^^^^^^
    expected a time such as -7d, 2026-01-31, '2026-01-31 15:00' or epoch milliseconds
    """,
    """
    run_id IN 'x'
              ^^^
    expected a list in parentheses, such as (1, 2)
    """,
    """
    run_id IN ()
               ^
    expected a text in quotes
    """,
    """
    run_id IN ('a' 'b')
                   ^^^
    expected a comma or )
    """,
    """
    tags.x = 'abc
             ^^^^
    expected a closing ' for this one
    """,
    """
    metrics.rmse ! 3
                 ^
    expected != or NOT
    """,
    """
    metrics.rmse >= 0.94; metrics.mae < 1
                    ^^^^^
    expected a number or a key
    """,
]


def lines_of(mistake: str) -> tuple[str, str, str]:
    text, caret, reason = (line[4:] for line in mistake.strip("\n").split("\n")[:3])
    return text, caret, reason


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: lines_of(mistake)[0])
def test_mistake(mistake: str) -> None:
    text, caret, reason = lines_of(mistake)
    with pytest.raises(FilterError) as caught:
        parse_filter(text, NOW, KNOWN)
    assert (caught.value.reason, caught.value.caret()) == (reason, caret)
    assert str(caught.value) == f"{reason}\n  {text}\n  {caret}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(" * 11 + "a" + ")" * 11, "expected at most 10 parentheses inside each other"),
        ("a " * 501, "expected at most 500 conditions"),
        (f"params.a in ({'1,' * 10_001})", "expected at most 10,000 values"),
        ("a" * 10_001, "expected at most 10,000 characters"),
        ("a \ud800", "this is not valid text"),
        (f"duration > {'9' * 400}d", "expected a time span such as 90s, 10m or 1h30m"),
    ],
    ids=["depth", "conditions", "values", "word", "surrogate", "span"],
)
def test_limits(text: str, reason: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert caught.value.reason == reason


def test_huge_numbers_are_infinite() -> None:
    assert parse_filter("metrics.a < 1e999") == Compare(metric("a"), Op.LT, math.inf)
    assert parse_filter(f"metrics.a < {'9' * 5000}") == Compare(metric("a"), Op.LT, math.inf)


def test_control_characters_do_not_reach_the_terminal() -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter("a\x1b[31m\u202e = 1\n\t)")
    lines = str(caught.value).split("\n")
    assert len(lines) == 3 and all(line.isprintable() for line in lines)


WORDS = st.sampled_from(
    (
        "and or not in is null like ilike between AND OR NOT metrics.a params.b tags.`c d` status"
        " run_id start_time duration 0.5 -1 nan inf 10m -7d 2026-01-31 10:00 'x' \"y z\" `w` ' \""
        " ` ( ) , < <= = == != <> > >= ! wine * / metrics. . .a min( \ud800 \x00 \u0130 ½ ² ١ 😀"
    ).split(" ")
)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(
    st.one_of(
        st.text(),
        st.lists(WORDS, max_size=12).map(" ".join),
        st.lists(WORDS, max_size=12).map("".join),
    )
)
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    for parse in (parse_filter, parse_order):
        try:
            parse(text)
        except FilterError as error:
            assert 0 <= error.start < error.end <= max(len(text), error.start + 1)
            assert error.start <= len(text) and clean(error.reason) == error.reason
            str(error).encode()


@settings(derandomize=True)
@given(
    st.sampled_from([Kind.METRIC, Kind.PARAM, Kind.TAG]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.booleans(),
)
def test_a_written_key_reads_back(kind: Kind, name: str, descending: bool) -> None:
    order = OrderKey(Key(kind, name), descending)
    assert parse_order(str(order)) == (order,)
    assert parse_filter(f"{order.key} is null") == IsNull(order.key)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", ()),
        ([], ()),
        ("metrics.rmse", (OrderKey(metric("rmse")),)),
        ("metrics.rmse desc, start_time ASC", (OrderKey(metric("rmse"), True), OrderKey(START))),
        (
            ["metrics.rmse ASC", 'params."a b" DESC', "attributes.Created"],
            (OrderKey(metric("rmse")), OrderKey(param("a b"), True), OrderKey(START)),
        ),
        ("metrics.`a, b` DESC", (OrderKey(metric("a, b"), True),)),
        ("metrics.desc desc", (OrderKey(metric("desc"), True),)),
    ],
)
def test_order(text: str | list[str], keys: tuple[OrderKey, ...]) -> None:
    assert parse_order(text) == keys


@pytest.mark.parametrize(
    ("text", "caret", "reason"),
    [
        ("rmse", "^^^^", "rmse is not an attribute of a run; did you mean metrics.rmse?"),
        ("status dsc", "       ^^^", "expected ASC, DESC, a comma or the end; did you mean DESC?"),
        ("status,", "       ^", "expected another key after the comma"),
        (", status", "^", "expected a key such as metrics.rmse"),
        ("status < 5", "       ^", "expected ASC, DESC, a comma or the end"),
        (", ".join(["status"] * 17), " " * 128 + "^^^^^^", "expected at most 16 sort keys"),
    ],
)
def test_order_mistake(text: str, caret: str, reason: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_order(text, KNOWN)
    assert (caught.value.reason, caught.value.caret()) == (reason, caret)
