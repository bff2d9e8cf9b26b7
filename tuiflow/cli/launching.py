"""What `tuiflow run` and `tuiflow rerun` have in common: show a plan, run it, say how it ended."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from typing import TYPE_CHECKING

import typer

from tuiflow.store import Location, Store, locate
from tuiflow.text import STATUS_GLYPHS, clean, duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from tuiflow.entities import Run
    from tuiflow.projects import Launch, Plan


def show_plan(plan: Plan, location: Location) -> None:
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
