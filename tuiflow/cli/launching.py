"""What `tuiflow run` and `tuiflow rerun` have in common: show it or run it, say how it ended."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from typing import TYPE_CHECKING

import typer

from tuiflow.errors import NotFound
from tuiflow.store import Location, Store, locate
from tuiflow.text import STATUS_GLYPHS, clean, duration

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tuiflow.entities import Run
    from tuiflow.projects import Launch, Plan, Request, Target


def run_request(
    request: Request,
    target: Target,
    location: Location,
    *,
    strict: bool = False,
    patch: bytes | None = None,
    dry_run: bool = False,
) -> None:
    """Run what is requested, or show what that would be; ends with the command's exit code."""
    from tuiflow import projects

    find = _artifacts_in(location)
    with projects.planned(
        request, note, find, strict=strict, patch=patch, build=not dry_run
    ) as plan:
        if dry_run:
            _show(plan, location)
            return
        code = carry_out(
            plan.launch, lambda store: projects.record_run(store, plan, target), location
        )
    raise typer.Exit(code)


def _show(plan: Plan, location: Location) -> None:
    """Print what a run of the plan would do, one thing a line."""
    from tuiflow.projects import environments

    launch = plan.launch
    lines = {
        "project": plan.request.uri,
        "commit": plan.request.commit,
        "folder": str(launch.folder),
        "entry point": plan.entry.name,
        "params": " ".join(f"{name}={shlex.quote(v)}" for name, v in plan.bound.params.items()),
        "environment": environments.describe(plan.project.environment, launch.folder)
        if launch.environment.python or launch.environment.container
        else f"the Python of tuiflow, {sys.executable}",
        "command": launch.shown,
        "executes": shlex.join(launch.argv(location.root)),
    }
    for name, text in lines.items():
        if text:
            typer.echo(f"{name:<12} {clean(text)}")


def carry_out(launch: Launch, record: Callable[[Store], Run], location: Location) -> int:
    """Record a run, run its command and say on stderr what comes of it.

    Returns the command's exit code.
    """
    from tuiflow import projects

    store = Store(location.database)
    try:
        started = record(store).info
        title = f"{clean(started.run_name)} ({started.run_id})"
        say(f"run {title} in {clean(started.experiment_name)}: {clean(launch.shown)}")
        outcome = projects.execute(store, started, launch, echo)
    finally:
        store.close()
    ended = outcome.run.info
    code = f", exit code {outcome.exit_code}" if outcome.exit_code else ""
    took = duration(ended.took())
    say(f"{STATUS_GLYPHS[ended.status]} {ended.status} after {took}{code}: {title}")
    named = "" if locate() == location else f" --store {shlex.quote(str(location.database))}"
    say(f"  see it with: tuiflow show {started.run_id[:8]}{named}")
    return outcome.exit_code


def say(line: str) -> None:
    """Speak on stderr, for stdout is the command's."""
    with contextlib.suppress(OSError):  # the terminal may be gone
        typer.echo(line, err=True)


def note(line: str) -> None:
    """Say something on the way to a run."""
    say(f"tuiflow: {clean(line)}")


def echo(chunk: bytes) -> None:
    """Write to stdout; once nobody listens (`| head` has ended, the terminal is gone), to nowhere,
    for the run goes on."""
    try:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _artifacts_in(location: Location) -> Callable[[str], Path]:
    """Finds `runs:/RUN/path` and `models:/NAME/VERSION` in the store, which may not be there."""

    def find(uri: str) -> Path:
        from tuiflow.tracking.models import model_folder

        if not location.database.exists():
            raise NotFound(f"There is no {clean(uri, 200)}: the store is empty.")
        store = Store(location.database, create=False)
        try:
            return model_folder(uri, store)
        finally:
            store.close()

    return find
