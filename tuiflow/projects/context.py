"""What a project's folder is in git: its commit and its uncommitted changes, as runs have them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tuiflow.tracking.context.facts import TAG_PATCH_NOTE, Script
from tuiflow.tracking.context.findings import gather
from tuiflow.tracking.context.repository import find_repository

_CHANGED = re.compile(rb"^diff --git a/.* b/(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RepositoryState:
    """A repository now. `patch` is against `commit`, without secrets; `note` says why it is not
    all there is. `contents` and `tags` are all that a run records of it."""

    top: Path
    commit: str | None
    contents: Mapping[str, bytes]
    tags: Mapping[str, str]

    @property
    def patch(self) -> bytes:
        return self.contents.get("patch", b"")

    @property
    def note(self) -> str:
        return self.tags.get(TAG_PATCH_NOTE, "")

    @property
    def untracked(self) -> list[str]:
        return self.contents.get("untracked", b"").decode(errors="replace").splitlines()

    @property
    def changed_files(self) -> list[str]:
        changed = [name.decode(errors="replace") for name in _CHANGED.findall(self.patch)]
        return changed + self.untracked


def repository_state(folder: Path) -> RepositoryState | None:
    """The state of the repository around a folder, None where there is none."""
    repository = find_repository(folder.resolve())
    if repository is None:
        return None
    found = gather(Script(None, str(folder), repository), os.environ)
    contents = {kind: data for kind, name, data in found.contents if not name}
    return RepositoryState(repository.top, repository.commit, contents, found.tags)
