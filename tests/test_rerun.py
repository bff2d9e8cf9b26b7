"""`tuiflow rerun`: runs done again at the same commit, with the same changes and parameters."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from repositories import Repository
from shell import Cli
from test_project_sources import zipped

from tuiflow.entities import Run
from tuiflow.errors import InvalidInput
from tuiflow.projects.request import Request, from_json, without_secrets
from tuiflow.protocols import RunQuery
from tuiflow.store import Store

MLPROJECT = """\
entry_points:
  main:
    parameters: {n: {type: int, default: 1}, data: {type: path, default: data.csv}}
    command: python train.py {n} {data}
"""
TRAIN = "import sys; print({!r}, sys.argv[1], open(sys.argv[2]).read(), *sys.argv[3:])"


@pytest.fixture(autouse=True)
def capture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUIFLOW_CAPTURE", "all")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    found = Repository(tmp_path / "repo")
    found.write({"MLproject": MLPROJECT, "train.py": TRAIN.format("one"), "data.csv": "d"})
    found.commit()
    return found


def latest(store: Store) -> Run:
    return store.get_run(store.resolve_run("latest"))


def test_in_place_while_nothing_has_changed(cli: Cli, store: Store, repository: Repository) -> None:
    arguments = ("-P", "n=2", "-P", "more=x", "--experiment", "wine", "--run-name", "first")
    assert cli("run", str(repository.folder), *arguments).out == "one 2 d --more x\n"
    done = cli("rerun", "first", "-P", "n=3", "--run-name", "second")
    assert (done.code, done.out) == (0, "one 3 d --more x\n"), done.err
    run = latest(store)
    assert run.info.run_name == "second"
    assert run.info.experiment_name == "wine"
    assert run.data.params == {"n": "3", "data": f"{repository.folder}/data.csv", "more": "x"}
    assert run.data.tags["mlflow.source.git.commit"] == repository.head()
    done = cli("rerun", "first", "--experiment", "other")
    assert latest(store).info.experiment_name == "other"
    assert latest(store).data.params["n"] == "2"


def test_at_the_same_commit_when_the_folder_has_moved_on(
    cli: Cli, store: Store, repository: Repository
) -> None:
    cli("run", str(repository.folder), "--run-name", "first")
    before = latest(store)
    first = repository.head()
    repository.write({"train.py": TRAIN.format("two"), "data.csv": "e"})
    repository.commit()
    done = cli("rerun", "first")
    assert (done.code, done.out) == (0, "one 1 d\n"), done.err
    assert f"has changed since: running commit {first[:12]} in a checkout" in done.err
    tags = latest(store).data.tags
    assert tags["mlflow.source.git.commit"] == first
    assert tags["mlflow.source.name"] == before.data.tags["mlflow.source.name"]
    assert tags["tuiflow.rerun_of"] == before.info.run_id
    assert cli("rerun", "latest").out == "one 1 d\n"
    assert repository.git("status", "--porcelain") == ""


def test_with_the_uncommitted_changes_of_the_run(
    cli: Cli, store: Store, repository: Repository
) -> None:
    repository.write({"train.py": TRAIN.format("changed")})
    cli("run", str(repository.folder), "--run-name", "first")
    assert store.contents.get(latest(store).info.run_id, "patch")
    assert "in a checkout" not in cli("rerun", "first").err
    repository.write({"train.py": TRAIN.format("changed again")})
    done = cli("rerun", "first", "--run-name", "again")
    assert (done.code, done.out) == (0, "changed 1 d\n"), done.err
    assert "with its uncommitted changes in a checkout" in done.err
    repository.commit()
    assert cli("rerun", "again").out == "changed 1 d\n"
    patches = {
        store.contents.get(run.info.run_id, "patch") for run in store.search_runs(RunQuery())
    }
    assert len(patches) == 1


def test_changes_that_were_not_recorded(
    cli: Cli, store: Store, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUIFLOW_CAPTURE", "tags")
    repository.write({"train.py": TRAIN.format("changed")})
    cli("run", str(repository.folder), "--run-name", "first")
    assert store.contents.list(latest(store).info.run_id)[0].kind == "project"
    done = cli("rerun", "first")
    assert done.out == "one 1 d\n"
    assert "whether the run had uncommitted changes is not recorded" in done.err


def test_changes_that_were_not_kept_whole(
    cli: Cli, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_PASSWORD", "correct-horse-battery")
    repository.write({"train.py": TRAIN.format("correct-horse-battery")})
    cli("run", str(repository.folder), "--run-name", "first")
    assert cli("rerun", "first").code == 0  # the folder is still as it was
    repository.git("checkout", "-q", ".")
    done = cli("rerun", "first")
    assert done.code == 2
    assert "were not kept whole (secrets taken out)" in done.err


def test_a_version_of_a_repository(
    cli: Cli, store: Store, repository: Repository, tmp_path: Path
) -> None:
    bare = repository.bare(tmp_path / "bare.git")
    cli("run", str(bare), "-v", "main", "-P", "n=2", "--run-name", "first")
    first = repository.head()
    repository.write({"train.py": TRAIN.format("two")})
    repository.commit()
    repository.git("push", "-q", str(bare), "main")
    assert cli("run", str(bare), "-v", "main").out.startswith("two")
    done = cli("rerun", "first")
    assert (done.code, done.out) == (0, "one 2 d\n"), done.err
    assert latest(store).data.tags["mlflow.source.git.commit"] == first


def test_a_commit_that_is_gone(cli: Cli, repository: Repository, tmp_path: Path) -> None:
    bare = repository.bare(tmp_path / "bare.git")
    cli("run", str(bare), "--run-name", "first")
    shutil.rmtree(Path(os.environ["XDG_CACHE_HOME"]))
    shutil.rmtree(bare)
    other = Repository(tmp_path / "other")
    other.write({"x": ""})
    other.commit()
    other.bare(bare)
    done = cli("rerun", "first")
    assert done.code == 2
    assert "is not to be had from" in done.err


def test_a_folder_that_is_gone(cli: Cli, repository: Repository) -> None:
    repository.git("remote", "add", "origin", "https://user:secret@example.org/r.git")
    cli("run", str(repository.folder), "--run-name", "first")
    head = repository.head()
    repository.folder.rename(repository.folder.parent / "moved")
    done = cli("rerun", "first")
    assert done.code == 2
    assert "is gone" in done.err
    assert f"-v {head}" in done.err
    assert "secret" not in done.err


def test_a_folder_without_git_is_run_as_it_is_now(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p/x.sh").write_text("echo one")
    cli("run", str(tmp_path / "p"), "-e", "x.sh", "--run-name", "first")
    (tmp_path / "p/x.sh").write_text("echo two")
    done = cli("rerun", "first")
    assert done.out == "two\n"
    assert "is in no git repository: it is run as it is now" in done.err


def test_a_zip_file_must_be_the_same(cli: Cli, tmp_path: Path) -> None:
    file = zipped(tmp_path / "p.zip", {"x.py": "print('one')"})
    cli("run", str(file), "-e", "x.py", "--run-name", "first")
    assert cli("rerun", "first").out == "one\n"
    zipped(file, {"x.py": "print('two')"})
    done = cli("rerun", "first")
    assert done.code == 2
    assert "has changed" in done.err


def test_paths_are_those_of_the_first_run(
    cli: Cli, store: Store, repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.csv").write_text(name)
    monkeypatch.chdir(tmp_path / "here")
    assert cli("run", "../repo", "-P", "data=mine.csv").out == "one 1 here\n"
    monkeypatch.chdir(tmp_path / "there")
    assert cli("rerun", "latest").out == "one 1 here\n"
    assert cli("rerun", "latest", "-P", "data=mine.csv").out == "one 1 there\n"


def test_a_dry_run_says_what_and_does_nothing(
    cli: Cli, store: Store, repository: Repository
) -> None:
    cli("run", str(repository.folder), "-P", "n=2", "--run-name", "first")
    done = cli("rerun", "first", "-P", "more=a b", "--dry-run")
    assert done.code == 0
    lines = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert lines["command"] == f"python train.py 2 {repository.folder}/data.csv --more 'a b'"
    assert lines["folder"] == str(repository.folder)
    assert store.count_runs(RunQuery()) == 1


# plain scripts


@pytest.fixture
def script(tmp_path: Path, store: Store) -> Path:
    """A script that was run by itself, recorded as `plain`."""
    file = tmp_path / "train script.py"
    file.write_text(
        "import sys, tuiflow as mlflow\n"
        "with mlflow.start_run(run_name='plain'): mlflow.log_param('x', sys.argv[1])\n"
    )
    environment = {**os.environ, "TUIFLOW_STORE": str(store.root)}
    environment["PYTHONPATH"] = str(Path(__file__).parent.parent)
    command = [sys.executable, file.name, "a b; c"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    return file


def test_a_plain_script_is_run_once_confirmed(
    cli: Cli, store: Store, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    shown = f"in {script.parent}: {sys.executable} 'train script.py' 'a b; c'"
    done = cli("rerun", "plain", "--dry-run")
    assert (done.code, shown in done.err) == (0, True), done.err
    done = cli("rerun", "plain")
    assert (done.code, shown in done.err, "--yes" in done.err) == (2, True, True)
    assert store.count_runs(RunQuery()) == 1
    done = cli("rerun", "plain", "--yes")
    assert done.code == 0, done.err
    run = latest(store)
    assert run.data.params == {"x": "a b; c"}
    assert run.data.tags["mlflow.source.type"] == "LOCAL"
    assert run.data.tags["mlflow.source.name"] == str(script)
    assert store.count_runs(RunQuery()) == 2
    done = cli("rerun", run.info.run_id, "-P", "x=1", "--yes")
    assert (done.code, "-P is for runs of projects" in done.err) == (2, True)


def test_a_script_whose_folder_is_gone(cli: Cli, store: Store, script: Path) -> None:
    run_id = latest(store).info.run_id
    for tags, said in (
        ({"tuiflow.cwd": "/nowhere"}, "is gone"),
        ({"tuiflow.cwd": ""}, "recorded no command"),
        ({"tuiflow.cwd": "/", "tuiflow.command": "x --token [redacted]"}, "not kept whole"),
        ({"tuiflow.command": "x 'y"}, "not kept whole"),
        ({"tuiflow.command": "no-such-program x"}, "no-such-program can't be started"),
    ):
        for key, value in tags.items():
            assert cli("runs", "tag", run_id, f"{key}={value}").code == 0
        done = cli("rerun", run_id, "--yes")
        assert (done.code in (1, 2), said in done.err) == (True, True), done.err
    assert latest(store).info.status == "FAILED"


# what is recorded


def test_what_is_recorded_is_checked() -> None:
    request = Request("x", parameters={"a": "1"}, docker_args={"t": True, "gpus": "all"})
    assert from_json(request.to_json()) == request
    good = json.loads(request.to_json())
    for change in (
        {"format": 2},
        {"uri": 1},
        {"uri": "a\0b"},
        {"parameters": {"a": 1}},
        {"parameters": ["a"]},
        {"docker_args": {"a": False}},
        {"build_image": "yes"},
        {"commit": ["x"]},
        {"other": "x"},
    ):
        with pytest.raises(InvalidInput, match="not readable"):
            from_json(json.dumps({**good, **change}).encode())
    for data in (b"", b"[]", b"null", b"\xff", b"[" * 100_000):
        with pytest.raises(InvalidInput, match="not readable"):
            from_json(data)


def test_secret_options_of_docker_are_not_kept() -> None:
    environment = {"HUB_PASSWORD": "correct-horse-battery"}
    request = Request(
        "x",
        docker_args={"t": True, "env": "API_TOKEN=abcdefghijk", "v": "/correct-horse-battery:/x"},
    )
    kept = without_secrets(request, environment)
    assert "abcdefghijk" not in str(kept)
    assert "correct-horse" not in str(kept)
    assert kept.docker_args["t"] is True
    assert without_secrets(Request("x", docker_args={"gpus": "all"}), environment) == Request(
        "x", docker_args={"gpus": "all"}
    )


def test_a_run_whose_options_were_not_kept_is_not_done_again(
    cli: Cli, store: Store, repository: Repository
) -> None:
    cli("run", str(repository.folder))
    run_id = latest(store).info.run_id
    request = Request(str(repository.folder), docker_args={"env": "API_TOKEN=[redacted]"})
    store.contents.put(run_id, "project", "", request.to_json())
    done = cli("rerun", run_id)
    assert (done.code, "-A env held a secret" in done.err) == (2, True), done.err


def test_no_credentials_are_recorded(
    cli: Cli, store: Store, repository: Repository, tmp_path: Path
) -> None:
    done = cli("run", "https://user:hunter2hunter2@127.0.0.1:1/r.git")
    assert done.code == 1
    assert "hunter2" not in done.err
