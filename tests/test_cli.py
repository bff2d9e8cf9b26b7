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
from ptys import Pty
from shell import Cli

from tuiflow.cli.main import app
from tuiflow.cli.needed import first_command
from tuiflow.cli.output import Column, columns_that_fit
from tuiflow.entities import Metric, Param, RunTag
from tuiflow.store import Store


@pytest.fixture
def runs(store: Store) -> dict[str, str]:
    """Three runs of an experiment `wine`, by name."""
    wine = store.create_experiment("wine")
    ids = {}
    for index, (name, alpha, rmse) in enumerate(
        [("a", "0.5", 0.82), ("b", "0.001", 0.75), ("c", "0.1", math.nan)]
    ):
        run = store.create_run(wine, name, start_time=1_000_000 + index, params={"alpha": alpha})
        ids[name] = run.info.run_id
        store.log_batch(run.info.run_id, [Metric("rmse", rmse, 5, 1)])
        store.finish_run(run.info.run_id, "FINISHED", end_time=1_002_000)
    return ids


def test_runs_as_a_table(cli: Cli, runs: dict[str, str]) -> None:
    result = cli("runs")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].split() == ["RUN", "NAME", "STATUS", "AGE", "TOOK", "RMSE", "ALPHA"]
    assert [line.split()[1] for line in lines[1:]] == ["c", "b", "a"]
    assert "\x1b" not in result.out
    assert lines[1].split()[-2:] == ["NaN", "0.1"]


def test_filter_sort_limit(cli: Cli, runs: dict[str, str]) -> None:
    def names(*arguments: str) -> list[str]:
        result = cli("runs", "--format", "json", *arguments)
        assert result.code == 0, result.err
        return [run["run_name"] for run in json.loads(result.out)]

    assert names("--sort", "metrics.rmse") == ["b", "a", "c"]
    assert names("--sort", "metrics.rmse DESC") == ["a", "b", "c"]
    assert names("--filter", "metrics.rmse < 0.8 or params.alpha = 0.5") == ["b", "a"]
    assert names("--filter", "not params.alpha in (0.1, 0.5)") == ["b"]
    assert names("--limit", "1") == ["c"]
    assert names("--limit", "9" * 20) == ["c", "b", "a"]
    assert names("--experiment", "wine", "--limit", "0") == ["c", "b", "a"]
    assert names("--experiment", "Default") == []


def test_a_key_that_no_run_has(cli: Cli, runs: dict[str, str]) -> None:
    result = cli("runs", "--filter", "metrics.rmsee < 1 and (params.alpha = 1 or not tags.zz = 1)")
    assert (result.code, result.out) == (0, "")
    assert result.err == (
        "No runs match. No run has metrics.rmsee; did you mean 'metrics.rmse'?"
        " No run has tags.zz.\n"
    )
    assert cli("runs", "--filter", "metrics.rmse > 9").err == "No runs match.\n"


def test_json_of_a_run(cli: Cli, store: Store, runs: dict[str, str]) -> None:
    record = json.loads(cli("show", "a", "--format", "json").out)
    assert list(record) == [
        "run_id", "run_name", "experiment_id", "experiment_name", "status", "start_time",
        "end_time", "lifecycle_stage", "artifact_uri", "params", "metrics", "tags", "inputs",
    ]  # fmt: skip
    assert record["metrics"] == {"rmse": 0.82}
    assert record["params"] == {"alpha": "0.5"}
    assert record["artifact_uri"] == str(store.artifact_folder(runs["a"]))
    [listed] = json.loads(cli("runs", "--filter", "run_name = 'a'", "--format", "json").out)
    assert listed == record
    [odd] = json.loads(cli("runs", "--filter", "run_name = 'c'", "--format", "json").out)
    assert odd["metrics"] == {"rmse": "NaN"}


def test_csv_and_markdown(cli: Cli, store: Store, runs: dict[str, str], tmp_path: Path) -> None:
    store.log_batch(runs["a"], tags=[RunTag("odd", 'a,"b"\nc')], params=[Param("only a", "x")])
    file = tmp_path / "out.csv"
    assert cli("runs", "--format", "csv", "-o", str(file)).out == ""
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    by_name = {row["run_name"]: row for row in rows}
    assert by_name["a"]["tags.odd"] == 'a,"b"\nc'
    assert by_name["b"]["params.only a"] == ""
    assert by_name["b"]["metrics.rmse"] == "0.75"
    assert by_name["a"]["start_time"] == "1970-01-01T00:16:40.000Z"
    table = cli("runs", "--format", "md").out.splitlines()
    assert table[0].startswith("| run | name |")
    assert len(table) == 5


