"""Git, asked without running anything that a repository names.

A repository's configuration can name programs: hooks, fsmonitor, diff and textconv drivers,
filters, signature checkers, ssh commands and remote helpers (git-config(1), gitattributes(5)). All
are overridden by options and environment, which come before any configuration, and filters are
listed first, since they can only be overridden by name.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

_OVERRIDES = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=",
    "core.sshCommand=false",
    "core.askPass=",
    "core.pager=cat",
    "diff.external=",
    "diff.ignoreSubmodules=dirty",
    "log.showSignature=false",
    "protocol.allow=never",
    "submodule.recurse=false",
)
DIFF_OPTIONS = (
    "--no-ext-diff --no-textconv --no-color --no-relative --full-index"
    " --submodule=short --ignore-submodules=dirty --src-prefix=a/ --dst-prefix=b/ -O/dev/null"
).split()
"""For every `diff`: no program is run for it, and its form does not depend on configuration."""

_running: set[subprocess.Popen[bytes]] = set()
_stopping = False


def stop_all() -> None:
    """Give up what is asked of Git in other threads: the process ends."""
    global _stopping
    _stopping = True
    for process in list(_running):
        process.kill()


class GitFailed(Exception):
    """Git gave no answer; the text says why, after "left out: "."""


def find_top(folder: Path) -> Path | None:
    """The top of the work tree around a folder; None outside of a repository."""
    return next((top for top in (folder, *folder.parents) if (top / ".git").exists()), None)


def _same_folder(one: str, other: Path) -> bool:
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):
        return False


class Git:
    """Git in the work tree `top`, until `deadline` (of `time.monotonic`)."""

    def __init__(self, top: Path, environment: Mapping[str, str], deadline: float) -> None:
        self._program = _find_program(environment.get("PATH", os.defpath))
        self._top = top
        self._deadline = deadline
        self._overrides = list(_OVERRIDES)
        self._environment = {
            **{key: value for key, value in environment.items() if not key.startswith("GIT_")},
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "none",  # a partial clone would fetch what it lacks
            "LC_ALL": "C",
        }

    def check(self) -> None:
        """To be called before anything else is asked.

        Raises GitFailed where Git refuses the repository (such as one of another user), where it
        names another folder as its work tree, and where a filter can't be overridden.
        """
        shown = self.ask(["rev-parse", "--show-toplevel"]).decode("utf-8", "surrogateescape")
        if not _same_folder(shown.removesuffix("\n"), self._top):
            raise GitFailed("the repository names another folder as its work tree")
        self._silence_filters()

    def _silence_filters(self) -> None:
        """Override every configured filter. Raises GitFailed for a name that can't be."""
        names = set()
        listed = self.ask(
            ["config", "-z", "--name-only", "--get-regexp", r"^filter\."], codes=(0, 1)
        )
        for key in listed.decode("utf-8", "surrogateescape").split("\0"):
            name = key.removeprefix("filter.").rpartition(".")[0]
            if not name:
                continue
            if not (name.isascii() and name.replace("-", "_").replace(".", "_").isidentifier()):
                raise GitFailed("the repository has a filter of an odd name")
            names.add(name)
        for name in sorted(names):
            settings = ("clean=", "smudge=", "process=", "required=false")
            self._overrides += [f"filter.{name}.{setting}" for setting in settings]

    def ask(
        self, arguments: Sequence[str], limit: int = 1 << 20, codes: tuple[int, ...] = (0,)
    ) -> bytes:
        """What Git writes; where that is more than `limit` bytes, somewhat more than `limit`.

        Raises GitFailed where there is no Git, it is too slow or ends with another code.
        """
        import subprocess

        command = [self._program, "--no-pager", "-C", str(self._top)]
        for override in self._overrides:
            command += ["-c", override]
        try:
            process = subprocess.Popen(
                [*command, *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                process_group=0,  # ctrl+C is the script's
            )
        except OSError as error:
            raise GitFailed(f"git can't be started ({error.strerror})") from None
        _running.add(process)
        with process:
            try:
                output, ended = self._read(process, limit)
            finally:
                process.kill()
                _running.discard(process)
        if _stopping:
            raise GitFailed("git took too long")
        if ended and process.returncode not in codes:
            raise GitFailed(f"git {arguments[0]} failed; try it in {self._top}")
        return output

    def _read(self, process: subprocess.Popen[bytes], limit: int) -> tuple[bytes, bool]:
        assert process.stdout is not None
        file = process.stdout.fileno()
        poll = select.poll()
        poll.register(file, select.POLLIN | select.POLLHUP)
        chunks: list[bytes] = []
        size = 0
        while size <= limit:
            left = self._deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise GitFailed("git took too long")
            chunk = os.read(file, 1 << 16)
            if not chunk:
                process.wait()
                return b"".join(chunks), True
            chunks.append(chunk)
            size += len(chunk)
        return b"".join(chunks), False


def _find_program(path: str) -> str:
    """The first `git` of the absolute folders of a PATH. Raises GitFailed."""
    for folder in path.split(os.pathsep):
        if folder.startswith("/") and os.access(program := f"{folder}/git", os.X_OK):
            return program
    raise GitFailed("there is no git here")
