"""Uncommitted changes are asked of Git without running anything that a repository names."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from tuiflow.git import GitFailed
from tuiflow.tracking.context.changes import Changes, find_changes
from tuiflow.tracking.context.repository import find_repository, git_commit

ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}


def git(folder: Path, *arguments: str) -> str:
    result = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return result.stdout.strip()


def naive(folder: Path) -> None:
    """What Git does where nothing is overridden, to show that a trap works."""
    subprocess.run(
        ["git", "diff", "HEAD"], cwd=folder, env=ENVIRONMENT, capture_output=True, timeout=60
    )


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "train.py").write_text("x = 1\n")
    (folder / "big.bin").write_text("text\n")
    (folder / ".gitignore").write_text("*.log\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def changes(top: Path, limit: int = 1 << 20, seconds: float = 60, **env: str) -> Changes:
    environment = {**os.environ, **env}
    return find_changes(top, environment, limit, time.monotonic() + seconds)


def test_patch_and_untracked(repo: Path, tmp_path: Path) -> None:
    assert changes(repo) == Changes(b"", True, ())
    (repo / "train.py").write_text("x = 2\n")
    (repo / "staged.py").write_text("y = 1\n")
    git(repo, "add", "staged.py")
    (repo / "new.txt").write_text("secret data\n")
    (repo / "run.log").write_text("ignored\n")
    (repo / "data").mkdir()
    (repo / "data" / "a.csv").write_text("1\n")
    found = changes(repo)
    assert found.untracked == ("data/", "new.txt")
    assert b"-x = 1\n+x = 2\n" in found.patch
    assert b"+y = 1\n" in found.patch
    assert b"secret data" not in found.patch
    # The patch makes the same files of the commit again.
    copy = tmp_path / "copy"
    git(tmp_path, "clone", "-q", str(repo), str(copy))
    (tmp_path / "p").write_bytes(found.patch)
    git(copy, "apply", str(tmp_path / "p"))
    assert (copy / "train.py").read_text() == "x = 2\n"
    assert (copy / "staged.py").read_text() == "y = 1\n"


def test_the_users_own_settings_change_nothing(repo: Path) -> None:
    (repo / "train.py").write_text("x = 2\n")
    plain = changes(repo).patch
    for key, value in {
        "color.ui": "always",
        "color.diff": "always",
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "diff.context": "0",
        "diff.relative": "true",
        "core.pager": "false",
        "diff.colorMoved": "zebra",
    }.items():
        git(repo, "config", key, value)
    assert changes(repo).patch == plain
    assert changes(repo, GIT_DIR="/nowhere", GIT_DIFF_OPTS="-u9", GIT_PAGER="false").patch == plain


def test_nothing_that_a_hostile_repository_names_is_run(repo: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {proof}\ncat\nexit 0\n')
    program.chmod(0o755)
    hooks = repo / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in (
        "post-index-change",
        "fsmonitor-watchman",
        "reference-transaction",
        "post-checkout",
    ):
        (hooks / hook).symlink_to(program)
    (repo / ".gitattributes").write_text(
        "*.py filter=one diff=driver\n*.bin filter=two diff=driver\n*.txt filter=Three.x\n"
    )
    (repo / "c.txt").write_text("c\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "attributes")
    included = tmp_path / "included"
    included.write_text(f'[filter "two"]\n\tprocess = {program}\n\trequired = true\n')
    (repo / ".git" / "config").open("a").write(
        f"""
[core]
    fsmonitor = {program}
    hooksPath = {hooks}
    sshCommand = {program}
    pager = {program}
    askPass = {program}
    editor = {program}
    gitProxy = {program}
    alternateRefsCommand = {program}
[diff]
    external = {program}
    autoRefreshIndex = true
[diff "driver"]
    command = {program}
    textconv = {program}
    cachetextconv = true
[filter "one"]
    clean = {program}
    smudge = {program}
    required = true
[filter "Three.x"]
    clean = {program}
[alias]
    diff = !{program}
    rev-parse = !{program}
[interactive]
    diffFilter = {program}
[pager]
    diff = {program}
    config = {program}
[credential]
    helper = {program}
[include]
    path = {included}
