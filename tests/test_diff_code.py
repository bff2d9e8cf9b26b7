"""What the code of two runs differs in: told by commits, by patches and by recorded sources."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from repositories import ENVIRONMENT, Repository

from tuiflow import diff
from tuiflow.diff import Comparison, Verdict
from tuiflow.entities import RunTag
from tuiflow.store import Store

SCRIPT = "import tuiflow\n\nscale = False\nrate = 1\n"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own folder is no repository, whatever they are started in."""
    for key, value in ENVIRONMENT.items():
        monkeypatch.setenv(key, value)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.write({"train.py": SCRIPT, "lib/model.py": "a = 1\n", "data.txt": "1\n"})
    made.commit()
    return made


def log_run(store: Store, repository: Repository, name: str, source: str = "train.py") -> str:
    """A run of what is in the work tree now."""
    script = repository.folder / source
    run_id = store.create_run("0", name, start_time=1_000).info.run_id
    patch = repository.git("diff", "--full-index", "HEAD")
    tags = {
        "mlflow.source.name": str(script),
        "mlflow.source.git.commit": repository.head(),
        "mlflow.source.git.dirty": "true" if patch else "false",
    }
    store.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])
    if patch:
        store.contents.put(run_id, "patch", "", (patch + "\n").encode())
    store.contents.put(run_id, "source", source, script.read_bytes())
    store.finish_run(run_id, "FINISHED", 2_000)
    return run_id


def code_rows(comparison: Comparison, run: int = 1) -> dict[str, object]:
    return {row.key: row.cells[run].value for row in comparison.section("code").different}


def detail(store: Store, comparison: Comparison, key: str, run: int = 1) -> list[str]:
    run_id = comparison.runs[run].run_id
    return list(diff.read_detail(store, comparison, "code", key, run_id).lines)


def test_commits_between_are_named_with_their_files(store: Store, repository: Repository) -> None:
    one = log_run(store, repository, "one")
    repository.write({"train.py": SCRIPT.replace("False", "True")})
    repository.git("commit", "-qam", "Scale \x1b[31mthe inputs\x1b[0m")
    repository.write({"lib/new.py": "b = 2\n"})
    repository.git("add", "--all")
    repository.git("commit", "-qm", "Add a file")
    two = log_run(store, repository, "two")
    comparison = diff.compare(store, [one, two])
    assert code_rows(comparison) == {
        "commit": repository.head(),
        "commits": "2 commits",
        "lib/new.py": "+1 @@ -0,0 +1 @@ +b = 2",
        "train.py": "+1 −1 @@ -3 +3 @@ -scale = False +scale = True",
    }
    assert "code: 2 commits" in comparison.summary
    change = comparison.code[1]
    assert change is not None
    assert change.ahead[0].subject == "Add a file"
    [(owner, log)] = diff.commit_log(comparison)
    assert owner == "two"
    assert [line[0] for line in log] == ["+", "+"]
    assert "Scale ␛[31mthe inputs␛[0m" in log[1]
    assert detail(store, comparison, "commits") == log
    assert detail(store, comparison, "train.py")[:1] == ["@@ -1,4 +1,4 @@"]
    assert [line for line in detail(store, comparison, "train.py") if line[0] in "+-"] == [
        "-scale = False",
        "+scale = True",
    ]
    back = diff.compare(store, [two, one])
    assert code_rows(back)["commits"] == "2 commits behind"
    assert code_rows(back)["train.py"] == "+1 −1 @@ -3 +3 @@ -scale = True +scale = False"
    assert "\x1b" not in diff.render_markdown(comparison)


def test_branches_that_parted_are_ahead_and_behind(store: Store, repository: Repository) -> None:
    repository.git("checkout", "-qb", "side")
    repository.git("commit", "-q", "--allow-empty", "-m", "on the side")
    one = log_run(store, repository, "one")
    repository.git("checkout", "-q", "main")
    for number in range(2):
        repository.git("commit", "-q", "--allow-empty", "-m", f"on main {number}")
    two = log_run(store, repository, "two")
    comparison = diff.compare(store, [one, two])
    assert code_rows(comparison)["commits"] == "2 commits, 1 behind"
    [(_, log)] = diff.commit_log(comparison)
    assert [line[0] for line in log] == ["+", "+", "-"]


