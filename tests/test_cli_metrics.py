"""`tuiflow metrics`: lists and charts."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from shell import Cli
from terminal import Terminal

from tuiflow.entities import Metric
from tuiflow.store import Store


@pytest.fixture
def run(store: Store) -> str:
    run_id = store.create_run("0", "r", 1000).info.run_id
    points = [Metric("val/loss", 1 / (step + 1), 1000 + step, step) for step in range(150)]
    points += [
        Metric("acc", 0.5, 5, 0),
        Metric("acc", math.nan, 6, 1),
        Metric("acc", math.inf, 7, 2),
    ]
    store.log_batch(run_id, [*points, Metric("one", 3.0, 9, 4)])
    return run_id


def test_summaries(cli: Cli, run: str) -> None:
    lines = [line.split() for line in cli("metrics", "r").out.splitlines()]
    assert lines[0] == ["METRIC", "LAST", "MIN", "MAX", "STEP", "POINTS"]
    assert lines[1] == ["acc", "inf", "0.500000", "inf", "2", "3"]
    assert lines[2] == ["one", "3", "3", "3", "4", "1"]
    by_key = {item["key"]: item for item in json.loads(cli("metrics", "r", "--format", "json").out)}
    assert by_key["acc"]["value"] == "Infinity"
    assert by_key["val/loss"]["count"] == 150
    assert cli("metrics", "r", "--csv").out.startswith(
        "key,value,min,max,first,step,count,timestamp"
    )
    assert cli("metrics", "r", "--format", "md").out.count("\n") == 5


def test_points(cli: Cli, run: str) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("metrics", "r", "val/loss", "--csv").out)))
    assert len(rows) == 150
    assert rows[3] == {"key": "val/loss", "step": "3", "timestamp": "1003", "value": "0.25"}
    found = json.loads(cli("metrics", "r", "acc", "one", "--format", "json").out)
    assert [(item["key"], item["value"]) for item in found] == [
        ("acc", 0.5), ("acc", "NaN"), ("acc", "Infinity"), ("one", 3.0),
    ]  # fmt: skip
    table = cli("metrics", "r", "val/loss")
    assert table.out.splitlines()[0].split() == ["STEP", "val/loss", "TIME"]
    assert len(table.out.splitlines()) == 101
    assert "the last 100 of 150 points" in table.err
    assert cli("metrics", "r", "val/loss", "-n", "0").out.count("\n") == 151
    assert cli("metrics", "r", "val/loss", "acc", "-n", "1", "--format", "md").out.count("\n") == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["r", "val/los"], "did you mean 'val/loss'?"),
        (["r", "nothing"], "it has: acc, one, val/loss"),
        (["r", "--plot"], "Name a metric to draw; run r"),
        (["r", "acc", "--plot", "--csv"], "has no format"),
        (["none"], "no run"),
        (["r", "--csv", "--format", "json"], "--csv or --format, not both"),
        (["r", "acc", "--plot", "--smooth", "nan"], "from 0 to 0.999"),
    ],
)
def test_mistakes(cli: Cli, run: str, arguments: list[str], message: str) -> None:
    result = cli("metrics", *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_plot_into_a_pipe(cli: Cli, run: str) -> None:
    lines = cli("metrics", "r", "val/loss", "--plot").out.splitlines()
    assert lines[0] == f"r ({run[:8]})"
    assert lines[1].startswith("val/loss: last 0.00666667 · min 0.00666667, max 1 · 150 points")
    chart = lines[2:]
    assert len(chart) == 20
    assert max(map(len, chart)) <= 80
    assert chart[-2].lstrip().startswith("└")
    assert any(0x2800 < ord(char) < 0x2900 for char in chart[0])
    assert "\x1b" not in "".join(lines)


def test_plot_marks_what_has_no_place(cli: Cli, run: str) -> None:
    chart = "\n".join(cli("metrics", "r", "acc", "--plot").out.splitlines()[2:])
    assert "×" in chart
    assert "▲" in chart
    plain = cli("metrics", "r", "acc", "--plot", "--ascii").out
    assert plain.isascii()
    assert {"x", "^"} <= set(plain)


def test_plot_where_the_encoding_has_no_braille(store: Store, run: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tuiflow", "metrics", "r", "val/loss", "acc", "--plot", "--log"],
        env={**os.environ, "TUIFLOW_STORE": str(store.root), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.decode("ascii").count("?") == 0


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (40, 12)])
def test_plot_fits_a_terminal(
    store: Store, run: str, tmp_path: Path, columns: int, rows: int
) -> None:
    command = f"{sys.executable} -m tuiflow metrics r val/loss acc --plot; echo end; sleep 60"
    environment = {"TUIFLOW_STORE": str(store.root)}
    terminal = Terminal(tmp_path, ["bash", "-c", command], environment, columns, rows)
    try:
        terminal.wait("end")
        screen = terminal.screen()
    finally:
        terminal.close()
    lines = screen.rstrip("\n").split("\n")
    assert lines[0].startswith(f"r ({run[:8]})")
    assert lines[-1] == "end"
    assert [line for line in lines if line.lstrip().startswith("└")]


def test_a_chart_is_saved_to_a_file(cli: Cli, run: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "loss.svg"
    result = cli("metrics", "r", "val/loss", "acc", "--save", str(path), "--smooth", "0.9", "--log")
    assert (result.code, result.out, result.err) == (0, "", "")
    text = path.read_text()
    assert "<!-- val/loss -->" in text and "<!-- r -->" in text
    data = tmp_path / "loss.csv"
    cli("metrics", "r", "acc", "--save", str(data))
    assert data.read_text().splitlines() == [
        "series,step,timestamp,value", "acc,0,5,0.5", "acc,1,6,nan", "acc,2,7,inf",
    ]  # fmt: skip


def test_a_chart_is_drawn_by_time(cli: Cli, run: str) -> None:
    chart = cli("metrics", "r", "val/loss", "--plot", "--by", "clock").out
    assert ":01.100" in chart.splitlines()[-1]
    by_time = cli("metrics", "r", "val/loss", "--plot", "--by", "time").out
    assert "0.05s" in by_time.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["acc", "--save", "x.gif"], "ends in .svg, .png, .pdf or .csv"),
        (["--save", "x.csv"], "Name a metric to draw"),
        (["acc", "--save", "x.csv", "--plot"], "--save writes a chart to its file"),
    ],
)
def test_mistakes_in_saving(
    cli: Cli, run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    result = cli("metrics", "r", *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert not list(tmp_path.glob("x.*"))
