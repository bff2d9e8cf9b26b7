"""Two commits in a repository of this machine: the log between them, and files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tuiflow.diff.patches import previews
from tuiflow.diff.result import Commit, FileChange
from tuiflow.git import DIFF_OPTIONS, Git, GitFailed, find_top

MAX_FILE = 4 << 20
"""Bytes of a file of code that are looked at."""

_PREVIEW_BYTES = 512 << 10


@dataclass(frozen=True, slots=True)
class Log:
    """The commits on either side, the newest first, and how many there are in all."""

    ahead: tuple[Commit, ...]
    behind: tuple[Commit, ...]
    ahead_count: int
    behind_count: int


class Tree:
    """The files of one commit."""

    def __init__(self, git: Git, commit: str) -> None:
        self._git = git
        self._commit = commit
        self._known: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes | None:
        """A file, None where the commit has none; raises GitFailed for one that is too large."""
        if "\0" in path:
            return None
        if path not in self._known:
            place = f"{self._commit}:{path}"
            kind = self._git.ask(["cat-file", "-t", place], codes=(0, 128)).strip()
            found = None
            if kind == b"blob":
                found = self._git.ask(["cat-file", "blob", place], MAX_FILE)
                if len(found) > MAX_FILE:
                    raise GitFailed("a file is too large")
            self._known[path] = found
        return self._known[path]


class RepositoryView:
    """A repository that has both commits."""

    def __init__(self, git: Git, base: str, other: str) -> None:
        self._git = git
        self._base, self._other = base, other
        self.base, self.other = Tree(git, base), Tree(git, other)
        self._log: Log | None = None
        self._changes: dict[str, FileChange] | None = None

    def log(self, limit: int) -> Log:
        """The commits that only one of the two has."""
        if self._log is None:
            if self._base == self._other:
                return Log((), (), 0, 0)
            span = f"{self._base}...{self._other}"
            counts = self._git.ask(["rev-list", "--count", "--left-right", span]).split()
            behind, ahead = (int(count) for count in counts)
            self._log = Log(
                self._commits(self._base, self._other, limit) if ahead else (),
                self._commits(self._other, self._base, limit) if behind else (),
                ahead,
                behind,
            )
        return self._log

    def _commits(self, without: str, upto: str, limit: int) -> tuple[Commit, ...]:
        output = self._git.ask(
            [
                *("log", "--format=%H%x1f%ct%x1f%an%x1f%s", "--encoding=UTF-8", "--no-color"),
                *("--no-notes", "--no-decorate", f"--max-count={limit}", f"{without}..{upto}"),
                "--",
            ]
        )
        commits = []
        for line in output.decode("utf-8", "replace").split("\n"):
            parts = line.split("\x1f", 3)
            if len(parts) == 4:
                commits.append(Commit(parts[0], int(parts[1]), parts[2], parts[3]))
        return tuple(commits)

    def changes(self) -> Mapping[str, FileChange]:
        """The files that differ between the commits, by path."""
        if self._changes is None:
            self._changes = {} if self._base == self._other else self._read_changes()
        return self._changes

    def _read_changes(self) -> dict[str, FileChange]:
        diff = ["diff", *DIFF_OPTIONS, "--no-renames"]
        ends = [self._base, self._other, "--"]
        numbers = self._git.ask([*diff, "--numstat", "-z", *ends], limit=4 << 20)
        patch = self._git.ask([*diff, "--unified=0", *ends], limit=_PREVIEW_BYTES)
        first = previews(patch[:_PREVIEW_BYTES])
        changes = {}
        for entry in numbers.split(b"\0"):
            parts = entry.split(b"\t", 2)
            if len(parts) == 3:
                added, removed = (None if n == b"-" else int(n) for n in parts[:2])
                path = parts[2].decode("utf-8", "surrogateescape")
                changes[path] = FileChange(path, added, removed, first.get(path, ""))
        return changes


class Repositories:
    """The repositories of the user around given folders."""

    def __init__(self, environment: Mapping[str, str], deadline: float) -> None:
        self._environment = environment
        self._deadline = deadline
        self._tops: dict[Path, Path | None] = {}
        self._gits: dict[Path, Git | None] = {}
        self._commits: dict[tuple[Path, str], str | None] = {}
        self._views: dict[tuple[Path, str, str], RepositoryView] = {}

    def find(self, base: str, other: str, folders: Iterable[Path]) -> RepositoryView | None:
        """The first that has both commits; None where there is none, or Git took too long."""
        for folder in folders:
            top = self._top(folder)
            if top is None:
                continue
            one, two = self._commit(top, base), self._commit(top, other)
            git = self._gits.get(top)
            if git is not None and one and two:
                key = (top, one, two)
                if key not in self._views:
                    self._views[key] = RepositoryView(git, one, two)
                return self._views[key]
        return None

    def _top(self, folder: Path) -> Path | None:
        if folder not in self._tops:
            try:
                top = find_top(folder)
                self._tops[folder] = top if top is not None and _is_own(top) else None
            except (OSError, ValueError):
                self._tops[folder] = None
        return self._tops[folder]

    def _commit(self, top: Path, commit: str) -> str | None:
        """The commit's whole name, None where the repository has none so called."""
        key = (top, commit)
        if key not in self._commits:
            self._commits[key] = None
            try:
                git = self._git(top)
                if git is not None:
                    found = git.ask(
                        ["rev-parse", "--verify", "--quiet", commit + "^{commit}"],
                        codes=(0, 1, 128),
                    )
                    self._commits[key] = found.decode("ascii", "replace").strip() or None
            except GitFailed:
                pass
        return self._commits[key]

    def _git(self, top: Path) -> Git | None:
        if top not in self._gits:
            self._gits[top] = None
            git = Git(top, self._environment, self._deadline)
            git.check()
            self._gits[top] = git
        return self._gits[top]


def _is_own(top: Path) -> bool:
    """Whether the repository belongs to the user: Git's own check can be switched off."""
    return all(path.stat().st_uid == os.geteuid() for path in (top, top / ".git"))
