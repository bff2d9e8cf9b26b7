"""`tuiflow run`: run a project's command as a tracked run."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from typing import Annotated

import typer

from tuiflow.cli.options import StoreOption, chosen_location
from tuiflow.config import ENV_EXPERIMENT
from tuiflow.entities import DEFAULT_EXPERIMENT_NAME
from tuiflow.store import Store, locate
from tuiflow.text import STATUS_GLYPHS, clean, duration


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("run")(run)


def run(
    uri: Annotated[str, typer.Argument(metavar="FOLDER", help="The project's folder.")] = ".",
    entry_point: Annotated[
        str, typer.Option("-e", "--entry-point", help="An entry point, or a .py or .sh file.")
    ] = "main",
    param: Annotated[
        list[str] | None,
        typer.Option("-P", "--param-list", metavar="NAME=VALUE", help="A parameter; repeatable."),
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option("--experiment", "--experiment-name", help="Where to record the run."),
    ] = None,
    run_name: Annotated[
        str | None, typer.Option(help="A name; made up where none is given.")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Run a project (a folder with an MLproject file or a script) and record it as a run.

    The parameters are recorded before the command starts; its output goes to the terminal and to
    the run's log. Exits with the command's exit code.
    """
    from tuiflow import projects

    location = chosen_location(store)
    project = projects.load_project(uri)
    entry = projects.find_entry_point(project, entry_point)
    values = projects.bind(entry, projects.parse_assignments(param or ()), project.folder)
    launch = projects.prepare(project, entry, values)
    opened = Store(location.database)
    try:
        name = experiment or os.environ.get(ENV_EXPERIMENT) or DEFAULT_EXPERIMENT_NAME
        started = projects.create_run(opened, launch, name, run_name).info
        title = f"{clean(started.run_name)} ({started.run_id})"
        _say(f"run {title} in {clean(name)}: {clean(launch.shown)}")
        outcome = projects.execute(opened, started, launch, _echo)
    finally:
        opened.close()
    ended = outcome.run.info
    took = duration(ended.took())
    code = f", exit code {outcome.exit_code}" if outcome.exit_code else ""
    _say(f"{STATUS_GLYPHS[ended.status]} {ended.status} after {took}{code}: {title}")
    named = "" if locate() == location else f" --store {shlex.quote(str(location.database))}"
    _say(f"  see it with: tuiflow show {started.run_id[:8]}{named}")
    raise typer.Exit(outcome.exit_code)


def _say(line: str) -> None:
    """Speak on stderr, for stdout is the command's."""
    with contextlib.suppress(OSError):  # the terminal may be gone
        typer.echo(line, err=True)


def _echo(chunk: bytes) -> None:
    """Write to stdout; once nobody listens (`| head` has ended, the terminal is gone), to nowhere,
    for the run goes on."""
    try:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