"""
    )
    (repo / "train.py").write_text("x = 2\n")
    (repo / "big.bin").write_text("other\n")
    (repo / "c.txt").write_text("d\n")
    index = (repo / ".git" / "index").read_bytes()
    # The trap works: Git itself runs the program.
    naive(repo)
    assert proof.exists()
    proof.unlink()
    (repo / ".git" / "index").write_bytes(index)

    environment = {"GIT_EXTERNAL_DIFF": str(program), "GIT_SSH_COMMAND": str(program)}
    found = changes(repo, **environment)
    assert not proof.exists(), proof.read_text()
    for text in (b"+x = 2\n", b"+other\n", b"+d\n"):
        assert text in found.patch
    assert (repo / ".git" / "index").read_bytes() == index
    assert not (repo / ".git" / "index.lock").exists()


@pytest.mark.parametrize("url", ["ext::sh -c %s", "ssh://host/%s", "%s"])
def test_what_a_partial_clone_lacks_is_not_fetched(repo: Path, tmp_path: Path, url: str) -> None:
    proof = tmp_path / "proof"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho run >> {proof}\nexit 1\n")
    program.chmod(0o755)
    blob = git(repo, "rev-parse", "HEAD:train.py")
    (repo / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": url % program,
        "remote.origin.uploadpack": str(program),
        "core.sshCommand": str(program),
        "protocol.ext.allow": "always",
        "protocol.allow": "always",
    }.items():
        git(repo, "config", key, value)
    (repo / "train.py").write_text("x = 2\n")
    naive(repo)
    assert proof.exists()
    proof.unlink()
    with pytest.raises(GitFailed, match="git diff failed"):
        changes(repo)
    assert not proof.exists()


def test_a_hostile_submodule_is_not_looked_into(repo: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho run >> {proof}\n")
    program.chmod(0o755)
    inner = repo / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "a").write_text("a")
    git(inner, "add", "a")
    git(inner, "commit", "-q", "-m", "inner")
    git(repo, "add", "inner")
    git(repo, "commit", "-q", "-m", "with submodule")
    git(inner, "config", "core.fsmonitor", str(program))
    (inner / "a").write_text("b")
    git(repo, "status")
    assert proof.exists()
    proof.unlink()
    (repo / "train.py").write_text("x = 2\n")
    assert b"+x = 2" in changes(repo).patch
    assert not proof.exists()


def test_what_is_left_out(repo: Path, tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="no git"):
        changes(repo, PATH=f"relative:{tmp_path}")
    with pytest.raises(GitFailed, match="too long"):
        changes(repo, seconds=0)
    git(repo, "config", "filter.a=b.clean", "x")
    with pytest.raises(GitFailed, match="odd name"):
        changes(repo)
    git(repo, "config", "--unset", "filter.a=b.clean")
    git(repo, "config", "core.worktree", str(tmp_path))
    with pytest.raises(GitFailed, match="another folder"):
        changes(repo)
    git(repo, "config", "--unset", "core.worktree")
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    with pytest.raises(GitFailed, match="rev-parse failed"):
        changes(empty)
    with pytest.raises(GitFailed):
        changes(tmp_path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_another_users_repository_is_not_read(repo: Path) -> None:
    for path in (repo, *repo.rglob("*")):
        os.chown(path, 12345, 12345)
    with pytest.raises(GitFailed):
        changes(repo)


def test_a_slow_git_is_given_up(repo: Path, tmp_path: Path) -> None:
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "git").write_text("#!/bin/sh\nexec sleep 20\n")
    (slow / "git").chmod(0o755)
    with pytest.raises(GitFailed, match="too long"):
        changes(repo, seconds=0.1, PATH=f"{slow}:{os.environ['PATH']}")


def test_a_long_patch_is_not_read_to_its_end(repo: Path) -> None:
    (repo / "train.py").write_text("".join(f"x = {i}\n" for i in range(500_000)))
    found = changes(repo, limit=10_000)
    assert (len(found.patch), found.whole) == (10_000, False)


def test_what_the_files_of_a_repository_say(repo: Path, tmp_path: Path) -> None:
    assert find_repository(tmp_path) is None
    head = git(repo, "rev-parse", "HEAD")
    git(repo, "remote", "add", "upstream", "https://u:p@host/up.git")
    git(repo, "remote", "add", "origin", "git@host:a/b.git")
    found = find_repository(repo / "sub" / "folder")
    assert found is not None
    assert (found.top, found.commit, found.branch) == (repo, head, "main")
    assert found.remote == "git@host:a/b.git"
    git(repo, "remote", "remove", "origin")
    git(repo, "checkout", "-q", "-b", "feature/x")
    git(repo, "pack-refs", "--all")
    found = find_repository(repo)
    assert found is not None
    assert (found.commit, found.branch) == (head, "feature/x")
    assert found.remote == "https://u:p@host/up.git"
    git(repo, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "tree")
    linked = find_repository(tmp_path / "tree")
    assert linked is not None
    assert (linked.commit, linked.branch, linked.remote) == (head, "tree", found.remote)
    git(repo, "checkout", "-q", "--detach")
    found = find_repository(repo)
    assert found is not None
    assert (found.commit, found.branch) == (head, None)


@pytest.mark.parametrize("name", ["HEAD", "config", "packed-refs", "refs/heads/main"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_not_read(repo: Path, name: str, kind: str) -> None:
    git(repo, "pack-refs", "--all")
    path = repo / ".git" / name
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    found = find_repository(repo)
    assert found is not None
    assert found.remote is None


@pytest.mark.parametrize(
    "head",
    ["ref: ../../secret", "ref: refs/../../../secret", "password", "ref: ", "", "ref: /etc/passwd"],
)
def test_a_head_that_leads_out_of_the_repository(repo: Path, head: str) -> None:
    (repo.parent / "secret").write_text("a" * 40)
    (repo / "secret").write_text("a" * 40)
    (repo / ".git" / "HEAD").write_text(head)
    assert git_commit(repo) is None
