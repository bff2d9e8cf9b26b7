"""Lines of pip's requirements format: what they refer to, name and stand for.

Format: https://pip.pypa.io/en/stable/reference/requirements-file-format/. `-r` and `-c` are
relative to the file they stand in, paths of packages to the folder that uv runs in, the project's.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from tuiflow.errors import InvalidInput, NotFound
from tuiflow.text import clean

_COMMENT = re.compile(r"(^|\s)#.*$")
_FILE = re.compile(r"^(-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+|(?<=^-[rc]))(?P<path>.+)$")
_EDITABLE = re.compile(r"^(-e|--editable)(?:\s*=\s*|\s+)(?P<path>.+)$")
_ARCHIVES = (".whl", ".tar.gz", ".zip")
_BUILD_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
_SKIPPED = {"__pycache__", "build", "dist", "mlruns", "node_modules"}
_READ_BYTES = 1 << 20
"""Of larger files in a package's folder only the size and the time of change count."""


@dataclass(frozen=True, slots=True)
class Line:
    """A logical line; `constraint` where it came by a `-c`."""

    text: str
    constraint: bool = False


def logical_lines(text: str) -> list[str]:
    """The lines of a requirements file without comments, blank ones and breaks after `\\`."""
    joined = re.sub(r"\\\r?\n", " ", text)
    return [line for raw in joined.splitlines() if (line := _COMMENT.sub("", raw).strip())]


def anchor(lines: Iterable[str], *folders: Path) -> list[str]:
    """The lines with the files of `-r` and `-c` as absolute paths, sought in `folders` in order.

    Raises NotFound for a file that is in none of them.
    """
    anchored = []
    for line in lines:
        reference = _file_of(line)
        if reference is None:
            anchored.append(line)
            continue
        option, path = reference
        found = next((folder / path for folder in folders if (folder / path).is_file()), None)
        if found is None:
            raise NotFound(f"The requirements name a file that is not there: {clean(line)}")
        anchored.append(f"{option} {found}")
    return anchored


def expanded(lines: Iterable[str]) -> list[Line]:
    """The anchored `lines` with each `-r` and `-c` replaced by the lines of its file, recursively.

    Raises NotFound for a file that is missing, InvalidInput for one that can't be read.
    """
    return list(_expand(lines, False, ()))


def names(lines: Iterable[Line]) -> dict[str, bool]:
    """The normalised names of the packages required, each with whether by a direct reference."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    found: dict[str, bool] = {}
    for line in lines:
        if line.constraint or line.text.startswith("-"):
            continue
        try:
            requirement = Requirement(re.split(r"\s--", line.text)[0])
        except InvalidRequirement:  # a path, or a mistake that uv words better
            continue
        found[canonicalize_name(requirement.name)] = requirement.url is not None
    return found


def fingerprints(lines: Iterable[Line], folder: Path) -> list[str]:
    """Sorted texts that are equal where the lines ask for the same.

    A package given by its path counts by its files' contents, an editable one by its place too.
    """
    return sorted({_fingerprint(line, folder) for line in lines})


def _file_of(line: str) -> tuple[str, str] | None:
    """The option (`-r` or `-c`) and the local path of such a line."""
    match = _FILE.match(line)
    if match is None or "://" in match["path"]:
        return None
    return "-c" if match[1] in ("-c", "--constraint") else "-r", match["path"].strip("\"'")


def _expand(lines: Iterable[str], constraint: bool, above: tuple[Path, ...]) -> Iterator[Line]:
    for line in lines:
        reference = _file_of(line)
        if reference is None:
            yield Line(line, constraint)
            continue
        option, name = reference
        path = Path(name)
        if path in above:
            raise InvalidInput(f"{clean(str(path))} includes itself.")
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise InvalidInput(f"{clean(str(path))} is no text file.") from None
        except OSError as error:
            raise NotFound(f"{clean(str(path))} can't be read: {error.strerror}.") from None
        inner = anchor(logical_lines(text), path.parent)
        yield from _expand(inner, constraint or option == "-c", (*above, path))


def _fingerprint(line: Line, folder: Path) -> str:
    prefix = "-c " if line.constraint else ""
    editable = _EDITABLE.match(line.text)
    path = _local_path(editable["path"] if editable else line.text, folder)
    text = " ".join(line.text.split())
    if path is None:
        return prefix + text
    if editable:
        digest = _digest(path, [path / name for name in _BUILD_FILES])
        return f"-e {path.resolve()} {digest}"
    files = [path] if path.is_file() else _files_below(path)
    return f"{prefix}{text} {_digest(path, files)}"


def _local_path(text: str, folder: Path) -> Path | None:
    """The file or folder that a requirement is, where it is one."""
    place = text.partition(" @ ")[2] or text
    place = re.split(r"\s+[;-]", place)[0].removeprefix("file://").removeprefix("file:")
    place = re.sub(r"\[[^\]]*\]$", "", unquote(place.strip()))
    if "://" in place or not (place.startswith((".", "/")) or place.endswith(_ARCHIVES)):
        return None
    path = folder / place
    return path if path.exists() else None


def _files_below(folder: Path) -> list[Path]:
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if not (name.startswith(".") or name in _SKIPPED or name.endswith(".egg-info"))
        ]
        found += [Path(place, name) for name in files if not name.startswith(".")]
    return sorted(found)


def _digest(root: Path, files: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for path in files:
        if not path.is_file():
            continue
        facts = path.stat()
        if facts.st_size <= _READ_BYTES or path == root:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
        else:
            content = f"{facts.st_size} {facts.st_mtime_ns}"
        name = path.relative_to(root).as_posix() if path != root else path.name
        total.update(f"{name}\0{content}\n".encode())
    return total.hexdigest()[:16]