def test_one_changed_line_is_the_only_thing_named(store: Store, repository: Repository) -> None:
    repository.write({"lib/model.py": "a = 2\n"})  # uncommitted in both
    one = log_run(store, repository, "one")
    repository.write({"train.py": SCRIPT.replace("rate = 1", "rate = 2")})
    two = log_run(store, repository, "two")
    comparison = diff.compare(store, [one, two])
    assert code_rows(comparison) == {"train.py": "+1 −1 @@ -4 +4 @@ -rate = 1 +rate = 2"}
    assert "code: train.py" in comparison.summary


def test_what_was_uncommitted_and_is_committed_now_is_no_difference(
    store: Store, repository: Repository
) -> None:
    changed = {"train.py": SCRIPT.replace("False", "True"), "data.txt": "2\n"}
    repository.write(changed)
    one = log_run(store, repository, "one")
    repository.git("commit", "-qam", "the same")
    two = log_run(store, repository, "two")
    repository.write({"data.txt": "1\n"})
    three = log_run(store, repository, "three")
    comparison = diff.compare(store, [one, two, three])
    assert set(code_rows(comparison)) == {"commit", "commits", "data.txt"}
    row = next(row for row in comparison.section("code").rows if row.key == "data.txt")
    assert [cell.verdict for cell in row.cells] == [None, Verdict.EQUAL, Verdict.DIFFERENT]
    assert row.cells[2].value == "+1 −1 @@ -1 +1 @@ -2 +1"


