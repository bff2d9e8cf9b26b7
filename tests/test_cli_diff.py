"""`tuiflow diff`: its output on the shell, and its mistakes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from shell import Cli

from tuiflow.cli import output
from tuiflow.entities import Metric, Param
from tuiflow.store import Store

RUNS = {
    "bold-otter-3": ("0.5", {"rmse": 0.8222, "r2": 0.1268}),
    "bold-otter-7": ("0.1", {"rmse": 0.7793, "r2": 0.2157}),
    "able-crane-41": ("0.001", {"rmse": 0.7504, "r2": 0.2726}),
}


@pytest.fixture(autouse=True)
def compared(store: Store) -> None:
    wine = store.create_experiment("wine")
    for name, (alpha, metrics) in RUNS.items():
        run_id = store.create_run(wine, name, start_time=1_000_000).info.run_id
        points = [Metric(key, value, 1_000_500) for key, value in metrics.items()]
        store.log_batch(run_id, points, [Param("alpha", alpha), Param("data", "wine.csv")])
        store.finish_run(run_id, "FINISHED", 1_001_000)


def test_a_piped_table_is_plain_and_says_what_matters(cli: Cli) -> None:
    result = cli("diff", *RUNS)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].startswith(
        "able-crane-41 is best: rmse 0.7504 (−8.7 %) · 1 of 2 params differs: alpha"
    )
    heads = next(line for line in lines if "(baseline)" in line)
    assert heads.split() == ["bold-otter-3", "(baseline)", "bold-otter-7", "able-crane-41"]
    rmse = next(line for line in lines if line.startswith("  rmse"))
    assert rmse.split() == (
        ["rmse", "0.8222", "▲", "0.7793", "−0.0429", "−5.2%", "▲", "0.7504", "−0.0718", "−8.7%"]
    )
    # Under the head of its run, every value begins in the same column.
    assert heads.index("bold-otter-7") == rmse.index("▲")
    assert "params (1 equal: data)" in lines
    assert not any("wine.csv" in line for line in lines)
    assert "\x1b" not in result.out


def test_all_shows_the_equal_rows(cli: Cli) -> None:
    result = cli("diff", "--all", *RUNS)
    assert any(line.split()[:2] == ["data", "wine.csv"] for line in result.out.splitlines())
    assert "equal:" not in result.out


def test_the_baseline_can_be_chosen_and_swapping_it_negates_the_delta(cli: Cli) -> None:
    there = json.loads(cli("diff", *list(RUNS)[:2], "--format", "json").out)
    back = json.loads(
        cli("diff", *list(RUNS)[:2], "--baseline", "bold-otter-7", "--format", "json").out
    )
    assert [run["run_name"] for run in back["runs"]] == ["bold-otter-7", "bold-otter-3"]

    def deltas(record: dict[str, list[dict[str, list[dict[str, list[dict[str, float]]]]]]]) -> list:
        metrics = record["sections"][0]["rows"]
        return [row["cells"][1]["delta"] for row in metrics]

    assert deltas(there) == [-delta for delta in deltas(back)]
    assert len(deltas(there)) == 2


def test_json_markdown_and_csv_name_the_same_differences(cli: Cli) -> None:
    record = json.loads(cli("diff", *RUNS, "--format", "json").out)
    named = {
        (section["name"], row["key"])
        for section in record["sections"]
        for row in section["rows"]
        if row["differs"]
    }
    assert named == {("metrics", "rmse"), ("metrics", "r2"), ("params", "alpha")}
    rows = list(csv.DictReader(io.StringIO(cli("diff", *RUNS, "--format", "csv").out)))
    assert {(row["section"], row["key"]) for row in rows if row["differs"] == "true"} == named
    markdown = cli("diff", *RUNS, "--format", "md").out
    keys = [line.split(" | ")[0].strip("| ") for line in markdown.splitlines()]
    assert set(keys) >= {"rmse", "r2", "alpha"}
    assert "data" not in keys


def test_a_file_is_written_whole(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "out.md"
    result = cli("diff", *RUNS, "--format", "md", "-o", str(file))
    assert (result.code, result.out) == (0, "")
    assert file.read_text().startswith("**able-crane-41 is best")
    missing = tmp_path / "nowhere" / "out.md"
    result = cli("diff", *RUNS, "-o", str(missing))
    assert result.code == 2
    assert "Can't write" in result.err


def test_on_a_terminal_runs_that_do_not_fit_come_below(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda _: True)
    monkeypatch.setenv("COLUMNS", "80")
    lines = cli("diff", *RUNS).out.splitlines()
    assert max(map(len, lines)) <= 80
    heads = [line.split() for line in lines if "(baseline)" in line]
    assert heads == [
        ["bold-otter-3", "(baseline)", "bold-otter-7"],
        ["bold-otter-3", "(baseline)", "able-crane-41"],
    ]
    monkeypatch.setenv("COLUMNS", "120")
    assert sum("(baseline)" in line for line in cli("diff", *RUNS).out.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bold-otter-3"], "two different runs"),
        (["bold-otter-3", "bold-otter-3"], "two different runs"),
        (["bold-otter-3", "nobody"], "nobody"),
        (["bold-otter-3", "bold-otter-7", "--baseline", "nobody"], "nobody"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_2(cli: Cli, arguments: list[str], message: str) -> None:
    result = cli("diff", *arguments)
    assert result.code == 2
    assert result.out == ""
    assert message in result.err
    assert "Traceback" not in result.err


def test_hostile_names_are_printed_as_text(cli: Cli, store: Store) -> None:
    run_id = store.create_run("0", "evil\x1b[31m[red]").info.run_id
    store.log_batch(run_id, params=[Param("alpha", "a\nb\x07[bold]x")])
    result = cli("diff", "bold-otter-3", run_id)
    assert "evil␛[31m[red]" in result.out
    assert "a␊b␇[bold]x" in result.out
    assert "\x1b" not in result.out
