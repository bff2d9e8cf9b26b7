"""Find out how to do a recorded run again: the same commit, the same changes, the same parameters.

What a run says of itself comes out of a store and is not trusted: its texts are checked as those of
a user are, and a command of a plain script is for a person to confirm.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tuiflow.entities import TAG_GIT_COMMIT, TAG_GIT_REPO_URL, TAG_SOURCE_NAME, TAG_SOURCE_TYPE, Run
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.projects import sources
from tuiflow.projects.context import RepositoryState, repository_state
from tuiflow.projects.environments import Environment
from tuiflow.projects.launch import Launch
from tuiflow.projects.plan import repository_of
from tuiflow.projects.record import CONTENT_KIND, Target, create
from tuiflow.projects.request import Request, from_json
from tuiflow.store import Store
from tuiflow.text import clean
from tuiflow.tracking.context.facts import TAG_COMMAND, TAG_FOLDER, TAG_GIT_DIRTY, TAG_PATCH_NOTE
from tuiflow.tracking.context.redaction import MARK

_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Command:
    """The command of a run that was no project's: not to be run before a person has seen it."""

    run: Run
    launch: Launch
    warning: str


def request_of(store: Store, run_id: str) -> Request | None:
    """What `tuiflow run` was asked for in a run, None where it was no project's.

    Raises NotFound for an unknown run, InvalidInput where what it says can't be read.
    """
    try:
        return from_json(store.contents.get(run_id, CONTENT_KIND))
    except NotFound:
        store.get_run(run_id)
        return None


def again(
    store: Store,
    run: Run,
    request: Request,
    parameters: Mapping[str, str],
    say: Callable[[str], None],
) -> tuple[Request, bytes | None]:
    """The request to do the run again, with `parameters` changed, and the patch it needs.

    A folder is used as it is where its commit and changes are still those of the run, or where
    nothing is known of them; otherwise the commit is taken out of its repository. Raises NotFound
    where the folder is gone, InvalidInput where changes or options of the run were not kept.
    """
    request = replace(request, parameters={**request.parameters, **parameters})
    for name, value in request.docker_args.items():
        if MARK in str(value):
            raise InvalidInput(
                f"The run's option -A {clean(name)} held a secret and was not kept; start it anew"
                " with tuiflow run."
            )
    patch = _patch(store, run)
    note = run.data.tags.get(TAG_PATCH_NOTE, "")
    if request.digest is not None:
        return request, None
    if request.commit is not None:
        _check_whole(run, note)
        return request, patch
    source = _source(run, request)
    commit = run.data.tags.get(TAG_GIT_COMMIT, "")
    folder = sources.subfolder(Path(source.location), source.subdir)
    state = repository_state(folder)
    if state is None or not _SHA.fullmatch(commit):
        say(f"{folder} is in no git repository: it is run as it is now")
        return request, None
    if _is_unchanged(state, commit, patch, note):
        return request, None
    _check_whole(run, note)
    if TAG_GIT_DIRTY not in run.data.tags:
        say("whether the run had uncommitted changes is not recorded")
    changes = " with its uncommitted changes" if patch else ""
    say(f"{folder} has changed since: running commit {commit[:12]}{changes} in a checkout")
    return replace(request, uri=repository_of(source).public, commit=commit), patch


def command_of(run: Run) -> Command:
    """The command of a run that was no project's, as recorded, and what speaks against it.

    Raises InvalidInput where it is not known whole, NotFound where its folder is gone.
    """
    tags = run.data.tags
    text, folder = tags.get(TAG_COMMAND, ""), Path(tags.get(TAG_FOLDER, ""))
    name = clean(run.info.run_name)
    if not text or not folder.is_absolute():
        raise InvalidInput(f"Run {name} recorded no command, so it can't be done again.")
    try:
        argv = tuple(shlex.split(text))
    except ValueError:
        argv = ()
    if not argv or MARK in text or text.endswith("…"):
        raise InvalidInput(f"The command of run {name} was not kept whole; run it yourself.")
    if not folder.is_dir():
        raise NotFound(f"The folder that run {name} ran in is gone: {clean(str(folder))}.")
    warning = ""
    commit = tags.get(TAG_GIT_COMMIT, "")
    state = repository_state(folder)
    if commit and (state is None or state.commit != commit):
        warning = f"the code was at commit {clean(commit[:12])}, and the folder no longer is"
    return Command(run, Launch(folder, argv, shlex.join(argv), Environment()), warning)


def record_command(store: Store, command: Command, target: Target) -> Run:
    """Record a run of the command, RUNNING; errors are those of `record_run`."""
    tags = {
        TAG_SOURCE_TYPE: "LOCAL",
        TAG_SOURCE_NAME: command.run.data.tags.get(TAG_SOURCE_NAME, ""),
        TAG_COMMAND: command.launch.shown,
        TAG_FOLDER: str(command.launch.folder),
    }
    return create(store, target, tags, {})


def _source(run: Run, request: Request) -> sources.Source:
    try:
        source = sources.parse(request.uri)
        if source.kind == "folder":
            return source
    except NotFound:
        pass
    remote = sources.without_credentials(run.data.tags.get(TAG_GIT_REPO_URL, ""))
    commit = run.data.tags.get(TAG_GIT_COMMIT, "")
    hint = ""
    if remote and _SHA.fullmatch(commit):
        hint = f" Its repository was {clean(remote, 200)}: tuiflow run ADDRESS -v {commit}"
    raise NotFound(f"The folder of the project is gone: {clean(request.uri)}.{hint}")


def _patch(store: Store, run: Run) -> bytes | None:
    try:
        return store.contents.get(run.info.run_id, "patch")
    except NotFound:
        return None


def _is_unchanged(state: RepositoryState, commit: str, patch: bytes | None, note: str) -> bool:
    # Both patches are without secrets; one that was cut says nothing of the rest.
    cut = any(word in text for text in (note, state.note) for word in ("cut", "left out"))
    return state.commit == commit and state.patch == (patch or b"") and not cut


def _check_whole(run: Run, note: str) -> None:
    if note:
        raise InvalidInput(
            f"The uncommitted changes of run {clean(run.info.run_name)} were not kept whole"
            f" ({clean(note)}), so it can't be done again as it was."
        )
