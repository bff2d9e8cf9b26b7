"""What takes longer to find out of a script: source, packages, GPUs and uncommitted changes."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tuiflow.config import MAX_LIST_SIZE, MAX_PATCH_SIZE, MAX_SOURCE_SIZE
from tuiflow.git import GitFailed
from tuiflow.tracking.context.changes import MAX_UNTRACKED, Changes, find_changes
from tuiflow.tracking.context.facts import TAG_GIT_DIRTY, TAG_GPU, TAG_PATCH_NOTE, Script
from tuiflow.tracking.context.machine import gpus, packages
from tuiflow.tracking.context.redaction import redact, secret_values

GIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Findings:
    """Contents as (kind, name, data), cut to size and without secrets, and tags."""

    contents: tuple[tuple[str, str, bytes], ...]
    tags: Mapping[str, str]


def gather(script: Script, environment: Mapping[str, str]) -> Findings:
    """All that `of_process` and `of_repository` find."""
    one, two = of_process(script, environment), of_repository(script, environment)
    return Findings((*one.contents, *two.contents), {**one.tags, **two.tags})


def of_process(script: Script, environment: Mapping[str, str]) -> Findings:
    """Source, packages and GPUs."""
    contents: list[tuple[str, str, bytes]] = []
    if script.file is not None:
        with contextlib.suppress(OSError), script.file.open("rb") as file:
            source = _cleaned(file.read(MAX_SOURCE_SIZE + 1), secret_values(environment))
            contents.append(("source", _source_name(script), cut(source, MAX_SOURCE_SIZE)))
    contents.append(("packages", "", _lines(packages(sys.path))))
    found = gpus(environment)
    return Findings(tuple(contents), {TAG_GPU: found} if found else {})


def of_repository(script: Script, environment: Mapping[str, str]) -> Findings:
    """Patch and names of untracked files, or a tag that says why there are none."""
    contents: list[tuple[str, str, bytes]] = []
    tags: dict[str, str] = {}
    if script.repository is not None:
        deadline = time.monotonic() + GIT_SECONDS
        try:
            changes = find_changes(script.repository.top, environment, MAX_PATCH_SIZE, deadline)
        except GitFailed as failure:
            tags[TAG_PATCH_NOTE] = f"left out: {failure}"
        else:
            tags[TAG_GIT_DIRTY] = "true" if changes.patch else "false"
            _add_changes(changes, secret_values(environment), contents, tags)
    return Findings(tuple(contents), tags)


def _add_changes(
    changes: Changes,
    secrets: tuple[str, ...],
    contents: list[tuple[str, str, bytes]],
    tags: dict[str, str],
) -> None:
    if changes.patch:
        patch = _cleaned(changes.patch, secrets)
        notes = ["secrets taken out"] if patch != changes.patch else []
        if not changes.whole or len(patch) > MAX_PATCH_SIZE:
            notes.append(f"cut after {MAX_PATCH_SIZE >> 20} MiB")
            patch = cut(patch + b"\n", MAX_PATCH_SIZE, whole=False)
        contents.append(("patch", "", patch))
        if notes:
            tags[TAG_PATCH_NOTE] = ", ".join(notes)
    if changes.untracked:
        names = list(changes.untracked[:MAX_UNTRACKED])
        if len(changes.untracked) > len(names):
            names.append(f"# and {len(changes.untracked) - len(names)} more")
        contents.append(("untracked", "", _lines(names)))


def _source_name(script: Script) -> str:
    assert script.file is not None
    top = script.repository.top if script.repository else None
    inside = top is not None and script.file.is_relative_to(top)
    name = str(script.file.relative_to(top)) if top and inside else script.file.name
    return name.encode("utf-8", "replace").decode("utf-8")


def _cleaned(data: bytes, secrets: tuple[str, ...]) -> bytes:
    text = data.decode("utf-8", "surrogateescape")
    return redact(text, secrets).encode("utf-8", "surrogateescape")


def _lines(lines: list[str]) -> bytes:
    return cut("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"), MAX_LIST_SIZE)


def cut(data: bytes, limit: int, *, whole: bool = True) -> bytes:
    """The lines that fit into `limit` bytes and, where that is not all, a last line that says so.

    `whole` false says that there was more than `data`.
    """
    if whole and len(data) <= limit:
        return data
    last = f"# tuiflow: cut here, the rest is beyond {limit >> 10} KiB\n".encode()
    room = limit - len(last)
    return data[: data.rfind(b"\n", 0, room) + 1] + last
