"""What tuiflow finds where it runs: store, disk, terminal, tools; and what to do about it."""

from __future__ import annotations

import locale
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tuiflow.errors import TuiflowError
from tuiflow.store import Location, Store, filesystem
from tuiflow.store.schema import SCHEMA_VERSION
from tuiflow.store.upkeep import size_on_disk, version_of
from tuiflow.text import size
from tuiflow.uv import uv_path

LOW_DISK = 1 << 30
"""Free bytes under which a disk is called nearly full."""
SMALLEST = (60, 15)
"""Columns and lines that the app needs to be of use."""
_LARGE_WAL = 256 << 20
_SECONDS = 5.0


class State(StrEnum):
    """`NOTE` works, but not as well as it could; `BAD` does not work."""

    OK = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what was found and, unless it is OK, what to do."""

    area: str
    state: State
    found: str
    remedy: str = ""


def look(location: Location, environment: Mapping[str, str] | None = None) -> list[Finding]:
    """Everything, in a fixed order; `environment` stands in for this process's variables.

    Nothing is changed: a store of an older version is not upgraded, none is made.
    """
    variables = os.environ if environment is None else environment
    return [
        *_store(location),
        *_disk(location),
        _terminal(variables),
        _colours(variables),
        _clipboard(variables),
        _tool("git", "Install it, so that runs record their commit and what was changed since."),
        _uv(),
        *_machine(variables),
        _versions(),
    ]


def _store(location: Location) -> Iterator[Finding]:
    path = location.database
    if not path.exists():
        yield Finding(
            "store",
            State.NOTE,
            f"{path} is not there yet ({location.reason}).",
            "`tuiflow demo`, `tuiflow run PROJECT` or a script that logs makes it; `mkdir .tuiflow`"
            " keeps a project's runs in its folder.",
        )
        return
    try:
        version = version_of(path)
        if version == SCHEMA_VERSION:
            yield from _opened(location)
        elif version < SCHEMA_VERSION:
            yield Finding(
                "store",
                State.NOTE,
                f"{path} is of store version {version}; this tuiflow writes {SCHEMA_VERSION}.",
                "The first command that opens it upgrades it, after a backup beside it.",
            )
        else:
            yield Finding(
                "store",
                State.BAD,
                f"{path} was written by a newer tuiflow (store version {version}).",
                "Upgrade tuiflow.",
            )
    except TuiflowError as error:
        yield Finding("store", State.BAD, str(error), "`tuiflow db check` says more.")


def _opened(location: Location) -> Iterator[Finding]:
    path = location.database
    store = Store(path, create=False)
    try:
        counts = store.experiment_counts()
        runs = sum(count.active for count in counts.values())
        found = (
            f"{path}, since {location.reason}. Active runs: {runs:,}, experiments: {len(counts)},"
            f" size: {size(size_on_disk(path))}."
        )
    finally:
        store.close()
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        yield Finding("store", State.OK, found)
    else:
        yield Finding(
            "store",
            State.NOTE,
            f"{found} It is read-only here.",
            "It can be looked at; log to a store of your own (TUIFLOW_STORE).",
        )
    wal = Path(f"{path}-wal")
    if wal.exists() and wal.stat().st_size > _LARGE_WAL:
        yield Finding(
            "store",
            State.NOTE,
            f"{wal.name} has grown to {size(wal.stat().st_size)}: some reader stays open.",
            "`tuiflow db vacuum`, once nothing else uses the store, folds it in.",
        )


def _disk(location: Location) -> Iterator[Finding]:
    root = location.root
    kind = filesystem.type_of(root, filesystem.mounts()) or "unknown"
    if network := filesystem.network_name(root):
        yield Finding(
            "file system",
            State.NOTE,
            f"{root} is on {network} ({kind}): a rollback journal, and one host writes at a time.",
            "Keep the store on a local disk (TUIFLOW_STORE) where writing is to be fast.",
        )
    else:
        yield Finding("file system", State.OK, f"{root} is on a local disk ({kind}).")
    existing = next(folder for folder in (root, *root.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < LOW_DISK:
        yield Finding(
            "disk",
            State.BAD if free < LOW_DISK // 10 else State.NOTE,
            f"{size(free)} are free.",
            "`tuiflow gc` removes deleted runs for good; old checkpoints are artifacts too.",
        )
    else:
        yield Finding("disk", State.OK, f"{size(free)} are free.")


def _terminal(variables: Mapping[str, str]) -> Finding:
    term = variables.get("TERM", "")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Finding("terminal", State.OK, "Output goes to a file or program, not a terminal.")
    columns, lines = shutil.get_terminal_size()
    found = f"{term or 'no TERM'}, {columns}×{lines}"
    if term in ("", "dumb", "unknown"):
        remedy = "Set TERM to what your terminal is, such as xterm-256color."
        return Finding("terminal", State.BAD, f"{found}: the app can't draw here.", remedy)
    encoding = locale.getpreferredencoding(False)
    if "utf" not in encoding.lower().replace("-", ""):
        return Finding(
            "terminal",
            State.NOTE,
            f"{found}, with the encoding {encoding}: glyphs and charts need UTF-8.",
            "export LANG=C.UTF-8 (in tmux, start it with `tmux -u`).",
        )
    if columns < SMALLEST[0] or lines < SMALLEST[1]:
        remedy = f"Make it at least {SMALLEST[0]}×{SMALLEST[1]}."
        return Finding("terminal", State.NOTE, f"{found} is small.", remedy)
    return Finding("terminal", State.OK, f"{found}, {encoding}.")


def _colours(variables: Mapping[str, str]) -> Finding:
    if "NO_COLOR" in variables:
        return Finding("colours", State.OK, "None, since NO_COLOR is set.")
    if variables.get("COLORTERM") in ("truecolor", "24bit"):
        return Finding("colours", State.OK, "16 million (COLORTERM).")
    term = variables.get("TERM", "")
    if "256color" in term or "direct" in term:
        return Finding("colours", State.OK, f"256 (TERM={term}); COLORTERM=truecolor gives all.")
    return Finding(
        "colours",
        State.NOTE,
        f"16 (TERM={term or 'not set'}).",
        "export TERM=xterm-256color, or in tmux `set -g default-terminal tmux-256color`, if the"
        " terminal can.",
    )


def _clipboard(variables: Mapping[str, str]) -> Finding:
    if "TMUX" in variables:
        setting = _output("tmux", "show-options", "-sv", "set-clipboard")
        if setting != "on":
            return Finding(
                "clipboard",
                State.NOTE,
                f"tmux keeps copies to itself (set-clipboard {setting or 'unknown'}).",
                "`tmux set -s set-clipboard on` lets `y` reach your terminal's clipboard.",
            )
        return Finding("clipboard", State.OK, "Copies go through tmux to the terminal (OSC 52).")
    if "STY" in variables:
        remedy = "Use tmux, or select with the mouse."
        return Finding("clipboard", State.NOTE, "GNU screen lets no copies through.", remedy)
    return Finding("clipboard", State.OK, "Copies go to the terminal (OSC 52), if it takes them.")


def _tool(name: str, remedy: str) -> Finding:
    version = _output(name, "--version")
    if version is None:
        return Finding(name, State.NOTE, f"There is no {name} on the PATH.", remedy)
    return Finding(name, State.OK, f"{version}.")


def _uv() -> Finding:
    version = _output(path, "--version") if (path := uv_path()) else None
    if version is None:
        remedy = "`pip install uv`, so that `tuiflow run --env-manager uv` has it."
        found = "There is no uv that works, on the PATH or beside this Python."
        return Finding("uv", State.NOTE, found, remedy)
    return Finding("uv", State.OK, f"{version}.")


def _machine(variables: Mapping[str, str]) -> Iterator[Finding]:
    yield Finding("host", State.OK, f"{platform.node()}, {platform.platform(terse=True)}.")
    if job := variables.get("SLURM_JOB_ID"):
        yield Finding("scheduler", State.OK, f"Slurm job {job}.")
    names = _output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
    if names:
        yield Finding("gpu", State.OK, ", ".join(names.splitlines()) + ".")


def _versions() -> Finding:
    from importlib import metadata

    from tuiflow import __version__

    found = [
        f"tuiflow {__version__}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
    ]
    for name in ("textual", "scikit-learn", "pandas", "numpy", "mlflow", "mlflow-skinny"):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return Finding("versions", State.OK, ", ".join(found) + ".")


def _output(*command: str) -> str | None:
    """The first words of a tool; None where it is missing, fails or is silent for long."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
