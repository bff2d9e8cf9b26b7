"""`tuiflow run`: run a project's command as a tracked run."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from tuiflow.cli import completion
from tuiflow.cli.launching import run_request
from tuiflow.cli.options import StoreOption, chosen_location, open_existing
from tuiflow.errors import InvalidInput


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("run")(run)


ParamOption = Annotated[
    list[str] | None,
    typer.Option(
        "-P",
        "--param-list",
        metavar="NAME=VALUE",
        help="A parameter (repeatable); one that is not declared is passed on as --NAME VALUE.",
        autocompletion=completion.parameters,
    ),
]
ExperimentName = Annotated[
    str | None,
    typer.Option(
        "--experiment",
        "--experiment-name",
        help="Where to record the run.",
        autocompletion=completion.experiments,
    ),
]
RunName = Annotated[str | None, typer.Option(help="A name; made up where none is given.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be run; record and build nothing.")
]


def run(
    uri: Annotated[
        str,
        typer.Argument(metavar="PROJECT", help="A folder, a zip or a git address, with #FOLDER."),
    ] = ".",
    entry_point: Annotated[
        str,
        typer.Option(
            "-e",
            "--entry-point",
            help="An entry point, or a .py or .sh file.",
            autocompletion=completion.entry_points,
        ),
    ] = "main",
    version: Annotated[
        str | None,
        typer.Option("-v", "--version", metavar="VERSION", help="A git branch, tag or commit."),
    ] = None,
    param: ParamOption = None,
    docker_arg: Annotated[
        list[str] | None,
        typer.Option(
            "-A", "--docker-args", metavar="NAME[=VALUE]", help="An option for docker run."
        ),
    ] = None,
    experiment: ExperimentName = None,
    experiment_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The experiment, by its id.")
    ] = None,
    run_name: RunName = None,
    run_id: Annotated[
        str | None,
        typer.Option(
            metavar="RUN_ID",
            help="Take up this run, not a new one.",
            autocompletion=completion.runs,
        ),
    ] = None,
    env_manager: Annotated[
        str | None,
        typer.Option(
            metavar="MANAGER",
            help="local (this Python; the default) or uv (builds what is declared).",
        ),
    ] = None,
    build_image: Annotated[
        bool, typer.Option("--build-image", help="Copy the project into the docker image.")
    ] = False,
    storage_dir: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Where URLs given for paths are downloaded to."),
    ] = None,
    backend: Annotated[
        str, typer.Option("-b", "--backend", metavar="BACKEND", help="Only local.")
    ] = "local",
    backend_config: Annotated[
        str | None,
        typer.Option("-c", "--backend-config", metavar="FILE", help="None for local.", hidden=True),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Refuse uncommitted changes and parameters that are not declared."
        ),
    ] = False,
    dry_run: DryRun = False,
    store: StoreOption = None,
) -> None:
    """Run a project (a folder with an MLproject file or a script) and record it as a run.

    The parameters are recorded before the command starts; its output goes to the terminal and to
    the run's log. Exits with the command's exit code.
    """
    from tuiflow import projects
    from tuiflow.projects.params import parse_assignments, parse_docker_args
    from tuiflow.tracking.experiments import default_experiment_id, name_in_environment

    projects.check_backend(backend, backend_config)
    if experiment is not None and experiment_id is not None:
        raise InvalidInput("Give --experiment-name or --experiment-id, not both.")
    location = chosen_location(store)
    request = projects.Request(
        uri,
        entry_point,
        version,
        parse_assignments(param or ()),
        parse_docker_args(docker_arg or ()),
        env_manager,
        build_image,
        storage_dir,
    )
    if run_id is not None:
        with closing(open_existing(store)) as opened:
            run_id = opened.resolve_run(run_id)
    name = experiment or name_in_environment() or ""
    if not name and experiment_id is None:  # by its id, for it may have another name by now
        experiment_id = default_experiment_id()
    target = projects.Target(name, experiment_id, run_name, run_id)
    run_request(request, target, location, strict=strict, dry_run=dry_run)