def test_output_that_can_not_be_written(cli: Cli, runs: dict[str, str], tmp_path: Path) -> None:
    result = cli("runs", "-o", str(tmp_path / "none" / "x.csv"))
    assert (result.code, result.out) == (2, "")
    assert "Can't write" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["runs", "--filter", "metrics.rmse <"], "expected"),
        (["runs", "--filter", "rsme < 1"], "metrics.rmse"),
        (["runs", "--sort", "metrics."], "expected"),
        (["runs", "--experiment", "wien"], "there are: Default, wine"),
        (["show", "nothing"], "no run"),
        (["show", "0" * 32], "no run"),
        (["--store", "/nonexistent/x", "runs"], "tuiflow demo"),
        (["runs", "--store", "http://localhost:5000"], "not served yet"),
        (["ui"], "needs a terminal"),
        (["runs", "--format", "xml"], "xml"),
        (["no-such-command"], "no-such-command"),
    ],
)
def test_mistakes_end_in_a_sentence(
    cli: Cli, runs: dict[str, str], arguments: list[str], message: str
) -> None:
    result = cli(*arguments)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err


def test_naming_a_run(cli: Cli, store: Store, runs: dict[str, str]) -> None:
    def found(text: str) -> str:
        result = cli("show", text, "--format", "json")
        assert result.code == 0, result.err
        return str(json.loads(result.out)["run_name"])

    assert found(runs["a"]) == found(runs["a"][:12]) == found("a") == "a"
    assert found("latest") == "c"
    assert found("best:rmse") == "b"
    store.create_run("0", "a")
    result = cli("show", "a")
    assert result.code == 2
    assert runs["a"] in result.err


def test_experiments(cli: Cli, runs: dict[str, str]) -> None:
    listed = json.loads(cli("experiments", "--format", "json").out)
    assert {item["name"]: item["runs"] for item in listed} == {"wine": 3, "Default": 0}
    assert cli("experiments").out.splitlines()[1].split()[:3] == ["1", "wine", "3"]
    assert cli("experiments", "--format", "csv").out.startswith("experiment_id,name,runs")


def test_show_for_a_person(cli: Cli, store: Store, runs: dict[str, str]) -> None:
    with store.writing_artifact(runs["b"], "plots/a.png") as part:
        part.write_bytes(b"x" * 2000)
    out = cli("show", "b").out
    for text in (runs["b"], "alpha", "0.001", "rmse", "0.750000", "plots/", "1970"):
        assert text in out


def test_where(cli: Cli, store: Store, tmp_path: Path) -> None:
    out = cli("where").out
    assert out.splitlines()[0] == str(store.root)
    assert "TUIFLOW_STORE" in out
    assert "not there yet" in cli("where", "--store", str(tmp_path / "new")).out


def test_text_of_runs_reaches_the_terminal_as_text(cli: Cli, store: Store) -> None:
    run = store.create_run("0", "\x1b[31mred\x1b[0m [bold]x[/bold]\n\x07", params={"p": "\x9b2J"})
    for arguments in (["runs"], ["show", run.info.run_id], ["runs", "--format", "md"]):
        out = cli(*arguments).out
        assert not {"\x1b", "\x07", "\x9b"} & set(out)
        assert "␛[31mred" in out.replace("\\", "")
    result = cli("show", "\x1b[31m")
    assert "\x1b" not in result.err


@pytest.mark.parametrize("form", ["csv", "json", "table", "md"])
def test_data_on_a_terminal_is_harmless_and_raw_when_piped(
    cli: Cli, store: Store, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    run = store.create_run("0", "a", params={"p": "\x1b]0;owned\x07\x9b2J"}).info.run_id
    piped = [cli("runs", "--format", form).out, cli("show", run, "--format", form).out]
    assert all(("\x1b" in out) == (form == "csv") for out in piped)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    for arguments in (["runs"], ["show", run]):
        out = cli(*arguments, "--format", form).out
        assert not {"\x1b", "\x07", "\x9b"} & set(out)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("runs delete x", "runs"),
        ("--store show runs", "runs"),
        ("--store=show runs --filter x", "runs"),
        ("--help runs", None),
        ("", None),
        ("--store", None),
    ],
)
def test_the_command_that_a_line_names(line: str, word: str | None) -> None:
    assert first_command(line.split()) == word


def test_every_command_is_found_alone(cli: Cli, store: Store) -> None:
    for item in [*app.registered_commands, *app.registered_groups]:
        name = item.name or item.callback.__name__
        assert f"Usage: tuiflow {name} " in cli(name, "--help").out
        assert f"Usage: tuiflow {name} " in cli("--store", str(store.root), name, "--help").out
    everything = cli("--help").out
    assert "experiments" in everything
    assert "serve" in everything


def test_a_reader_that_has_had_enough(store: Store, runs: dict[str, str]) -> None:
    command = (
        f"{sys.executable} -m tuiflow runs --format json | head -c 10; echo ${{PIPESTATUS[0]}}"
    )
    result = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "TUIFLOW_STORE": str(store.root)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in result.stderr


