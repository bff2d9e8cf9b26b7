"""Unpack a project's zip file: nothing outside its folder, nothing without a bound."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.text import clean, size

MAX_BYTES = 2 * 1024**3
MAX_FILES = 100_000
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # an unknown way of compressing
    RuntimeError,  # encrypted
    FileExistsError,
    NotADirectoryError,
)


def unpack(file: Path, folder: Path, shown: str) -> None:
    """Unpack the zip `file` into `folder`, new or empty; `shown` is what messages call it.

    Of a file's mode only that it is executable is kept; links are refused. Raises InvalidInput for
    what is no zip file, leads out of the folder, is encrypted or larger than the bounds.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check(members, shown)
            for member in members:
                _extract(archive, member, folder)
    except _BROKEN as error:
        reason = clean(str(error), 200)
        raise InvalidInput(f"{shown} can't be unpacked as a zip file ({reason}).") from None
    except OSError as error:  # a full disk
        raise TuiflowError(f"{shown} can't be unpacked: {error.strerror}.") from None


def project_root(folder: Path) -> Path:
    """The unpacked folder, or the one folder that is all there is in it, as forges pack them."""
    entries = list(folder.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else folder


def _check(members: list[zipfile.ZipInfo], shown: str) -> None:
    if len(members) > MAX_FILES:
        raise InvalidInput(f"{shown} holds more than {MAX_FILES} files; unpack it yourself.")
    if sum(member.file_size for member in members) > MAX_BYTES:
        raise InvalidInput(f"{shown} unpacks to more than {size(MAX_BYTES)}; unpack it yourself.")
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise InvalidInput(
                f"{shown} is refused: {clean(member.filename, 200)!r} leads out of its folder."
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise InvalidInput(
                f"{shown} is refused: {clean(member.filename, 200)!r} in it is a link."
            )


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / PurePosixPath(member.filename.replace("\\", "/"))
    if member.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # zipfile gives no more bytes than the member's file_size, which _check has added up.
    with archive.open(member) as source, target.open("xb") as written:
        shutil.copyfileobj(source, written)
    if (member.external_attr >> 16) & stat.S_IXUSR:
        target.chmod(target.stat().st_mode | stat.S_IXUSR)
