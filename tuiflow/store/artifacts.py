"""Files of a run. A path is relative to the run's folder, and none leads out of it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tuiflow.entities import FileInfo
from tuiflow.errors import InvalidInput, NotFound, StoreError
from tuiflow.store.file import make_private


def check_path(path: str) -> PurePosixPath:
    """The relative path that `path` spells. Raises InvalidInput when it could lead elsewhere."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\0" in path or "\\" in path:
        raise InvalidInput(
            f"Artifact path {path!r} must be relative and stay inside the run's folder."
        )
    return pure


def resolve(folder: Path, path: str) -> Path:
    """The file or folder of an artifact. Raises NotFound, InvalidInput (also for links that
    point out of the run's folder)."""
    found = folder / check_path(path)
    try:
        real = found.resolve(strict=True)
    except (OSError, RuntimeError):
        raise NotFound(f"There is no artifact {path!r}.") from None
    if not real.is_relative_to(folder.resolve()):
        raise InvalidInput(f"Artifact {path!r} is a link that leads out of the run's folder.")
    return found


def list_folder(folder: Path, path: str) -> list[FileInfo]:
    """What is directly in a folder, by name; nothing where there is no such folder."""
    if not (folder / check_path(path)).is_dir():
        return []
    inside = resolve(folder, path)
    infos = []
    with os.scandir(inside) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith(TEMPORARY):
                continue
            is_dir = entry.is_dir(follow_symlinks=False)
            infos.append(
                FileInfo(
                    path=str(PurePosixPath(path) / entry.name),
                    is_dir=is_dir,
                    file_size=None if is_dir else entry.stat(follow_symlinks=False).st_size,
                )
            )
    return infos


def walk(folder: Path, path: str = "") -> Iterator[FileInfo]:
    """Everything below a folder, each folder before what is in it; links are not followed."""
    for info in list_folder(folder, path):
        yield info
        if info.is_dir:
            yield from walk(folder, info.path)


TEMPORARY = ".tuiflow-part-"
"""What names of files begin with that are not whole yet; no list shows them."""


@contextlib.contextmanager
def writing(folder: Path, path: str) -> Iterator[Path]:
    """A temporary file to fill; it takes its place at `path` when the block ends well.

    Folders are made 0700 and the file 0600; an existing artifact of that name is replaced.
    """
    import tempfile

    pure = check_path(path)
    if not pure.parts:
        raise InvalidInput("An artifact needs a file name.")
    target = folder / pure
    with _telling_why(folder, path):
        _make_folder(folder, str(pure.parent))
        if target.is_dir():
            raise InvalidInput(f"Artifact {path!r} is a folder already; choose another name.")
        # The suffix stays: writers such as matplotlib tell the format by it.
        handle, name = tempfile.mkstemp(target.suffix, TEMPORARY, target.parent)
        os.close(handle)
        part = Path(name)
        try:
            yield part
            part.chmod(0o600)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextlib.contextmanager
def _telling_why(folder: Path, path: str) -> Iterator[None]:
    """Raise StoreError where the disk is full or the run's folder may not be written."""
    what = "Artifacts" if path in ("", ".") else f"Artifact {path!r}"
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StoreError(
                f"{what} can't be written: {error.strerror}; nothing of it was kept."
            ) from error
        place = Path(error.filename) if isinstance(error.filename, str) else None
        # Not where it is about a file that is read, such as the one to be copied.
        if error.errno not in _NOT_ALLOWED or place is None or not _on_the_way(place, folder):
            raise
        raise StoreError(f"{what} can't be written: {error.strerror} in {place.parent}.") from error


def _on_the_way(place: Path, folder: Path) -> bool:
    return place.is_relative_to(folder) or folder.is_relative_to(place)


def make_folder(folder: Path, path: str) -> Path:
    """Make an artifact folder and those above it, 0700. Raises InvalidInput where one is a file
    or a link that leads out, StoreError where it may not be made."""
    with _telling_why(folder, path):
        return _make_folder(folder, path)


def _make_folder(folder: Path, path: str) -> Path:
    target = folder / check_path(path)
    try:
        make_private(target)
    except (FileExistsError, NotADirectoryError):
        raise InvalidInput(
            f"Artifact folder {path!r} can't be made: a file is in its way."
        ) from None
    if not target.resolve().is_relative_to(folder.resolve()):
        raise InvalidInput(
            f"Artifact folder {path!r} is a link that leads out of the run's folder."
        )
    return target


def copy_in(folder: Path, source: Path, path: str) -> None:
    """Copy a local file to the artifact `path`."""
    import shutil

    with writing(folder, path) as part:
        shutil.copyfile(source, part)


def copy_tree_in(folder: Path, source: Path, path: str) -> None:
    """Copy what is in a local folder to the artifact folder `path`; links to folders are left."""
    make_folder(folder, path)
    for current, _, files in os.walk(source):
        inside = PurePosixPath(path) / PurePosixPath(Path(current).relative_to(source).as_posix())
        make_folder(folder, str(inside))
        for name in sorted(files):
            copy_in(folder, Path(current) / name, str(inside / name))
