"""Get a commit of a git repository into a folder, executing nothing that the repository brings.

Every repository is mirrored once in the user's cache; a commit that is there already needs no
network. Hooks, templates, submodules and filters (such as Git LFS) are never run. The user's own
configuration, with its credentials and proxies, is read only where git talks to the repository.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tuiflow.errors import InvalidInput, NotFound, TuiflowError
from tuiflow.projects.sources.uri import without_credentials
from tuiflow.text import clean, did_you_mean

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT_SHA = re.compile(r"[0-9a-f]{4,64}")
_HARDENED = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "submodule.recurse=false"),
    *("-c", "fetch.recurseSubmodules=false"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
)
_PERCENT = re.compile(rb"((?:Receiving|Unpacking) objects|Resolving deltas): +(\d+)%")
_PROTOCOLS = "https:http:ssh:file"


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit in a mirror; `branch` where it was asked for by the name of one."""

    mirror: Path
    url: str
    commit: str
    branch: str | None = None


class GitError(TuiflowError):
    """Git ended with an error; `reason` is its own last line."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def obtain(url: str, version: str | None, cache: Path, say: Callable[[str], None]) -> Revision:
    """Have the commit that `version` names, a branch, tag or commit (None: the default branch), in
    the mirror of `url` below the folder `cache`.

    Raises NotFound where there is no such version, GitError where git can't reach the repository.
    """
    if version is not None and (not version or version.startswith("-") or "\0" in version):
        raise InvalidInput(f"{clean(version, 80)!r} is not a branch, tag or commit.")
    public = without_credentials(url)
    mirror = cache / f"{repository_name(public)}-{_digest(public)}.git"
    with _locked(mirror.with_suffix(".lock")):
        if not mirror.exists():
            _create(mirror)
        commit = version and _SHA.fullmatch(version) and _commit(mirror, version)
        if commit:
            return Revision(mirror, url, commit)
        say(f"fetching {clean(public, 200)}")
        try:
            _fetch(mirror, url, version)
        except GitError as error:
            if error.reason == "couldn't find remote ref HEAD":
                raise NotFound(
                    f"{clean(public, 200)} has no default branch; choose one with -v."
                ) from None
            known = _commit(mirror, f"refs/heads/{version}" if version else "refs/tuiflow/HEAD")
            hint = f"; -v {known} is here from an earlier fetch" if known else ""
            raise GitError(
                f"{clean(public, 200)} can't be fetched ({error.reason}){hint}.", error.reason
            ) from None
        return _resolved(mirror, url, version)


def check_out(revision: Revision, folder: Path, patch: bytes | None = None) -> None:
    """Make `folder`, new or empty, a working tree of the commit, with `patch` applied to it.

    Raises GitError; one about a patch that does not fit says so.
    """
    git(
        *("clone", "--quiet", "--shared", "--no-checkout", "--no-tags", "--template="),
        *("--", str(revision.mirror), str(folder)),
    )
    git("config", "remote.origin.url", without_credentials(revision.url), cwd=folder)
    git("checkout", "--quiet", "--detach", revision.commit, cwd=folder)
    if patch:
        try:
            git("apply", "--whitespace=nowarn", "-", cwd=folder, stdin=patch)
        except GitError as error:
            raise GitError(
                f"The run's uncommitted changes can't be applied to its commit ({error.reason}).",
                error.reason,
            ) from None


def left_out(folder: Path) -> list[str]:
    """What a working tree lacks since nothing was run for it, in words for a warning."""
    missing = []
    if (folder / ".gitmodules").exists():
        missing.append("submodules")
    attributes = folder / ".gitattributes"
    if attributes.is_file() and b"filter=lfs" in attributes.read_bytes():
        missing.append("the content of Git LFS files")
    return missing


def repository_name(url: str) -> str:
    """The last part of a repository's address, fit for a file name."""
    last = re.split(r"[/:]", url.rstrip("/"))[-1].removesuffix(".git")
    return re.sub(r"[^\w.\-]+", "_", last).strip(".")[-60:] or "repository"


