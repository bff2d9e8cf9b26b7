"""How the code of two runs differs: by their commits, where a repository here has both, with the
uncommitted changes recorded with each; else by the patches and sources that were recorded.

What a file was in a run is the file of its commit with its patch applied, else the recorded
source. Nothing of a repository is executed (see `tuiflow.git`), and only repositories of the user
who asks are looked at.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tuiflow.diff.patches import (
    FilePatch,
    LineChange,
    apply,
    compare_lines,
    decoded_lines,
    inverted_lines,
    preview,
    split_patch,
)
from tuiflow.diff.repositories import MAX_FILE, Repositories, RepositoryView, Tree
from tuiflow.diff.result import CodeChange, FileChange
from tuiflow.entities import TAG_GIT_COMMIT, TAG_SOURCE_NAME, Run
from tuiflow.errors import TuiflowError
from tuiflow.git import GitFailed
from tuiflow.store import Store

TAG_FOLDER = "tuiflow.cwd"
TAG_DIRTY = "mlflow.source.git.dirty"

CODE_SECONDS = 5.0
"""How long Git may take for one comparison."""

MAX_FILES = 200
"""Files of code named for each run; the rest is counted."""

MAX_COMMITS = 200

BY_COMMITS = "commits and uncommitted changes"
BY_RECORD = "recorded patches and sources"


@dataclass(frozen=True, slots=True)
class RecordedCode:
    """What a run has recorded of its code: `patches` are its uncommitted changes by path (a path
    that was renamed away stands for itself), `sources` the scripts by name."""

    commit: str | None = None
    folders: tuple[Path, ...] = ()
    patches: Mapping[str, FilePatch] = field(default_factory=dict)
    sources: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        return self.commit is not None or bool(self.sources)


def read_code(store: Store, run: Run) -> RecordedCode:
    """What is recorded of a run's code. A content that is damaged counts as not recorded."""
    tags = run.data.tags
    commit = tags.get(TAG_GIT_COMMIT, "").strip().lower()
    contents: dict[tuple[str, str], bytes] = {}
    for info in store.contents.list(run.info.run_id):
        if info.kind in ("patch", "source"):
            try:
                data = store.contents.get(run.info.run_id, info.kind, info.name)
            except TuiflowError:
                continue
            contents[info.kind, info.name] = data
    patches: dict[str, FilePatch] = {}
    for patch in split_patch(contents.get(("patch", ""), b"")):
        for path in (patch.old, patch.new):
            if path is not None:
                patches[path] = patch
    return RecordedCode(
        commit if _is_commit(commit) else None,
        _folders(tags),
        patches,
        {name: data for (kind, name), data in contents.items() if kind == "source"},
    )


def _is_commit(text: str) -> bool:
    # It is an argument of git, and comes from a run.
    return 7 <= len(text) <= 64 and all(char in "0123456789abcdef" for char in text)


def _folders(tags: Mapping[str, str]) -> tuple[Path, ...]:
    texts = (tags.get(TAG_SOURCE_NAME, ""), tags.get(TAG_FOLDER, ""))
    return tuple(Path(text) for text in texts if text.startswith("/") and "\0" not in text)


def _here() -> tuple[Path, ...]:
    try:
        return (Path.cwd(),)
    except OSError:  # the folder is gone
        return ()


class CodeComparer:
    """Compares the code of runs; what one question has found serves the next."""

    def __init__(self, seconds: float = CODE_SECONDS) -> None:
        self._repositories = Repositories(os.environ, time.monotonic() + seconds)

    def compare(self, base: RecordedCode, other: RecordedCode) -> CodeChange | None:
        """What `other` has changed against `base`; None where nothing is known of one of them."""
        if not base.known or not other.known:
            return None
        view = self._view(base, other)
        if view is not None:
            try:
                return self._by_commits(view, base, other)
            except GitFailed:
                view = None
        files, more = _told(_recorded_changes(None, base, other, {}))
        same = base.commit == other.commit
        count = 0 if same else None
        basis = BY_COMMITS if same and base.commit else BY_RECORD
        return CodeChange(basis, files, (), (), count, count, more)

    def lines(self, base: RecordedCode, other: RecordedCode, path: str) -> tuple[str, ...] | None:
        """The unified diff of a file; None where its texts are not known or can't be compared."""
        view = self._view(base, other)
        try:
            versions = _versions(view, base, other, path)
        except GitFailed:
            versions = _versions(None, base, other, path)
        if versions != (None, None):
            found = line_change(versions[0] or b"", versions[1] or b"")
            return None if found is None else found.lines
        first, second = base.patches.get(path), other.patches.get(path)
        if first is not None and second is not None:
            found = compare_lines(_patch_lines(first), _patch_lines(second))
            return None if found is None else found.lines
        return tuple(_patch_lines(second or first, inverted=second is None)) or None

    def _view(self, base: RecordedCode, other: RecordedCode) -> RepositoryView | None:
        if base.commit is None or other.commit is None:
            return None
        if base.commit == other.commit and not base.patches and not other.patches:
            return None  # nothing to ask for
        folders = dict.fromkeys((*other.folders, *base.folders, *_here()))
        return self._repositories.find(base.commit, other.commit, folders)

    def _by_commits(
        self, view: RepositoryView, base: RecordedCode, other: RecordedCode
    ) -> CodeChange:
        log = view.log(MAX_COMMITS)
        changes = _recorded_changes(view, base, other, view.changes())
        files, more = _told(changes)
        return CodeChange(
            BY_COMMITS,
            files,
            log.ahead,
            log.behind,
            log.ahead_count,
            log.behind_count,
            more,
        )


