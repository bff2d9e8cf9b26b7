"""`tuiflow rerun`: do a recorded run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tuiflow.cli.asking import confirm
from tuiflow.cli.launching import carry_out, note, run_request, say
from tuiflow.cli.options import RunArgument, StoreOption, chosen_location, open_existing
from tuiflow.cli.run import DryRun, ExperimentName, ParamOption, RunName
from tuiflow.errors import InvalidInput
from tuiflow.text import clean

if TYPE_CHECKING:
    from tuiflow.entities import Run
    from tuiflow.projects import Target
    from tuiflow.store import Location


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("rerun")(rerun)


def rerun(
    run: RunArgument,
    param: ParamOption = None,
    experiment: ExperimentName = None,
    run_name: RunName = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Don't ask before a recorded command is run.")
    ] = False,
    dry_run: DryRun = False,
    store: StoreOption = None,
) -> None:
    """Do a run again: the same project at the same commit, with its parameters but for -P.

    The new run is recorded in the same experiment unless another is named. The recorded command of
    a plain script is shown first and run once you say yes.
    """
    from tuiflow import projects
    from tuiflow.projects.params import parse_assignments

    parameters = parse_assignments(param or ())
    location = chosen_location(store)
    opened = open_existing(store)
    try:
        found = opened.get_run(opened.resolve_run(run))
        request = projects.request_of(opened, found.info.run_id)
        target = projects.Target(
            experiment or found.info.experiment_name,
            None if experiment else found.info.experiment_id,
            run_name,
            rerun_of=found.info.run_id,
        )
        if request is not None:
            request, patch = projects.again(opened, found, request, parameters, note)
    finally:
        opened.close()
    if request is None:
        if parameters:
            raise InvalidInput("-P is for runs of projects, and this one was a plain script's.")
        raise typer.Exit(_command_again(found, target, location, yes, dry_run))
    run_request(request, target, location, patch=patch, dry_run=dry_run)


def _command_again(run: Run, target: Target, location: Location, yes: bool, dry_run: bool) -> int:
    from tuiflow import projects

    command = projects.command_of(run)
    launch = command.launch
    say(f"in {clean(str(launch.folder))}: {clean(launch.shown)}")
    if command.warning:
        note(command.warning)
    if dry_run:
        return 0
    confirm("Run this command", yes)
    return carry_out(
        launch, lambda store: projects.record_command(store, command, target), location
    )
