"""Take the address of a project apart: a folder, a zip file or a git repository, and `#subdir`."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import unquote

from tuiflow.errors import InvalidInput, NotFound
from tuiflow.text import clean

SourceKind = Literal["folder", "git", "zip"]

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]+):(//(?P<host>[^/?#]*))?(?P<path>[^?#]*)", re.DOTALL
)
"""RFC 3986, appendix B; urllib's urlsplit raises for some. A drive letter is no scheme."""
_SSH_SHORT = re.compile(r"[\w.\-]+@[\w.\-]+:(?!//).+")
_GIT_SCHEMES = ("https", "http", "ssh", "file")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a project is: an absolute path or a URL, which may hold credentials, and the folder
    in it."""

    kind: SourceKind
    location: str
    subdir: str = ""

    @property
    def public(self) -> str:
        """The address without credentials, as it may be shown and recorded."""
        return without_credentials(self.location) + (f"#{self.subdir}" if self.subdir else "")

    @property
    def is_path(self) -> bool:
        return self.location.startswith("/")


def parse(uri: str, cwd: Path | None = None) -> Source:
    """Read what a user gives `tuiflow run`; a relative path is one from `cwd`.

    Raises NotFound where there is no such folder or file, InvalidInput for anything else that is
    no project's address.
    """
    here = cwd or Path.cwd()
    whole = local_file(uri, here)
    if whole is not None:  # a name may hold a #
        return _of_path(uri, whole, "")
    address, _, fragment = uri.partition("#")
    subdir = _checked_subdir(fragment)
    if address.startswith("git+"):
        address = address.removeprefix("git+")
        return Source("git", _checked_git(address), subdir)
    scheme = scheme_of(address)
    if scheme == "file":
        return _of_path(uri, local_file(_file_path(address), here), subdir)
    if scheme in ("http", "https") and url_path(address).endswith(".zip"):
        return Source("zip", address, subdir)
    if scheme in _GIT_SCHEMES or _SSH_SHORT.fullmatch(address):
        return Source("git", _checked_git(address), subdir)
    if "://" in address:
        raise InvalidInput(
            f"{clean(without_credentials(uri), 200)!r} can't be run: a project is a folder, a zip"
            " file or a git repository (https://, ssh:// or file://)."
        )
    return _of_path(uri, local_file(address, here), subdir)


def without_credentials(url: str) -> str:
    """The URL without its password and, where it is a web address, without its user."""
    found = _URL.match(url)
    if found is None or "@" not in (found["host"] or ""):
        return url
    user, _, host = found["host"].rpartition("@")
    if found["scheme"].lower() == "ssh":
        host = f"{user.partition(':')[0]}@{host}"
    return url[: found.start("host")] + host + url[found.end("host") :]


def scheme_of(text: str) -> str:
    """The scheme of a URL in lower case, empty for anything else."""
    found = _URL.match(text)
    return found["scheme"].lower() if found else ""


def url_path(url: str) -> str:
    """The path of a URL, decoded, without query and fragment."""
    found = _URL.match(url)
    return unquote(found["path"]) if found else ""


def subfolder(root: Path, subdir: str) -> Path:
    """The folder `subdir` of `root`. Raises NotFound where it is none or a link leads out."""
    folder = local_file(subdir or ".", root)
    folder = None if folder is None else folder.resolve()
    if folder is None or not folder.is_relative_to(root.resolve()) or not folder.is_dir():
        raise NotFound(f"The project has no folder {clean(subdir)!r}.")
    return folder


def local_file(text: str, base: Path) -> Path | None:
    """The absolute path of a file or folder named from `base`, None where there is none.

    Links in it stay: what is behind a link keeps the name its user knows.
    """
    try:
        path = (base / Path(text).expanduser()).absolute()
        return path if text and path.exists() else None
    except (OSError, ValueError, RuntimeError):  # too long, with a NUL, of an unknown user
        return None


def _of_path(uri: str, path: Path | None, subdir: str) -> Source:
    if path is None:
        raise NotFound(f"There is no folder {clean(uri, 200)!r} to run.")
    if path.is_dir():
        return Source("git" if _is_bare(path) else "folder", str(path), subdir)
    if path.suffix == ".zip":
        return Source("zip", str(path), subdir)
    entry = "" if path.name.lower() == "mlproject" else f" -e {shlex.quote(path.name)}"
    parent = shlex.quote(str(Path(uri).parent))
    raise InvalidInput(
        f"{clean(uri)!r} is a file; a project is a folder: tuiflow run {parent}{entry}"
    )


def _is_bare(folder: Path) -> bool:
    """Whether the folder is a repository without a working tree (gitrepository-layout(5))."""
    return all((folder / name).exists() for name in ("HEAD", "objects", "refs"))


def _file_path(address: str) -> str:
    found = _URL.match(address)
    if found is None or found["host"] not in ("", "localhost") or not found["path"]:
        raise InvalidInput(f"{clean(address, 200)!r} names a host; write file:///PATH.")
    return unquote(found["path"])


def _checked_git(address: str) -> str:
    if _SSH_SHORT.fullmatch(address):
        return address
    scheme = scheme_of(address)
    if scheme not in _GIT_SCHEMES:
        raise InvalidInput(
            f"{clean(without_credentials(address), 200)!r} is no git address that is followed:"
            " give one of https://, ssh://, file:// or git@host:path."
        )
    return str(Path(_file_path(address)).absolute()) if scheme == "file" else address


def _checked_subdir(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\0" in text:
        raise InvalidInput(f"#{clean(text, 200)} must name a folder inside the project.")
    return "" if path == PurePosixPath(".") else str(path)
