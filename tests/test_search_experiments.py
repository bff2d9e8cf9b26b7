"""search_experiments: the filter language, asked of experiments."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import tuiflow as mlflow
from tuiflow import MlflowClient
from tuiflow.entities import ViewType
from tuiflow.errors import FilterError, InvalidInput

NOW = 1_780_000_000_000
EXPERIMENTS = [
    ("wine one", {"team": "red", "n": "1", "odd key": "x"}),
    ("wine two", {"team": "blue", "n": "10"}),
    ("Wine three", {"team": "Red", "n": "9"}),
    ("wine%four", {"team": "it's"}),
    ("digits", {}),
]
"""Experiments 1 to 5, created a second apart, changed last in the opposite order."""


@pytest.fixture(autouse=True)
def experiments(tmp_path: Path) -> None:
    mlflow.set_tracking_uri(tmp_path / "store")
    for name, tags in EXPERIMENTS:
        mlflow.create_experiment(name, tags=tags)
    with sqlite3.connect(tmp_path / "store" / "tuiflow.db") as conn:
        conn.execute(
            "UPDATE experiments SET creation_time = ?1 + 1000 * id,"
            " last_update_time = ?1 + 60000 - 1000 * id",
            (NOW,),
        )
        conn.execute("UPDATE experiments SET deleted_at = 1 WHERE name = 'digits'")
    conn.close()


def names(**arguments: object) -> list[str]:
    return [found.name for found in mlflow.search_experiments(**arguments)]  # type: ignore[arg-type]


ONE, TWO, THREE, FOUR = (name for name, _ in EXPERIMENTS[:4])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # what MLflow accepts
        ("name = 'wine one'", {ONE}),
        ('name = "wine one"', {ONE}),
        ("`name` = 'wine one'", {ONE}),
        ("attribute.name = 'wine one'", {ONE}),
        ("name != 'wine one'", {TWO, THREE, FOUR, "Default"}),
        ("name LIKE 'wine%'", {ONE, TWO, FOUR}),
        ("name ILIKE 'WINE_t%'", {TWO, THREE}),
        ("tags.team = 'red'", {ONE}),
        ("tag.team ILIKE 'r%'", {ONE, THREE}),
        ("tags.team != 'red'", {TWO, THREE, FOUR}),
        ("tags.`odd key` = 'x'", {ONE}),
        ("tags.'odd key' = 'x'", {ONE}),
        ('tags.team = "it\'s"', {FOUR}),
        ("tags.n IS NULL", {FOUR, "Default"}),
        ("tags.n IS NOT NULL", {ONE, TWO, THREE}),
        ("tags.missing != 'x'", set()),
        ("name LIKE 'wine%' AND tags.n = '10'", {TWO}),
        (f"creation_time > {NOW + 3000}", {FOUR}),
        (f"last_update_time >= {NOW + 58000}", {ONE, TWO, "Default"}),
        ("experiment_id = '2'", {TWO}),
        ("experiment_id IN ('1', '3')", {ONE, THREE}),
        # and what it does not
        ("tags.n > 5", {TWO, THREE}),
        ("tags.team != 5", {ONE, TWO, THREE, FOUR}),
        ("tags.n between 1 and 9", {ONE, THREE}),
        ("tags.n not in (1, 10)", {THREE}),
        ("name not like 'wine%'", {THREE, "Default"}),
        ("not (name ilike 'wine%' or name = 'digits')", {"Default"}),
        ("creation_time < 1970-01-02", set()),
        ("creation_time is null", set()),
        ("name >= 'wine'", {ONE, TWO, FOUR}),
        ("THREE", {THREE}),
        ("wine blue", {TWO}),
    ],
)
def test_filter(text: str, found: set[str]) -> None:
    assert set(names(filter_string=text)) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("status = 'FAILED'", "not an attribute of an experiment"),
        ("naem = 'x'", "did you mean name?"),
        ("foo = 'x'", "expected a prefix: tags.foo"),
        ("metrics.rmse < 1", "expected tags or attributes before the dot"),
        ("created > 1", "not an attribute of an experiment"),
        ("name = wine", "did you mean 'wine'?"),
        ("name = 'a' AND", "such as name = 'wine'"),
        ("creation_time like '1%'", "creation_time is a number"),
    ],
)
def test_mistakes(text: str, reason: str) -> None:
    with pytest.raises(FilterError, match="^[^\n]*" + reason.replace("?", r"\?")):
        names(filter_string=text)


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (None, ["Default", ONE, TWO, THREE, FOUR]),
        ([], ["Default", ONE, TWO, THREE, FOUR]),
        (["name"], ["Default", THREE, ONE, TWO, FOUR]),
        (["name DESC"], [FOUR, TWO, ONE, THREE, "Default"]),
        (["attribute.name ASC"], ["Default", THREE, ONE, TWO, FOUR]),
        (["experiment_id DESC"], [FOUR, THREE, TWO, ONE, "Default"]),
        (["creation_time"], ["Default", ONE, TWO, THREE, FOUR]),
        (["last_update_time"], [FOUR, THREE, TWO, ONE, "Default"]),
        (["tags.n"], [ONE, THREE, TWO, "Default", FOUR]),
        (["tags.n desc", "name"], [TWO, THREE, ONE, "Default", FOUR]),
        (["tags.missing", "experiment_id desc"], [FOUR, THREE, TWO, ONE, "Default"]),
        ("name", ["Default", THREE, ONE, TWO, FOUR]),
    ],
)
def test_order(order: list[str] | None, found: list[str]) -> None:
    assert names(order_by=order) == found
    assert [e.name for e in MlflowClient().search_experiments(order_by=order)] == found


def test_ids_are_ordered_as_numbers() -> None:
    for number in range(6):
        mlflow.create_experiment(f"more {number}")
    found = mlflow.search_experiments(order_by=["experiment_id DESC"])
    assert [e.experiment_id for e in found] == ["11", "10", "9", "8", "7", "6", *"43210"]


def test_view_and_limit() -> None:
    assert names(view_type=ViewType.DELETED_ONLY) == ["digits"]
    assert len(names(view_type=3)) == 6
    assert names(max_results=2) == ["Default", ONE]
    assert names(max_results=0) == []
    for wrong in ({"view_type": 4}, {"max_results": -1}, {"max_results": "2"}):
        with pytest.raises(InvalidInput):
            names(**wrong)


def test_pages() -> None:
    client = MlflowClient()
    seen: list[str] = []
    token = None
    while True:
        page = client.search_experiments(max_results=2, order_by=["name"], page_token=token)
        seen.extend(found.name for found in page)
        token = page.token
        if token is None:
            break
    assert seen == ["Default", THREE, ONE, TWO, FOUR]
    with pytest.raises(InvalidInput, match="token"):
        client.search_experiments(page_token="zz")
