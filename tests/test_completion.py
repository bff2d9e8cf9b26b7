"""Completion, asked for as shells ask."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from shell import Cli
from terminal import Terminal

from tuiflow.cli import completion
from tuiflow.entities import Metric, Param, RunTag
from tuiflow.store import Store

Complete = Callable[..., list[str]]

_MAIN = "import sys; sys.argv = ['tuiflow']; from tuiflow.__main__ import main; main()"


@pytest.fixture
def bash(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """What bash is offered for the last of the words it has cut its line into."""

    def complete(*words: str) -> list[str]:
        monkeypatch.setenv("_TUIFLOW_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", "\n".join(["tuiflow", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        result = cli()
        assert (result.code, result.err) == (0, "")
        return result.out.splitlines()

    return complete


@pytest.fixture
def ask(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """What a shell is told, in its own form, about a line that ends where the cursor is."""

    def complete(shell: str, line: str) -> str:
        for name, value in {
            "_TUIFLOW_COMPLETE": shell,
            "COMP_WORDS": line.replace(" ", "\n"),
            "COMP_CWORD": str(line.count(" ")),
            "_TYPER_COMPLETE_ARGS": line,
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        }.items():
            monkeypatch.setenv(name, value)
        result = cli()
        assert (result.code, result.err) == (0, "")
        return result.out

    return complete


@pytest.fixture
def runs(store: Store) -> dict[str, str]:
    wine = store.create_experiment("wine & cheese")
    ids = {}
    for index, name in enumerate(("first", "second", "odd $(name)")):
        ids[name] = store.create_run(wine, name, start_time=index).info.run_id
    store.log_batch(
        ids["first"],
        [Metric(key, 2.0, 1) for key in ("rmse", "val/rmse", "a b", "t:x")],
        [Param("alpha", "1")],
        [RunTag("stage", "x")],
    )
    for path in ("log.txt", "model/deep/MLmodel", "model/deep/data.bin"):
        with store.writing_artifact(ids["first"], path) as part:
            part.write_text("x")
    return ids


def test_runs(bash: Complete, store: Store, runs: dict[str, str]) -> None:
    short = {name: run_id[:8] for name, run_id in runs.items()}
    newest_first = [short["odd $(name)"], short["second"], short["first"]]
    assert bash("show", "") == ["latest", "best:", *newest_first]
    assert bash("show", "fir") == ["first"]
    assert short["first"] in bash("show", runs["first"][:3])
    assert bash("show", runs["first"][:20]) == [runs["first"][:20]]
    assert bash("diff", "first", "sec") == ["second"]
    assert bash("runs", "delete", "first", "sec") == ["second"]
    assert bash("runs", "restore", "") == []
    store.delete_runs([runs["second"]])
    assert bash("runs", "restore", "") == [short["second"]]
    assert bash("show", "sec") == []


def test_the_best_run_by_a_metric_behind_the_colon(bash: Complete, runs: dict[str, str]) -> None:
    assert bash("show", "best", ":") == ["a\\ b", "rmse", "t:x", "val/rmse"]
    assert bash("show", "best", ":", "r") == ["rmse"]
    assert bash("show", "bes") == ["best:a\\ b", "best:rmse", "best:t:x", "best:val/rmse"]
    assert bash("show", "'best:r") == ["best:rmse"]
    assert bash("show", "best", ":", "t", ":", "x") == ["x"]


def test_what_the_run_before_has(bash: Complete, runs: dict[str, str]) -> None:
    assert bash("metrics", "first", "r") == ["rmse"]
    assert bash("metrics", "best", ":", "rmse", "v") == ["val/rmse"]
    assert bash("metrics", "second", "") == []
    assert bash("artifacts", "cat", "first", "") == ["log.txt", "model/"]
    assert bash("artifacts", "get", "first", "mo") == [
        "model/deep/MLmodel", "model/deep/data.bin",
    ]  # fmt: skip
    assert bash("artifacts", "cat", "first", "model/deep/d") == ["model/deep/data.bin"]
    assert bash("artifacts", "cat", "first", "../") == []


def test_parameters(
    bash: Complete, runs: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bash("rerun", "first", "-P", "") == ["alpha=1"]
    assert bash("rerun", "first", "-P", "alpha", "=", "") == ["1"]
    assert bash("rerun", "none", "-P", "") == []
    inner = tmp_path / "repository" / "wine"
    inner.mkdir(parents=True)
    (inner / "train.py").touch()
    (inner / "MLproject").write_text(
        "entry_points:\n"
        "  main: {command: 'true', parameters: {alpha: {default: 0.5}, note: {default: '$(id)'}}}\n"
        "  tune: {command: 'true', parameters: {trials: int}}\n"
    )
    project = f"{inner.parent}#wine"
    assert bash("run", project, "-P", "") == ["alpha=0.5", "note="]
    assert bash("run", project, "-e", "tune", "-P", "") == ["trials="]
    assert bash("run", project, "-e", "t") == ["tune", "train.py"]
    assert bash("run", str(tmp_path / "none"), "-e", "") == []
    monkeypatch.chdir(inner)
    assert bash("run", "-P", "a") == ["alpha=0.5"]
    (inner / "MLproject").write_text("entry_points: 3")
    assert bash("run", "-P", "a") == []


def test_metrics_of_all_runs_where_none_is_named(bash: Complete, runs: dict[str, str]) -> None:
    assert bash("why", "") == ["a\\ b", "rmse", "t:x", "val/rmse"]
    assert bash("diff", "first", "second", "--by", "v") == ["val/rmse"]


def test_keys_of_filters_and_sorts(bash: Complete, runs: dict[str, str]) -> None:
    assert bash("runs", "--filter", "metrics.") == [
        "metrics.rmse",
        "metrics.t:x",
        "metrics.val/rmse",
    ]
    assert bash("runs", "-f", "'metrics.rmse < 1 and para") == ["metrics.rmse < 1 and params.alpha"]
    assert bash("runs", "--filter", "=", "tags.st") == ["tags.stage"]
    assert bash("runs", "--sort", "run_n") == ["run_name"]
    assert bash("runs", "--sort", "'metrics.rmse D") == ["metrics.rmse DESC"]
    assert bash("runs", "tag", "first", "--remove", "st") == ["stage"]


def test_experiments(bash: Complete, store: Store, runs: dict[str, str]) -> None:
    assert bash("runs", "-x", "w") == []  # & is not a plain character
    store.rename_experiment("1", "wine cheese")
    assert bash("runs", "-x", "w") == ["wine\\ cheese"]
    assert bash("runs", "-x", "'w") == ["wine cheese"]
    assert bash("runs", "move", "first", "D") == ["Default"]
    store.delete_experiment("1")
    assert bash("experiments", "restore", "w") == ["wine\\ cheese"]
    assert bash("experiments", "delete", "") == ["Default"]


def test_commands(bash: Complete, store: Store) -> None:
    assert bash("exper") == ["experiments"]
    assert {"delete", "restore", "tag", "note", "move", "export"} <= set(bash("runs", ""))


def test_at_most_so_many(bash: Complete, store: Store) -> None:
    for index in range(completion.LIMIT + 10):
        store.create_run("0", f"run{index:03}", start_time=index)
    found = bash("show", "run")
    assert len(found) == completion.LIMIT
    assert found[0] == "run059"
    assert bash("show", "run00") == [f"run00{index}" for index in range(9, -1, -1)]


def test_another_store(bash: Complete, store: Store, tmp_path: Path) -> None:
    store.create_run("0", "here")
    other = Store(tmp_path / "other.db")
    other.create_run("0", "hidden")
    assert bash("show", "h") == ["here"]
    assert bash("--store", str(tmp_path / "other.db"), "show", "h") == ["hidden"]
    assert bash("show", "--store", str(tmp_path / "other.db"), "h") == ["hidden"]
    other.close()


def test_nothing_is_said_where_something_is_amiss(
    bash: Complete, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "broken.db").write_text("not a store" * 100)
    assert bash("show", "--store", str(tmp_path / "none"), "") == []
    assert bash("show", "--store", str(tmp_path / "broken.db"), "") == []
    assert bash("metrics", "none", "") == []
    assert bash("artifacts", "cat", "none", "") == []
    assert not (tmp_path / "none").exists()


EVIL = (
    "$(touch x)",
    "`touch x`",
    "a\\$(touch x)",
    'a"b',
    "a'b",
    "a*",
    "a;b",
    "a|b",
    "[bold]",
    "\x1b",
)


@pytest.mark.parametrize("shell", ["complete_bash", "complete_zsh", "complete_fish"])
def test_no_name_is_evaluated_by_a_shell(
    store: Store, ask: Callable[[str, str], str], shell: str
) -> None:
    experiment = store.create_experiment("exp`touch y`")
    for name in EVIL:
        store.create_run(experiment, name)
    assert f"{store.resolve_run('latest')[:8]}" in ask(shell, "tuiflow show ")
    for line in ("tuiflow show ", "tuiflow show a", "tuiflow runs -x "):
        offered = ask(shell, line).replace("_arguments '*: :((", "").replace("))'", "")
        assert not set("$`;|*'\x1b&") & set(offered), offered


def test_descriptions_for_zsh_and_fish(
    runs: dict[str, str], ask: Callable[[str, str], str]
) -> None:
    assert ask("complete_fish", "tuiflow show fi").startswith("first\twine   cheese · ")
    zsh = ask("complete_zsh", "tuiflow show fi")
    assert zsh.startswith('_arguments \'*: :(("first":"wine   cheese · ')


def test_the_installed_command_completes(store: Store, runs: dict[str, str]) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _MAIN],
        env={
            **os.environ,
            "TUIFLOW_STORE": str(store.root),
            "_TUIFLOW_COMPLETE": "complete_bash",
            "COMP_WORDS": "tuiflow\nshow\nfi",
            "COMP_CWORD": "2",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "first\n", "")


@pytest.mark.parametrize(
    ("cut", "whole"),
    [
        (["show", "best", ":", "rmse"], ["show", "best:rmse"]),
        (["--store", "=", "x", "show"], ["--store=x", "show"]),
        (["show", ":"], ["show:"]),
        (["a", "b", ""], ["a", "b", ""]),
        ([], []),
    ],
)
def test_words_are_put_together_again(cut: list[str], whole: list[str]) -> None:
    assert completion.glue(cut) == whole


def test_in_a_real_bash(store: Store, runs: dict[str, str], tmp_path: Path) -> None:
    program = tmp_path / "bin" / "tuiflow"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport sys\nfrom tuiflow.__main__ import main\nsys.exit(main())\n"
    )
    program.chmod(0o700)
    environment = {
        "TUIFLOW_STORE": str(store.root),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }
    (tmp_path / "rc").write_text("eval \"$(tuiflow --show-completion bash)\"; PS1='ready> '\n")
    command = ["bash", "--rcfile", str(tmp_path / "rc"), "-i"]
    terminal = Terminal(tmp_path, command, environment)
    try:
        terminal.wait("ready>")
        terminal.type("tuiflow metrics best:rm")
        terminal.keys("Tab")
        terminal.wait("best:rmse")
        terminal.type("val")
        terminal.keys("Tab")
        terminal.wait("best:rmse val/rmse")
        terminal.type(" --csv")
        terminal.keys("Enter")
        terminal.wait(r"val/rmse,0,1,2\.0")
    finally:
        terminal.close()