@pytest.mark.parametrize("lost", ["gone", "foreign"])
def test_without_a_repository_the_records_are_compared(
    store: Store, repository: Repository, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    one = log_run(store, repository, "one")
    repository.write({"train.py": SCRIPT.replace("False", "True"), "data.txt": "2\n"})
    two = log_run(store, repository, "two")
    repository.git("commit", "-qam", "x")
    repository.write({"train.py": SCRIPT})
    three = log_run(store, repository, "three")
    if lost == "gone":
        shutil.rmtree(repository.folder)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    comparison = diff.compare(store, [one, two, three])
    # One commit: its files are known to be the same but for the patch.
    assert code_rows(comparison)["train.py"] == "+1 −1 @@ -3 +3 @@ -scale = False +scale = True"
    assert code_rows(comparison)["data.txt"] == "+1 −1 @@ -1 +1 @@ -1 +2"
    assert [line for line in detail(store, comparison, "data.txt") if line[0] in "+-"] == [
        "-1",
        "+2",
    ]
    assert "commits" not in code_rows(comparison)
    assert comparison.notes == (
        "three: its code is compared by what was recorded; no repository of yours here has its"
        " commit and the baseline's.",
    )
    back = diff.compare(store, [two, one])
    assert code_rows(back)["data.txt"] == "+1 −1 @@ -1 +1 @@ -2 +1"


def test_a_clone_in_the_current_folder_serves_too(
    store: Store, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = log_run(store, repository, "one")
    repository.git("commit", "-q", "--allow-empty", "-m", "later")
    two = log_run(store, repository, "two")
    clone = tmp_path / "clone"
    repository.git("clone", "-q", ".", str(clone))
    shutil.rmtree(repository.folder)
    monkeypatch.chdir(clone)
    assert code_rows(diff.compare(store, [one, two]))["commits"] == "1 commit"


def test_nothing_is_told_where_nothing_is_known(store: Store) -> None:
    ids = [store.create_run("0", name).info.run_id for name in ("a", "b")]
    comparison = diff.compare(store, ids)
    assert comparison.code == (None, None)
    assert not comparison.section("code").rows
    assert "code" not in comparison.summary


@pytest.mark.parametrize("commit", ["--output=/tmp/x", "HEAD", "main", "x" * 40, "abc", ""])
def test_a_commit_that_is_none_is_never_given_to_git(
    store: Store, repository: Repository, commit: str
) -> None:
    one, two = log_run(store, repository, "one"), log_run(store, repository, "two")
    store.log_batch(two, tags=[RunTag("mlflow.source.git.commit", commit)])
    repository.write({"x": commit})
    comparison = diff.compare(store, [one, two])
    change = comparison.code[1]
    assert change is not None
    assert change.basis == "recorded patches and sources"


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A program that leaves a proof of having been run."""
    proof, program = tmp_path / "proof", tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {proof}\ncat\nexit 0\n')
    program.chmod(0o755)
    yield program, proof
    assert not proof.exists(), proof.read_text()


def test_nothing_that_a_repository_names_is_run(
    store: Store, repository: Repository, trap: tuple[Path, Path]
) -> None:
    program, proof = trap
    repository.write({".gitattributes": "* diff=driver filter=one\n"})
    repository.commit()
    one = log_run(store, repository, "one")
    repository.write({"train.py": SCRIPT.replace("False", "True")})
    repository.commit()
    repository.write({"data.txt": "2\n"})
    two = log_run(store, repository, "two")
    config = repository.folder / ".git" / "config"
    plain = config.read_text()
    config.write_text(
        f"""{plain}
[core]
    fsmonitor = {program}
    pager = {program}
    hooksPath = {program.parent}
[diff]
    external = {program}
[diff "driver"]
    command = {program}
    textconv = {program}
[filter "one"]
    clean = {program}
    smudge = {program}
[log]
    showSignature = true
[gpg]
    program = {program}
[alias]
    log = !{program}
    diff = !{program}
    cat-file = !{program}
"""
    )
    repository.git("diff", "HEAD~", "HEAD")
    assert proof.exists()  # the trap works
    proof.unlink()
    comparison = diff.compare(store, [one, two])
    assert {"commits", "train.py", "data.txt"} <= set(code_rows(comparison))
    assert detail(store, comparison, "train.py")
    assert detail(store, comparison, "commits")


def test_names_of_files_are_data(store: Store, repository: Repository) -> None:
    one = log_run(store, repository, "one")
    name = 'a "b"\x1b[31m\té.py'
    repository.write({name: "1\n", "-x": "1\n"})
    (repository.folder / os.fsdecode(b"bad\xff.py")).write_text("1\n")
    repository.commit()
    two = log_run(store, repository, "two")
    repository.write({name: "1\n2\n"})
    three = log_run(store, repository, "three")
    comparison = diff.compare(store, [one, two, three])
    rows = code_rows(comparison, 2)
    assert {"-x", "bad?.py", name} <= set(rows)
    assert rows[name] == "+2 @@ -0,0 +1,2 @@ +1 +2"
    assert detail(store, comparison, "bad?.py") == ["@@ -0,0 +1 @@", "+1"]
    written = diff.render_markdown(comparison) + comparison.summary
    assert "\x1b" not in written
    assert "\t" not in written


def test_a_missing_patch_is_told_by_the_source(store: Store, repository: Repository) -> None:
    one = log_run(store, repository, "one")
    two = store.create_run("0", "two", start_time=1_000).info.run_id
    for key, value in store.get_run(one).data.tags.items():
        if key.startswith("mlflow.source"):
            store.log_batch(two, tags=[RunTag(key, value)])
    store.contents.put(two, "source", "train.py", SCRIPT.replace("1", "2").encode())
    store.finish_run(two, "FINISHED", 2_000)
    assert code_rows(diff.compare(store, [one, two])) == {
        "train.py": "+1 −1 @@ -4 +4 @@ -rate = 1 +rate = 2"
    }


def test_what_is_known_is_not_asked_again(
    store: Store, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = log_run(store, repository, "one")
    repository.git("commit", "-q", "--allow-empty", "-m", "later")
    two = log_run(store, repository, "two")
    whole = diff.read_rest(store, diff.read_facts(store, [one, two]))
    monkeypatch.setenv("PATH", "/nowhere")
    again = diff.read_facts(store, [one, two], whole)
    assert again.complete
    assert again.compare() == whole.compare()
    assert diff.read_rest(store, again).compare() == whole.compare()
    turned = diff.read_facts(store, [two, one], whole)
    assert not turned.complete
