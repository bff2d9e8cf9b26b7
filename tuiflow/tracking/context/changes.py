"""The uncommitted changes of a repository."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tuiflow.git import DIFF_OPTIONS, Git

MAX_UNTRACKED = 500


@dataclass(frozen=True, slots=True)
class Changes:
    """What is not committed: a patch against HEAD, and names of files that Git doesn't track.

    `whole` is false where the patch was longer than asked for.
    """

    patch: bytes
    whole: bool
    untracked: tuple[str, ...]


def find_changes(top: Path, environment: Mapping[str, str], limit: int, deadline: float) -> Changes:
    """The changes in the work tree `top`; at most `limit` bytes of patch.

    `deadline` is of `time.monotonic`. Raises GitFailed where there is no Git, it refuses the
    repository (such as one of another user), or is too slow.
    """
    git = Git(top, environment, deadline)
    git.check()
    git.ask(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
    patch = git.ask(["diff", *DIFF_OPTIONS, "--unified=3", "HEAD", "--"], limit=limit)
    names = git.ask(
        ["ls-files", "--others", "--exclude-standard", "--directory", "--no-empty-directory", "-z"],
        limit=1 << 20,
    )
    untracked = sorted(
        os.fsdecode(name).encode("utf-8", "replace").decode("utf-8")
        for name in names.split(b"\0")
        if name
    )
    return Changes(patch[:limit], len(patch) <= limit, tuple(untracked))
