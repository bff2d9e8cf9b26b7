"""Experiments from the shell."""

from __future__ import annotations

import csv
import io
import json
import shlex
from pathlib import Path

import pytest
from shell import Cli

import tuiflow
from tuiflow.entities import Metric
from tuiflow.store import Store, open_store


@pytest.fixture
def wine(store: Store) -> str:
    """An experiment with three runs, one of them running and one deleted."""
    experiment = store.create_experiment("wine & cheese")
    for index in range(3):
        run = store.create_run(
            experiment, f"run{index}", start_time=index, params={"p": str(index)}
        )
        store.log_batch(run.info.run_id, [Metric("m", index / 2, 5, 1)])
        if index:
            store.finish_run(run.info.run_id, "FINISHED", end_time=1000)
    store.delete_runs([run.info.run_id])
    return experiment


def names(cli: Cli, *options: str) -> dict[str, int]:
    listed = json.loads(cli("experiments", "--format", "json", *options).out)
    return {item["name"]: item["runs"] for item in listed}


def test_create(cli: Cli, store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    result = cli(
        "experiments", "create", "new", "--tag", "team=a=b", "--artifact-location", str(folder)
    )
    assert result.out == "created experiment new (id 1)\n"
    found = store.get_experiment_by_name("new")
    assert found is not None
    assert (dict(found.tags), found.artifact_location) == ({"team": "a=b"}, str(folder))
    again = cli("experiments", "create", "new")
    assert (again.code, "exists already" in again.err) == (2, True)
    fresh = tmp_path / "fresh"
    assert cli("experiments", "create", "first", "--store", str(fresh)).code == 0
    opened = open_store(fresh, create=False)
    assert opened.get_experiment_by_name("first") is not None
    opened.close()


def test_rename(cli: Cli, wine: str) -> None:
    result = cli("experiments", "rename", "wine & cheese", "food")
    assert result.out == "renamed experiment wine & cheese (id 1) to food\n"
    assert names(cli) == {"food": 2, "Default": 0}
    assert cli("experiments", "rename", "1", "Default").code == 2
    assert names(cli) == {"food": 2, "Default": 0}


def test_delete_and_restore(cli: Cli, wine: str) -> None:
    refused = cli("experiments", "delete", wine)
    assert refused.code == 2
    assert "Delete experiment wine & cheese (id 1) and its 2 runs, 1 still running?" in refused.err
    result = cli("experiments", "delete", wine, "--yes")
    assert result.out == "deleted experiment wine & cheese (id 1) and 2 runs\n"
    assert "tuiflow experiments restore 'wine & cheese'" in result.err
    assert names(cli) == {"Default": 0}
    assert list(names(cli, "--deleted")) == ["wine & cheese"]
    result = cli("experiments", "restore", "wine & cheese")
    assert result.out == "restored experiment wine & cheese (id 1) and 2 runs\n"
    assert names(cli) == {"wine & cheese": 2, "Default": 0}
    assert "No deleted experiments" in cli("experiments", "--deleted").err


@pytest.mark.parametrize("name", ["-x", "--yes", "two\nlines", "it's two words"])
def test_what_restores_an_experiment_of_any_name(cli: Cli, store: Store, name: str) -> None:
    created = store.create_experiment(name)
    deleted = cli("experiments", "delete", created, "--yes")
    words = shlex.split(deleted.err.split("restore with: tuiflow ")[1])
    assert cli(*words).code == 0
    assert name in names(cli)


def test_the_spelling_of_mlflow(cli: Cli, tmp_path: Path) -> None:
    assert cli("experiments", "create", "-n", "a").code == 0
    assert cli("experiments", "rename", "-x", "1", "--new-name", "b").code == 0
    assert cli("experiments", "delete", "-x", "1", "--yes").code == 0
    assert cli("experiments", "restore", "-x", "1").code == 0
    file = tmp_path / "out.csv"
    assert cli("experiments", "csv", "-x", "1", "--filename", str(file)).code == 0
    assert file.read_text().startswith("run_id,experiment_id,status,artifact_uri,start_time")
    assert names(cli) == {"b": 0, "Default": 0}


def test_csv_has_the_columns_of_search_runs(
    cli: Cli, store: Store, wine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = list(csv.reader(io.StringIO(cli("experiments", "csv", "wine & cheese").out)))
    assert rows[0][:6] == [
        "run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time",
    ]  # fmt: skip
    assert {"metrics.m", "params.p", "tags.mlflow.runName"} < set(rows[0])
    assert [row[rows[0].index("params.p")] for row in rows[1:]] == ["1", "0"]
    tuiflow.set_tracking_uri(str(store.root))
    frame = tuiflow.search_runs([wine])
    assert list(frame.columns) == rows[0]
    assert [row[0] for row in rows[1:]] == list(frame.run_id)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create"], "Give NAME"),
        (["create", "a", "-n", "b"], "Give NAME once"),
        (["create", "a", "--tag", "x"], "KEY=VALUE"),
        (["rename", "Default"], "Give NEW_NAME"),
        (["rename", "none", "x"], "there are: Default"),
        (["delete", "none", "--yes"], "there are: Default"),
        (["restore", "Default"], "No deleted experiment 'Default' here; there are: none."),
        (["csv"], "Give EXPERIMENT"),
    ],
)
def test_mistakes(cli: Cli, store: Store, arguments: list[str], message: str) -> None:
    result = cli("experiments", *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert list(names(cli)) == ["Default"]
