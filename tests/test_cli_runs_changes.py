"""What changes runs from the shell, and what exports them."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from ptys import Pty
from shell import Cli

from tuiflow.entities import TAG_NOTE, Metric, RunTag, ViewType
from tuiflow.protocols import RunQuery
from tuiflow.store import Store


@pytest.fixture
def runs(store: Store) -> dict[str, str]:
    """Runs a, b, c of `wine`, with alpha 1, 2, 3."""
    wine = store.create_experiment("wine")
    ids = {}
    for index, name in enumerate("abc", 1):
        run = store.create_run(wine, name, start_time=index, params={"alpha": str(index)})
        ids[name] = run.info.run_id
        store.log_batch(ids[name], [Metric("rmse", index / 10, 5, 1)], tags=[RunTag("k", name)])
        store.finish_run(ids[name], "FINISHED", end_time=1000)
    return ids


def active(store: Store, view: ViewType = ViewType.ACTIVE_ONLY) -> set[str]:
    return {run.info.run_name for run in store.search_runs(RunQuery(view=view))}


def test_delete_and_restore(cli: Cli, store: Store, runs: dict[str, str]) -> None:
    deleted = cli("runs", "delete", "a", runs["b"][:10], "--yes")
    assert deleted.code == 0
    assert "deleted 2 runs (a, b)" in deleted.out
    assert active(store) == {"c"}
    undo = deleted.err.split("restore with: tuiflow ")[1].split()
    assert cli(*undo).out == "restored 2 runs (a, b)\n"
    assert active(store) == {"a", "b", "c"}
    one = cli("runs", "delete", "best:rmse", "-y")
    assert one.out == f"deleted run a ({runs['a'][:8]})\n"
    assert cli("runs", "restore", "a").out == f"restored run a ({runs['a'][:8]})\n"


def test_restoring_by_time_is_told_what_is_wrong(cli: Cli, runs: dict[str, str]) -> None:
    both = cli("runs", "restore", "a", "--deleted-at", "5")
    assert both.code == 2 and "name none" in both.err
    never = cli("runs", "restore", "--deleted-at", "5")
    assert never.code == 2 and "No runs were deleted at that time" in never.err
    for number in ("9" * 20, "-" + "9" * 20):
        assert cli("runs", "restore", "--deleted-at", number) == never


def test_what_undoes_a_change_names_the_store(cli: Cli, store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other store.db")
    other.create_run("0", "a")
    for arguments in (["--store", str(other.database), "runs"], ["runs"]):
        named = [] if arguments[0] == "--store" else ["--store", str(other.database)]
        deleted = cli(*arguments, "delete", "a", "--yes", *named)
        undo = shlex.split(deleted.err.split("restore with: tuiflow ")[1])
        assert cli(*undo).code == 0
        assert active(other) == {"a"}
    other.close()


def test_delete_by_filter(cli: Cli, store: Store, runs: dict[str, str]) -> None:
    result = cli("runs", "delete", "--filter", "params.alpha >= 2", "-x", "wine", "--yes")
    assert "deleted 2 runs" in result.out
    assert active(store) == {"a"}
    assert cli("runs", "restore", "-x", "wine", "--yes").code == 0
    assert active(store) == {"a", "b", "c"}
    assert cli("runs", "delete", "-x", "wine", "--yes").code == 0
    assert active(store) == set()


@pytest.mark.parametrize("selection", [["a"], ["--filter", "params.alpha > 1"]])
def test_nothing_is_deleted_unasked(
    cli: Cli, store: Store, runs: dict[str, str], selection: list[str]
) -> None:
    result = cli("runs", "delete", *selection)
    assert result.code == 2
    assert "--yes" in result.err
    assert active(store) == {"a", "b", "c"}


@pytest.mark.parametrize(("answer", "left"), [("n", {"a", "b", "c"}), ("y", {"c"})])
def test_asks_on_a_terminal(
    store: Store, runs: dict[str, str], answer: str, left: set[str]
) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tuiflow", "runs", "delete", "a", "b"],
        env={**os.environ, "TUIFLOW_STORE": str(store.root)},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.write(ours, f"{answer}\n".encode())
    _, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert "Delete 2 runs (a, b)? [y/N]" in err
    assert process.returncode == (0 if answer == "y" else 1)
    assert active(store) == left


@pytest.mark.parametrize(("key", "code"), [(b"\x03", 130), (b"\x04", 1)], ids=["ctrl+C", "ctrl+D"])
def test_leaving_a_question_is_no_answer(
    store: Store, runs: dict[str, str], monkeypatch: pytest.MonkeyPatch, key: bytes, code: int
) -> None:
    monkeypatch.setenv("TUIFLOW_STORE", str(store.root))
    with Pty([sys.executable, "-m", "tuiflow", "runs", "delete", "a", "b"]) as terminal:
        terminal.wait(r"\[y/N\]")
        terminal.for_seconds(0.5)  # ctrl+C right before it waits for a line is heard after that
        terminal.write(key)
        terminal.wait("Nothing was changed")
        assert terminal.end() == code
    assert active(store) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["runs", "delete", "--yes"], "Name the runs"),
        (["runs", "delete", "a", "--filter", "x = 1", "--yes"], "not both"),
        (["runs", "delete", "--filter", "params.alpha > 9", "--yes"], "No runs match"),
        (["runs", "delete", "--filter", "metrics.rmse <", "--yes"], "expected"),
        (["runs", "delete", "zz", "--yes"], "no run 'zz'"),
        (["runs", "delete", "ab", "--yes"], "takes 4 characters or more"),
        (["runs", "restore", "a"], "no deleted run 'a'"),
        (["runs", "--filter", "params.alpha > 1", "delete", "--yes"], "after the command"),
        (["runs", "tag", "a"], "KEY=VALUE"),
        (["runs", "tag", "a", "x"], "KEY=VALUE"),
        (["runs", "tag", "a", "x=1", "--remove", "x"], "at once"),
        (["runs", "tag", "a", "--remove", "none"], "no tag 'none'"),
        (["runs", "tag", "--filter", "params.alpha > 1", "x=1"], "--yes"),
        (["runs", "move", "a"], "the experiment"),
        (["runs", "move", "a", "b", "new"], "tuiflow experiments create new"),
        (["runs", "note", "a", "text", "--edit"], "not both"),
        (["runs", "export", "a", "--format", "table"], "json, csv or md"),
    ],
)
def test_mistakes(
    cli: Cli, store: Store, runs: dict[str, str], arguments: list[str], message: str
) -> None:
    before = [store.get_run(run_id) for run_id in runs.values()]
    result = cli(*arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert [store.get_run(run_id) for run_id in runs.values()] == before


def test_states_that_forbid(cli: Cli, store: Store, runs: dict[str, str]) -> None:
    assert "is not deleted" in cli("runs", "restore", runs["a"]).err
    store.delete_runs([runs["a"]])
    result = cli("runs", "delete", runs["a"], "--yes")
    assert (result.code, f"runs restore {runs['a'][:8]}" in result.err) == (2, True)
    store.delete_experiment("1")
    result = cli("runs", "restore", runs["b"])
    assert (result.code, "tuiflow experiments restore wine" in result.err) == (2, True)
    for name, word in (("-w", "1"), ("red wine", "'red wine'"), ("red\nwine", "1")):
        store.restore_experiment("1")
        store.rename_experiment("1", name)
        store.delete_experiment("1")
        result = cli("runs", "restore", runs["b"])
        assert result.err.endswith(f"restore it with: tuiflow experiments restore {word}\n")


@pytest.mark.parametrize("name", ["--wine", "red\nwine", "red wine"])
def test_moving_back_to_a_name_that_is_no_word(
    cli: Cli, store: Store, runs: dict[str, str], name: str
) -> None:
    store.rename_experiment("1", name)
    moved = cli("runs", "move", "a", "Default")
    back = shlex.split(moved.err.split("move back with: tuiflow ")[1])
    assert cli(*back).code == 0
    assert store.get_run(runs["a"]).info.experiment_name == name


def test_tag(cli: Cli, store: Store, runs: dict[str, str]) -> None:
    result = cli("runs", "tag", "a", "k=x=y", "new=1", "--yes")
    title = f"a ({runs['a'][:8]})"
    assert result.out == f"{title}: k=x=y (was a)\n{title}: new=1\n"
    tags = store.get_run(runs["a"]).data.tags
    assert (tags["k"], tags["new"]) == ("x=y", "1")
    assert cli("runs", "tag", "a", "--remove", "new").out == f"{title}: removed new (was 1)\n"
    assert "new" not in store.get_run(runs["a"]).data.tags
    result = cli("runs", "tag", "stage=good", "-f", "params.alpha > 1", "--remove", "k", "--yes")
    assert result.out == "changed tags of 2 runs of 2\n"
    assert [store.get_run(runs[name]).data.tags.get("stage") for name in "abc"] == [
        None, "good", "good",
    ]  # fmt: skip


def test_note(
    cli: Cli,
    store: Store,
    runs: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def note() -> str | None:
        return store.get_run(runs["a"]).data.tags.get(TAG_NOTE)

    assert "has no note" in cli("runs", "note", "a").err
    assert "wrote the note of a" in cli("runs", "note", "a", "first").out
    assert cli("runs", "note", "a").out == "first\n"
    refused = cli("runs", "note", "a", "second")
    assert (refused.code, note()) == (2, "first")
    monkeypatch.setattr("sys.stdin", io.StringIO("# two\nlines\n"))
    assert "(2 lines)" in cli("runs", "note", "a", "-", "--yes").out
    assert note() == "# two\nlines"
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho third >> "$2"; exit $1\n')
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", f"{editor} 0")
    assert cli("runs", "note", "a", "--edit").code == 0
    assert note() == "# two\nlinesthird"
    monkeypatch.setenv("VISUAL", f"{editor} 1")
    assert cli("runs", "note", "a", "--edit").code == 2
    assert note() == "# two\nlinesthird"
    assert "removed the note" in cli("runs", "note", "a", "", "--yes").out
    assert note() is None


def test_move(cli: Cli, store: Store, runs: dict[str, str]) -> None:
    with store.writing_artifact(runs["a"], "x.txt") as part:
        part.write_text("here")
    cli("experiments", "create", "my best")
    result = cli("runs", "move", "a", "b", "my best")
    assert result.out == "moved 2 runs (a, b) to my best\n"
    assert store.get_run(runs["a"]).info.experiment_name == "my best"
    assert store.artifact_path(runs["a"], "x.txt").read_text() == "here"
    undo = result.err.split("move back with: tuiflow ")[1].split()
    assert cli(*undo).code == 0
    assert store.get_run(runs["a"]).info.experiment_name == "wine"
    assert "already" in cli("runs", "move", "a", "wine").out
    assert cli("runs", "move", "-f", "params.alpha = 3", "my best", "-y").code == 0
    assert store.get_run(runs["c"]).info.experiment_name == "my best"


def test_export_holds_everything(
    cli: Cli, store: Store, runs: dict[str, str], tmp_path: Path
) -> None:
    store.log_batch(runs["a"], [Metric("rmse", math.nan, 7, 2), Metric("one", 4.0, 3, 0)])
    with store.writing_artifact(runs["a"], "plots/a.txt") as part:
        part.write_text("plot")
    file, folder = tmp_path / "out.json", tmp_path / "files"
    result = cli("runs", "export", "a", "b", "-o", str(file), "--artifacts", str(folder))
    assert result.code == 0, result.err
    assert f"wrote 2 runs to {file}" in result.out
    first, second = json.loads(file.read_text())
    assert first["history"]["rmse"] == {
        "step": [1, 2], "timestamp": [5, 7], "value": [0.1, "NaN"],
    }  # fmt: skip
    assert first["artifacts"] == [{"path": "plots/a.txt", "size": 4}]
    assert second["params"] == {"alpha": "2"}
    assert (folder / runs["a"] / "plots" / "a.txt").read_text() == "plot"
    assert cli("runs", "export", "a", "--artifacts", str(folder)).code == 2


def test_export_in_other_forms(cli: Cli, runs: dict[str, str]) -> None:
    rows = list(
        csv.DictReader(io.StringIO(cli("runs", "export", "-x", "wine", "--format", "csv").out))
    )
    assert [row["params.alpha"] for row in rows] == ["3", "2", "1"]
    report = cli("runs", "export", "a", "b", "--format", "md").out
    assert report.count("\n# ") == 1
    assert report.startswith("# a\n\n| attribute | value |")
    assert json.loads(cli("runs", "export", "c").out)[0]["run_id"] == runs["c"]


def test_no_escape_sequence_gets_through(
    cli: Cli, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    evil = "\x1b]0;x\x07\x9b2J"
    experiment = store.create_experiment(f"e{evil}")
    run = store.create_run(experiment, f"r{evil}", tags={"k": evil}).info.run_id
    store.log_batch(run, [Metric("m", 1.0, 5)], tags=[RunTag(TAG_NOTE, evil)])
    with store.writing_artifact(run, "a.txt") as part:
        part.write_text(evil)
    store.finish_run(run, "FINISHED")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    for arguments in (
        ["runs", "note", run],
        ["runs", "note", run, "new"],
        ["runs", "tag", run, "k=2", "--yes"],
        ["runs", "tag", run, f"k={evil}"],
        ["runs", "move", run, "Default"],
        ["runs", "move", run, f"e{evil}"],
        ["runs", "delete", run],
        ["runs", "delete", run, "--yes"],
        ["runs", "delete", run, "--yes"],
        ["experiments", "delete", experiment],
        ["experiments", "delete", experiment, "--yes"],
        ["runs", "restore", run],
        ["experiments", "restore", experiment],
        ["runs", "restore", run],
        ["runs", "export", run],
        ["runs", "export", run, "--format", "csv"],
        ["runs", "export", run, "--format", "md"],
        ["experiments", "csv", experiment],
        ["metrics", run],
        ["metrics", run, "m", "--plot"],
        ["metrics", run, evil],
        ["artifacts", "ls", run, "--format", "json"],
        ["artifacts", "get", run, "-o", str(tmp_path / "out")],
        ["artifacts", "cat", run, "a.txt"],
        ["tail", run],
        ["tail", run, "--format", "json"],
        ["runs", "-x", experiment, "--filter", f"metrics.`{evil}` > 1"],
    ):
        result = cli(*arguments)
        assert result.out or result.err, arguments
        assert not {"\x1b", "\x07", "\x9b"} & set(result.out + result.err), arguments