def _told(changes: Mapping[str, FileChange]) -> tuple[tuple[FileChange, ...], int]:
    files = [changes[path] for path in sorted(changes)]
    return tuple(files[:MAX_FILES]), max(len(files) - MAX_FILES, 0)


def _recorded_changes(
    view: RepositoryView | None,
    base: RecordedCode,
    other: RecordedCode,
    committed: Mapping[str, FileChange],
) -> dict[str, FileChange]:
    """`committed`, the changes between the commits, put right by what else was recorded."""
    changes = dict(committed)
    for path in {*base.patches, *other.patches}:
        change = _patched_change(view, base, other, path)
        changes.pop(path, None)
        if change is not None:
            changes[path] = change
    for name in base.sources.keys() & other.sources.keys():
        if name in changes or name in base.patches or name in other.patches:
            continue
        # Also where the commits have it: the patch may have been left out.
        change = _file_change(name, base.sources[name], other.sources[name])
        if change is not None:
            changes[name] = change
    return changes


def _patched_change(
    view: RepositoryView | None, base: RecordedCode, other: RecordedCode, path: str
) -> FileChange | None:
    first, second = base.patches.get(path), other.patches.get(path)
    if first == second and view is None:
        return None
    if view is not None or (path in base.sources and path in other.sources):
        one, two = _versions(view, base, other, path)
        if one is not None or two is not None:
            return _file_change(path, one, two)
    # Only the patches are left to compare: with one alone, that is the difference itself.
    if first is None or second is None:
        lines = _patch_lines(second or first, inverted=second is None)
        added = sum(line.startswith("+") for line in lines)
        removed = sum(line.startswith("-") for line in lines)
        known = bool(lines)
        return FileChange(
            path, added if known else None, removed if known else None, preview(lines)
        )
    found = compare_lines(_patch_lines(first), _patch_lines(second))
    shown = preview(found.lines) if found else ""
    return FileChange(path, None, None, f"other uncommitted changes: {shown}")


def _patch_lines(patch: FilePatch | None, inverted: bool = False) -> list[str]:
    if patch is None:
        return []
    lines = (decoded_lines(patch.body) or []) if patch.body else []
    return inverted_lines(lines) if inverted else lines


def _versions(
    view: RepositoryView | None, base: RecordedCode, other: RecordedCode, path: str
) -> tuple[bytes | None, bytes | None]:
    """The file in both runs, None where it is not there."""
    one, two = (None, None) if view is None else (view.base, view.other)
    return _version(one, base, path), _version(two, other, path)


def _version(tree: Tree | None, code: RecordedCode, path: str) -> bytes | None:
    """The file as it was in the run."""
    patch = code.patches.get(path)
    if tree is None:
        return code.sources.get(path)
    if patch is None:
        found = tree.read(path)
        return code.sources.get(path) if found is None else found
    if patch.new != path:  # removed, or renamed away
        return None
    old = b"" if patch.old is None else tree.read(patch.old)
    if old is None or not (patch.body or patch.old is None):
        return code.sources.get(path)
    patched = apply(old, patch.body)
    return code.sources.get(path) if patched is None else patched


def _file_change(path: str, one: bytes | None, two: bytes | None) -> FileChange | None:
    """What is different, None where nothing is."""
    if one == two:
        return None
    change = line_change(one or b"", two or b"", context=0)
    if change is None:
        return FileChange(path, None, None)
    return FileChange(path, change.added, change.removed, preview(change.lines))


def line_change(one: bytes, two: bytes, context: int = 3) -> LineChange | None:
    """The lines that differ; None for binary or very long texts."""
    first, second = decoded_lines(one), decoded_lines(two)
    if first is None or second is None or max(len(one), len(two)) > MAX_FILE:
        return None
    return compare_lines(first, second, context)
