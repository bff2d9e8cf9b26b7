"""What a run knows about its script without being asked."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from tuiflow.entities import TAG_GIT_COMMIT, TAG_SOURCE_NAME, TAG_SOURCE_TYPE, TAG_USER


def script_tags() -> dict[str, str]:
    """User, source file and git commit, under MLflow's tag names."""
    import getpass

    tags = {TAG_SOURCE_TYPE: "LOCAL"}
    with contextlib.suppress(KeyError, OSError):
        tags[TAG_USER] = getpass.getuser()
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    source = Path(main or sys.argv[0] or sys.executable).absolute()
    tags[TAG_SOURCE_NAME] = str(source)
    if commit := git_commit(source.parent):
        tags[TAG_GIT_COMMIT] = commit
    return tags


def git_commit(folder: Path) -> str | None:
    """The commit checked out in the repository around `folder`, read from its files.

    Git itself is not called, so that no configuration of the repository is executed (layout:
    gitrepository-layout(5)). None outside a repository or before its first commit.
    """
    for parent in (folder, *folder.parents):
        git = parent / ".git"
        if git.exists():
            with contextlib.suppress(OSError, UnicodeDecodeError):
                return _head_commit(git)
            return None
    return None


def _head_commit(git: Path) -> str | None:
    if git.is_file():  # a work tree or submodule: "gitdir: PATH"
        git = git.parent / git.read_text().partition(":")[2].strip()
    head = (git / "HEAD").read_text().strip()
    if not head.startswith("ref:"):
        return head or None
    ref = head.removeprefix("ref:").strip()
    common = git
    if (git / "commondir").exists():
        common = git / (git / "commondir").read_text().strip()
    for home in (git, common):
        if (home / ref).is_file():
            return (home / ref).read_text().strip() or None
    packed = common / "packed-refs"
    if packed.is_file():
        for line in packed.read_text().splitlines():
            commit, _, name = line.partition(" ")
            if name == ref:
                return commit
    return None
