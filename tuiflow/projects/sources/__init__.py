"""Bring a project here: from a folder, a zip file or a git repository."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.projects.sources import archive, checkout, git
from tuiflow.projects.sources.uri import Source, parse, subfolder, without_credentials
from tuiflow.text import clean

__all__ = [
    "Fetched",
    "Source",
    "opened",
    "parse",
    "repository_root",
    "subfolder",
    "without_credentials",
]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A project that is here: `folder` is its own, `root` that of the whole repository or archive.

    `commit` and `branch` are set where it was taken out of git for this run, `digest` (SHA-256 in
    hex) where it was unpacked from a zip file.
    """

    source: Source
    folder: Path
    root: Path
    commit: str | None = None
    branch: str | None = None
    digest: str | None = None

    @property
    def in_place(self) -> bool:
        """Whether it is the user's own folder."""
        return self.commit is None and self.digest is None


@contextmanager
def opened(
    source: Source,
    version: str | None,
    say: Callable[[str], None],
    *,
    patch: bytes | None = None,
    digest: str | None = None,
) -> Iterator[Fetched]:
    """Have the project for the time of the block; a folder is taken as it is.

    `version` is a branch, tag or commit of a git repository, to which `patch` is applied; `digest`
    is what a zip file must have. Raises NotFound, InvalidInput, GitError and what a download does.
    """
    if source.kind == "git":
        with _from_git(source, version, patch, say) as fetched:
            yield fetched
        return
    if version is not None:
        raise InvalidInput(f"A version, -v, is one of a git repository; {source.public} is none.")
    if source.kind == "zip":
        with _from_zip(source, digest, say) as fetched:
            yield fetched
        return
    root = Path(source.location)
    yield Fetched(source, subfolder(root, source.subdir), root.resolve())


def repository_root(folder: Path) -> Path | None:
    """The working tree around a folder, None where it is in no git repository."""
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return parent
    return None


@contextmanager
def _from_git(
    source: Source, version: str | None, patch: bytes | None, say: Callable[[str], None]
) -> Iterator[Fetched]:
    revision = git.obtain(source.location, version, _cache() / "git", say)
    name = f"{git.repository_name(source.public.partition('#')[0])}-{revision.commit[:12]}"
    if patch:
        name += f"-changed-{hashlib.sha256(patch).hexdigest()[:8]}"

    def fill(folder: Path) -> None:
        git.check_out(revision, folder, patch)

    with checkout.held_folder(_cache() / "checkouts", name, fill, say) as root:
        if missing := git.left_out(root):
            say(f"left out of the checkout: {' and '.join(missing)}")
        folder = subfolder(root, source.subdir)
        yield Fetched(source, folder, root, revision.commit, revision.branch)


@contextmanager
def _from_zip(source: Source, digest: str | None, say: Callable[[str], None]) -> Iterator[Fetched]:
    with tempfile.TemporaryDirectory(prefix="tuiflow-") as temporary:
        file = Path(source.location)
        if not source.is_path:
            from tuiflow.projects.download import download

            file = Path(temporary) / "project.zip"
            download(source.location, file, archive.MAX_BYTES)
        found = _sha256(file)
        if digest is not None and found != digest:
            raise InvalidInput(f"{source.public} has changed: it is not the file that was run.")
        stem = Path(source.location.partition("?")[0]).stem
        name = f"{git.repository_name(stem)}-{found[:12]}"

        def fill(folder: Path) -> None:
            unpacked = Path(temporary) / "unpacked"
            unpacked.mkdir()
            archive.unpack(file, unpacked, source.public)
            root = unpacked if source.subdir else archive.project_root(unpacked)
            for entry in root.iterdir():
                shutil.move(entry, folder / entry.name)

        if source.subdir:
            name += "-whole"
        with checkout.held_folder(_cache() / "checkouts", name, fill, say) as root:
            yield Fetched(source, subfolder(root, source.subdir), root, digest=found)


def _sha256(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InvalidInput(f"{clean(str(file))} can't be read: {error.strerror}.") from None


def _cache() -> Path:
    from platformdirs import user_cache_path

    folder = user_cache_path("tuiflow") / "projects"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        usable = os.access(folder, os.W_OK)
    except OSError:
        usable = False
    if not usable:
        raise TuiflowError(
            f"{folder} can't be written to, and projects are fetched there; set XDG_CACHE_HOME to"
            " a folder of yours."
        )
    return folder
