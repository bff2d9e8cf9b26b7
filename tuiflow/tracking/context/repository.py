"""What a Git repository says of itself, read from its files (layout: gitrepository-layout(5)).

Git is not called, so that nothing a repository configures is executed, and it takes no time.
"""

from __future__ import annotations

import contextlib
import stat
from dataclasses import dataclass
from pathlib import Path

from tuiflow.git import find_top

_HEX = frozenset("0123456789abcdef")
_MAX_FILE = 16 << 20


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository's work tree and what is checked out in it; None where it can't be told."""

    top: Path
    commit: str | None
    branch: str | None
    remote: str | None


def find_repository(folder: Path) -> Repository | None:
    """The repository around a folder; None outside of one."""
    top = find_top(folder)
    if top is None:
        return None
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return _read(top, top / ".git")
    return Repository(top, None, None, None)


def git_commit(folder: Path) -> str | None:
    """The commit checked out around `folder`; None outside a repository or before its first."""
    found = find_repository(folder)
    return None if found is None else found.commit


def _read(top: Path, git: Path) -> Repository:
    if git.is_file():  # a linked work tree or a submodule: "gitdir: PATH"
        git = top / _text(git).partition(":")[2].strip()
    common = git
    if (git / "commondir").exists():
        common = git / _text(git / "commondir").strip()
    head = _text(git / "HEAD").strip()
    remote = _remote(common / "config")
    if not head.startswith("ref:"):
        return Repository(top, _as_commit(head), None, remote)
    ref = head.removeprefix("ref:").strip()
    if not ref.startswith("refs/") or ".." in ref:  # a ref is a path in the repository
        return Repository(top, None, None, remote)
    return Repository(top, _commit(git, common, ref), ref.removeprefix("refs/heads/"), remote)


def _text(path: Path) -> str:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_FILE:  # a pipe would wait for ever
        return ""
    return path.read_text(encoding="utf-8")


def _as_commit(text: str) -> str | None:
    """The name of an object, in SHA-1 or SHA-256."""
    return text if len(text) in (40, 64) and _HEX.issuperset(text) else None


def _commit(git: Path, common: Path, ref: str) -> str | None:
    for home in (git, common):
        if (home / ref).is_file():
            return _as_commit(_text(home / ref).strip())
    packed = common / "packed-refs"
    if packed.is_file():
        for line in _text(packed).splitlines():
            commit, _, name = line.partition(" ")
            if name == ref:
                return _as_commit(commit)
    return None


def _remote(config: Path) -> str | None:
    """The URL of `origin`, else of the first remote that has one (git-config(1), "Syntax")."""
    if not config.is_file():
        return None
    urls: dict[str, str] = {}
    section = None
    for line in _text(config).splitlines():
        text = line.strip()
        if text.startswith("["):
            kind, _, name = text[1:].partition(" ")
            section = name.strip('"] ') if kind == "remote" else None
        elif section is not None:
            key, _, value = text.partition("=")
            if key.strip().lower() == "url":
                urls.setdefault(section, value.strip().strip('"'))
    return urls.get("origin") or next(iter(urls.values()), None)