def test_a_terminal_shows_the_columns_that_fit() -> None:
    columns = [Column(title) for title in ("run", "name", "status", "rmse", "data")]
    rows = [["2c127514", "rare-goat-234", "finished", "0.7504", "/some/where/" + "x" * 90]]
    widths = {width: columns_that_fit(columns, rows, width) for width in (10, 40, 41, 102, 103)}
    assert widths == {10: 2, 40: 3, 41: 4, 102: 4, 103: 5}


def test_output_goes_where_a_link_leads(cli: Cli, runs: dict[str, str], tmp_path: Path) -> None:
    file, link = tmp_path / "private.json", tmp_path / "link"
    file.write_text("old")
    file.chmod(0o600)
    link.symlink_to(file)
    assert cli("runs", "--format", "json", "-o", str(link)).code == 0
    assert link.is_symlink()
    assert len(json.loads(file.read_text())) == 3
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(item.name for item in tmp_path.iterdir() if item.is_file()) == [
        "link",
        "private.json",
    ]


def test_output_into_a_pipe_with_a_name(cli: Cli, runs: dict[str, str], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert cli("runs", "--format", "csv", "-o", str(pipe)).code == 0
        assert len(os.read(reader, 1 << 16).splitlines()) == 4
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_output_into_what_is_open(cli: Cli, runs: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("a") as log:
        log.write("before\n")
        log.flush()
        assert cli("runs", "--format", "csv", "-o", f"/dev/fd/{log.fileno()}").code == 0
        log.write("after\n")
    lines = file.read_text().splitlines()
    assert (lines[0], len(lines), lines[-1]) == ("before", 6, "after")


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_output_that_is_a_folder(cli: Cli, runs: dict[str, str], name: str) -> None:
    result = cli("runs", "-o", name)
    assert result.code == 2
    assert "is a folder; name a file" in result.err


def test_csv_quotes_a_lone_carriage_return(cli: Cli, store: Store, runs: dict[str, str]) -> None:
    store.create_experiment("odd\rname")
    store.log_batch(runs["a"], tags=[RunTag("odd", "x\ry")], params=[Param("p", "1\r2")])
    for arguments in (
        ["runs", "--format", "csv"],
        ["experiments", "csv", "wine"],
        ["experiments", "--format", "csv"],
        ["diff", "a", "b", "--format", "csv"],
    ):
        text = cli(*arguments).out
        assert "\r\n" not in text, arguments
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert {len(row) for row in rows} == {len(rows[0])}, arguments
        assert any("\r" in cell for row in rows for cell in row), arguments


def environment(store: Store, **variables: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return {**kept, "TUIFLOW_STORE": str(store.root), **variables}


@pytest.mark.parametrize("form", ["json", "csv"])
def test_data_in_a_pipe_are_whole_in_any_locale(
    store: Store, runs: dict[str, str], form: str
) -> None:
    store.log_batch(runs["a"], tags=[RunTag("odd", "déjà → 雪")])
    result = subprocess.run(
        [sys.executable, "-m", "tuiflow", "runs", "--format", form],
        env=environment(store, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0"),
        capture_output=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert "déjà → 雪" in result.stdout.decode()


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("runs >/dev/full", 1, "Standard output can't be written: No space left on device."),
        ("--version >/dev/full", 1, "Standard output can't be written: No space left on device."),
        ("runs --format csv >&-", 1, "Standard output can't be written: Bad file descriptor."),
        ("--help >&-", 1, "Standard output can't be written: Bad file descriptor."),
        ("runs -o out.csv >&-", 0, ""),
        ("doctor <&- >out.txt", 0, ""),
        ("runs >out.txt 2>&-", 0, ""),
        ("tail a >out.txt 2>/dev/full", 1, ""),
        ("show nothing 2>/dev/full", 2, ""),
        ("runs delete a <&-", 2, "There is no terminal to answer on"),
        (f"--store {'x' * 300} runs", 1, "File name too long."),
        ("demo --no-open", 1, "can't be used: Not a directory."),
    ],
)
def test_streams_and_files_that_fail_end_in_a_sentence(
    store: Store, runs: dict[str, str], tmp_path: Path, command: str, code: int, said: str
) -> None:
    (tmp_path / "file").touch()
    result = subprocess.run(
        ["bash", "-c", f'"$0" -m tuiflow {command}', sys.executable],
        env=environment(store, XDG_DATA_HOME=str(tmp_path / "file")),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (result.returncode, result.stderr.count("\n")) == (code, 1 if said else 0)
    assert said in result.stderr


def test_a_dumb_terminal_shows_no_app(
    store: Store, runs: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUIFLOW_STORE", str(store.root))
    with Pty([sys.executable, "-m", "tuiflow"], {"TERM": "dumb"}) as terminal:
        assert terminal.end() == 2
        assert b"needs a terminal" in terminal.sent
        assert b"\x1b" not in terminal.sent
