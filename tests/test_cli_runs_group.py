"""`tuiflow runs group`, and that its renderings say the same."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest
from shell import Cli

from tuiflow.entities import Metric, Param, RunTag
from tuiflow.store import Store

RUNS = (
    ("0.1", 0.5, "a"),
    ("0.10", 0.7, "b"),
    ("2", math.nan, "a"),
    ("auto", 0.9, ""),
    (None, 0.2, "a"),
)


@pytest.fixture
def grouped(store: Store) -> Store:
    for alpha, rmse, team in RUNS:
        run = store.create_run("0")
        store.log_batch(
            run.info.run_id,
            [Metric("rmse", rmse, 1)],
            [Param("alpha", alpha)] if alpha else [],
            [RunTag("team", team)] if team else [],
        )
    return store


def test_values_that_are_one_number_are_one_group(grouped: Store, cli: Cli) -> None:
    told = json.loads(cli("runs", "group", "params.alpha", "--format", "json").out)
    assert told["key"] == "params.alpha" and told["distinct"] == 4
    assert [(item["value"], item["runs"]) for item in told["groups"]] == [
        *((0.1, 2), (2.0, 1), ("auto", 1), (None, 1))
    ]
    first, second = (item["metrics"]["rmse"] for item in told["groups"][:2])
    assert first == {"count": 2, "mean": 0.6, "min": 0.5, "max": 0.7}
    assert second is None


def test_csv_and_table_say_the_same(grouped: Store, cli: Cli) -> None:
    rows = list(csv.reader(io.StringIO(cli("runs", "group", "tags.team", "--format", "csv").out)))
    assert rows[0] == ["tags.team", "runs", "rmse mean", "rmse min", "rmse max"]
    assert [row[:2] for row in rows[1:]] == [["a", "3"], ["b", "1"], ["", "1"]]
    assert [float(n) for n in rows[1][2:]] == pytest.approx([0.35, 0.2, 0.5])
    lines = [line.split() for line in cli("runs", "group", "tags.team").out.splitlines()]
    assert [line[:3] for line in lines[1:]] == [
        *(["a", "3", "0.3500"], ["b", "1", "0.7000"], ["–", "1", "0.9000"])
    ]


def test_a_filter_narrows_it(grouped: Store, cli: Cli) -> None:
    told = cli("runs", "group", "tags.team", "-f", "params.alpha < 1", "--format", "json")
    assert [item["runs"] for item in json.loads(told.out)["groups"]] == [1, 1]
    nothing = cli("runs", "group", "tags.team", "-f", "metrics.rmse > 5")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "No runs match.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["params.alhpa"], "params.alpha"),
        (["run_id"], "no two have the same"),
        (["dataset.name"], "data sets"),
        (["tags.team", "--metric", "rsme"], "did you mean 'rmse'"),
        (["tags.team DESC"], "by one key"),
    ],
)
def test_mistakes_are_told(grouped: Store, cli: Cli, arguments: list[str], said: str) -> None:
    result = cli("runs", "group", *arguments)
    assert result.code == 2 and said in result.err and not result.out


def test_values_are_written_whole(store: Store, cli: Cli) -> None:
    for seed, loss in ((12345678901, math.inf), (12345678902, 0.5)):
        run_id = store.create_run("0").info.run_id
        store.log_batch(run_id, [Metric("loss", loss, 1)], [Param("seed", str(seed))])
    first, second = json.loads(cli("runs", "group", "params.seed", "--format", "json").out)[
        "groups"
    ]
    assert first["metrics"]["loss"]["mean"] == "Infinity" and second["value"] == 12345678902
    rows = list(csv.reader(io.StringIO(cli("runs", "group", "params.seed", "--format", "csv").out)))
    assert [row[0] for row in rows[1:]] == ["12345678901", "12345678902"]
    table = cli("runs", "group", "params.seed").out
    assert "12345678901" in table and "12345678902" in table
