"""Whatever is typed is a filter that runs or a FilterError, and only bound values reach SQL."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from filter_strategies import NAMES, Unwritable, at_now, fill, filters, some_plans, written
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tuiflow.errors import FilterError
from tuiflow.filters import EXPERIMENTS, MODEL_VERSIONS, Key, Kind, Node, parse_filter, parse_order
from tuiflow.filters.complete import accept, offers, place_at
from tuiflow.filters.evaluate import matches
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, open_store
from tuiflow.store.predicates import Builder

NOW = 1_780_000_000_000
KNOWN = [Key(kind, name) for kind in (Kind.METRIC, Kind.PARAM, Kind.TAG) for name in NAMES]

HOSTILE = [
    *"( ) , ' \" ` ! = < > + - * / ; ? ?1 :a $a @a . .. % _ \\ \x00 \n ½ ² ١ İ ſ 😀".split(" "),
    *("\ud800", "--", "/*", "*/", "') OR 1=1 --", "'; DROP TABLE runs; --", "x' OR 'x'='x", '""'),
    *(
        "min(",
        "max(",
        "count(*)",
        "first(metrics.a)",
        "sum(metrics.a)",
        "min()",
        "has:",
        "has:model",
    ),
    *(
        "metrics.a",
        "params.`b/c`",
        "tags.a",
        "-metrics.a",
        "metrics.a*2",
        "metrics.a/2",
        "a",
        "a.b",
    ),
    *("start_time", "duration", "parent", "experiment", "status", "dataset.name", "run_id", "RUN"),
    *("1", "-1", "1e999", "-7d", "10m", "2026-01-31", "10:00", "nan", "inf", "null", "NULL", "''"),
    *("and", "or", "not", "in", "is", "between", "like", "ILIKE", "AND", "NOT", "<=", "!=", "=="),
]
TOKENS = re.compile(r"'(?:[^']|'')*'|`[^`]*`|\w+\(|[\w./:-]+|\S")


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """A filter's text in which some words were left out, doubled, moved or put in."""
    try:
        tokens = TOKENS.findall(written(draw(filters)))
    except Unwritable:
        assume(False)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(tokens)))
        match draw(st.integers(0, 3)):
            case 0:
                del tokens[at : at + 1]
            case 1:
                tokens[at:at] = tokens[at : at + 2]
            case 2:
                tokens[at:at] = [draw(st.sampled_from(HOSTILE))]
            case 3:
                tokens = tokens[at:] + tokens[:at]
    return draw(st.sampled_from([" ", " ", " ", ""])).join(tokens)


texts = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from(HOSTILE), max_size=12).map(" ".join),
    st.lists(st.sampled_from(HOSTILE), max_size=12).map("".join),
    mutants(),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(tmp_path_factory.mktemp("fuzz") / "s.db")
    with at_now():
        fill(store, some_plans(12))
    yield store
    store.close()


@settings(max_examples=400, derandomize=True, deadline=None)
@given(text=texts, known=st.sampled_from([(), KNOWN]))
def test_any_text_runs_or_is_a_filter_error(store: Store, text: str, known: list[Key]) -> None:
    try:
        node = parse_filter(text, NOW, known)
    except FilterError as error:
        assert 0 <= error.start < error.end <= max(len(text), error.start + 1)
        assert error.start <= len(text)
        assert str(error).isprintable() or len(str(error).split("\n")) == 3
        return
    with at_now():
        assert store.count_runs(RunQuery(filter=node)) == len(
            store.search_runs(RunQuery(filter=node))
        )


@settings(max_examples=150, derandomize=True, deadline=None)
@given(texts)
def test_orders_and_other_subjects_too(text: str) -> None:
    for known in ((), KNOWN):
        try:
            parse_order(text, known)
        except FilterError as error:
            assert error.start <= len(text)
    for subject in (EXPERIMENTS, MODEL_VERSIONS):
        try:
            node = parse_filter(text, NOW, subject=subject)
        except FilterError:
            continue
        if node is not None:
            assert matches(node, lambda key: None, ()) in (True, False)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(texts, st.data())
def test_any_text_is_completed(text: str, data: st.DataObject) -> None:
    place = place_at(text, data.draw(st.integers(0, len(text))))
    if place is not None:
        for offer in offers(place, KNOWN, [("adam", 2), ("it's", 1)]):
            new, cursor = accept(place, offer)
            assert new[:cursor].startswith(text[: place.start] + offer.text)


# What SQL is made of

VOCABULARY = {
    *"AND AS BETWEEN CASE CAST ELSE END ESCAPE EXISTS FROM GLOB IN IS JOIN LIKE NOT NULL".split(),
    *"ON OR REAL REGEXP SELECT THEN TRUE WHEN WHERE coalesce hex json_each json_extract".split(),
    *"lower rtrim d i r artifacts count dataset datasets digest end_time experiment".split(),
    *"experiments first heartbeat id inputs key latest max min name number params process".split(),
    *"processes run start_time status tags text user_id uuid value".split(),
    *("'$.\"mlflow.data.context\"'", "'$.'", "'/%'", "'/'", "'RUNNING'", "'STALE'", "'\\'"),
    *("0", "1", "0.0", "(", ")", "*", "+", ",", "-", ".", "/", "<", "=", ">", "|"),
}
WORDS = re.compile(r"'[^']*'|\?\d+|[A-Za-z_]+|\d+\.\d+|\d+|\S")


def unknown_words(conn: sqlite3.Connection, node: Node) -> set[str]:
    builder = Builder(conn, Path("/elsewhere"), NOW)
    sql = builder.condition(node)
    places = {int(word[1:]) for word in WORDS.findall(sql) if word[0] == "?"}
    assert places <= set(range(1, len(builder.values) + 1))
    return {word for word in WORDS.findall(sql) if word[0] != "?"} - VOCABULARY


@settings(max_examples=150, derandomize=True, deadline=None)
@given(node=filters)
def test_sql_is_made_of_known_words_alone(store: Store, node: Node) -> None:
    with sqlite3.connect(store.database) as conn:
        assert unknown_words(conn, node) == set()
    conn.close()


@settings(max_examples=150, derandomize=True, deadline=None)
@given(text=mutants())
def test_sql_of_mutants_is_made_of_known_words_alone(store: Store, text: str) -> None:
    try:
        node = parse_filter(text, NOW)
    except FilterError:
        return
    if node is not None:
        with sqlite3.connect(store.database) as conn:
            assert unknown_words(conn, node) == set()
        conn.close()
