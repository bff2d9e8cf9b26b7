"""Artifacts from the shell."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from shell import Cli
from terminal import Terminal

from tuiflow.store import Store

BINARY = bytes(range(256)) * 3


@pytest.fixture
def run(store: Store) -> str:
    run_id = store.create_run("0", "r").info.run_id
    for path, data in {
        "a.txt": b"one\ntwo\x1b[31m\n",
        "plots/b.png": BINARY,
        "plots/deep/c.json": b"{}",
    }.items():
        with store.writing_artifact(run_id, path) as part:
            part.write_bytes(data)
    return run_id


def test_ls(cli: Cli, run: str) -> None:
    def listed(*arguments: str) -> list[str]:
        result = cli("artifacts", "ls", "r", *arguments, "--format", "json")
        assert result.code == 0, result.err
        return [item["path"] for item in json.loads(result.out)]

    assert listed() == ["a.txt", "plots"]
    assert listed("plots/") == ["plots/b.png", "plots/deep"]
    assert listed("plots/b.png") == ["plots/b.png"]
    assert listed("-R") == ["a.txt", "plots", "plots/b.png", "plots/deep", "plots/deep/c.json"]
    table = cli("artifacts", "ls", "r").out
    assert table.splitlines()[1:] == ["a.txt     13 B", "plots/       –"]
    rows = list(csv.reader(io.StringIO(cli("artifacts", "ls", "r", "--format", "csv").out)))
    assert rows == [
        ["path", "is_dir", "file_size"], ["a.txt", "False", "13"], ["plots", "True", ""],
    ]  # fmt: skip
    assert cli("artifacts", "ls", "r", "--format", "md").out.startswith("| artifact | size |")


def test_get(cli: Cli, run: str, tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder"
    result = cli("artifacts", "get", "r", "plots/b.png", "-o", str(target))
    assert result.code == 0, result.err
    assert (target / "b.png").read_bytes() == BINARY
    assert cli("artifacts", "get", "r", "plots", "-o", str(target)).code == 0
    assert (target / "plots" / "deep" / "c.json").read_text() == "{}"
    assert "3 files" in cli("artifacts", "get", "r", "-o", str(target)).err
    assert (target / run / "plots" / "deep" / "c.json").read_text() == "{}"
    assert {file.name for file in target.iterdir()} == {"b.png", "plots", run}


@pytest.mark.parametrize("path", ["a.txt", "plots"])
def test_get_overwrites_nothing_unasked(
    cli: Cli, store: Store, run: str, tmp_path: Path, path: str
) -> None:
    there = tmp_path / path
    if path == "plots":
        there.mkdir()
        (there / "mine").write_text("mine")
    else:
        there.write_text("mine")
    result = cli("artifacts", "get", "r", path, "-o", str(tmp_path))
    assert (result.code, "--yes" in result.err) == (2, True)
    assert (there / "mine" if there.is_dir() else there).read_text() == "mine"
    assert cli("artifacts", "get", "r", path, "-o", str(tmp_path), "--yes").code == 0
    if path == "plots":
        assert {file.name for file in there.iterdir()} == {"b.png", "deep"}
    else:
        assert there.read_bytes() == b"one\ntwo\x1b[31m\n"


def test_get_leaves_nothing_half_written(cli: Cli, store: Store, run: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    folder = store.artifact_folder(run)
    (folder / "plots" / "link").symlink_to(secret)
    (folder / "loop").symlink_to(folder)
    target = tmp_path / "out"
    result = cli("artifacts", "get", "r", "-o", str(target))
    assert result.code == 0
    assert "left out plots/link: a link" in result.err
    assert "left out loop: a link" in result.err
    copied = [file for file in target.rglob("*") if file.is_file()]
    assert {file.name for file in copied} == {"a.txt", "b.png", "c.json"}
    if os.getuid() != 0:
        (folder / "plots" / "deep" / "c.json").chmod(0)
        assert cli("artifacts", "get", "r", "plots", "-o", str(target)).code == 2
        assert {file.name for file in target.iterdir()} == {run}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["get", "r", "none"], "no artifact 'none'"),
        (["get", "r", "../../x"], "stay inside"),
        (["get", "r", "a.txt", "-o", "FILE"], "is a file"),
        (["cat", "r", "plots"], "is a folder"),
        (["cat", "r", "/etc/passwd"], "stay inside"),
        (["cat", "r", "none"], "no artifact 'none'"),
        (["ls", "r", "none"], "no artifact 'none'"),
        (["ls", "none"], "no run"),
    ],
)
def test_mistakes(cli: Cli, run: str, tmp_path: Path, arguments: list[str], message: str) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    result = cli("artifacts", *(str(file) if word == "FILE" else word for word in arguments))
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert file.read_text() == "mine"


@pytest.mark.parametrize("path", ["a.txt", "plots/b.png"])
def test_cat_into_a_pipe_is_byte_for_byte(store: Store, run: str, path: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tuiflow", "artifacts", "cat", "r", path],
        env={**os.environ, "TUIFLOW_STORE": str(store.root)},
        capture_output=True,
        timeout=60,
    )
    assert result.returncode == 0
    assert result.stdout == store.artifact_path(run, path).read_bytes()


def test_cat_on_a_terminal_is_harmless(store: Store, run: str, tmp_path: Path) -> None:
    cat = f"{sys.executable} -m tuiflow artifacts cat r"
    command = f'{cat} a.txt; echo "[$?]"; {cat} plots/b.png; echo "[$?]"; echo end; sleep 60'
    terminal = Terminal(tmp_path, ["bash", "-c", command], {"TUIFLOW_STORE": str(store.root)})
    try:
        terminal.wait("end")
        screen = terminal.screen()
    finally:
        terminal.close()
    assert "two␛[31m" in screen
    assert "is a binary file; copy it with: tuiflow artifacts get" in screen.replace("\n", "")
    assert "[0]" in screen
    assert "[2]" in screen