def git(
    *arguments: str, cwd: Path | None = None, stdin: bytes | None = None, network: bool = False
) -> str:
    """Git's stdout. It asks nobody anything and reads the user's configuration only if `network`;
    then what it tells of its progress is shown on a terminal.

    Raises GitError where it fails, TuiflowError where there is no git.
    """
    program = shutil.which("git")
    if program is None:
        raise TuiflowError("Git is needed for this, and there is no git command on this machine.")
    process = subprocess.Popen(
        [program, *_HARDENED, *arguments],
        cwd=cwd,
        env=_environment(network),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # without a terminal to ask for a passphrase on
    )
    try:
        if network and sys.stderr is not None and sys.stderr.isatty():
            output, errors = b"", _shown_progress(process)
        else:
            output, errors = process.communicate(stdin or b"")
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with its ssh or https helper
        process.wait()
        raise
    if process.returncode:
        lines = errors.decode(errors="replace").strip().splitlines() or ["no reason given"]
        reason = clean(_without_addresses(_telling(lines)), 300)
        raise GitError(f"git {arguments[0]} failed: {reason}", reason)
    return output.decode(errors="surrogateescape")


def _shown_progress(process: subprocess.Popen[bytes]) -> bytes:
    """Show percentages as git tells them on stderr, in one line that goes again; returns all."""
    assert process.stderr is not None and process.stdin is not None
    process.stdin.close()
    told = b""
    while chunk := os.read(process.stderr.fileno(), 4096):
        told += chunk
        if found := _PERCENT.findall(told[-200:]):
            phase, percent = (part.decode() for part in found[-1])
            sys.stderr.write(f"\r\x1b[K{phase.lower()} {percent}%")
            sys.stderr.flush()
    sys.stderr.write("\r\x1b[K")
    process.wait()
    return told


def _environment(network: bool) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    if network:
        kept = ("GIT_SSH", "GIT_SSL_", "GIT_HTTP_", "GIT_CONFIG_", "GIT_PROXY_")
        dropped = ("GIT_CONFIG_PARAMETERS",)
        own |= {
            key: value
            for key, value in os.environ.items()
            if key.startswith(kept) and key not in dropped
        }
    else:
        own |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        own |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1"}
    return own | {
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }


def _create(mirror: Path) -> None:
    part = Path(tempfile.mkdtemp(dir=mirror.parent, prefix=".part-"))
    try:
        git("init", "--quiet", "--bare", "--template=", "--", str(part))
        part.rename(mirror)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fetch(mirror: Path, url: str, version: str | None) -> None:
    wanted = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
    if version is None:
        wanted.append("+HEAD:refs/tuiflow/HEAD")
    _fetch_refs(mirror, url, wanted)
    if version and _SHA.fullmatch(version) and _commit(mirror, version) is None:
        # A commit that no branch holds any more; many servers still give it.
        try:
            _fetch_refs(mirror, url, [f"+{version}:refs/tuiflow/{version}"])
        except GitError:
            return


def _fetch_refs(mirror: Path, url: str, wanted: Sequence[str]) -> None:
    git(
        *("fetch", "--progress", "--force", "--no-tags", "--no-write-fetch-head", "--"),
        *(url, *wanted),
        cwd=mirror,
        network=True,
    )


def _resolved(mirror: Path, url: str, version: str | None) -> Revision:
    if version is None:
        commit = _commit(mirror, "refs/tuiflow/HEAD")
        assert commit is not None
        return Revision(mirror, url, commit)
    if commit := _commit(mirror, f"refs/heads/{version}"):
        return Revision(mirror, url, commit, version)
    if commit := _commit(mirror, f"refs/tags/{version}"):
        return Revision(mirror, url, commit)
    if _SHORT_SHA.fullmatch(version) and (commit := _commit(mirror, version)):
        return Revision(mirror, url, commit)
    public = clean(without_credentials(url), 200)
    if _SHA.fullmatch(version):
        raise NotFound(f"Commit {version} is not to be had from {public} (any more).")
    names = git(
        "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads", "refs/tags", cwd=mirror
    )
    hint = did_you_mean(version, names.split()) or "."
    raise NotFound(f"{public} has no branch, tag or commit {clean(version, 80)!r}{hint}")


def _commit(mirror: Path, name: str) -> str | None:
    try:
        return git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", cwd=mirror).strip()
    except GitError:
        return None


def _telling(lines: Sequence[str]) -> str:
    """The line that says what is wrong: git's first, or the one of ssh before it."""
    for number, line in enumerate(lines):
        kind, colon, text = line.partition(": ")
        if colon and kind in ("fatal", "error"):
            return lines[0] if text.startswith("Could not read from remote") and number else text
    return lines[0]


def _without_addresses(text: str) -> str:
    return re.sub(r"[a-z+]+://[^\s']+", lambda found: without_credentials(found[0]), text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
