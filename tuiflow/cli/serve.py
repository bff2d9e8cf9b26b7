"""`tuiflow serve` and `pyfunc serve`, and `tuiflow servers`."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuiflow.cli import completion
from tuiflow.cli import output as out
from tuiflow.cli.options import FormatOption, StoreOption, open_existing, remember_store
from tuiflow.cli.output import Column, Format
from tuiflow.config import SERVE_PORT
from tuiflow.errors import InvalidInput, ServingError
from tuiflow.store import now_ms
from tuiflow.text import ago, clean

if TYPE_CHECKING:
    from tuiflow.entities import ServerInfo
    from tuiflow.serving.process import Health, LogFollower
    from tuiflow.store import Store

_POLL_SECONDS = 0.1

RunOption = Annotated[
    str | None,
    typer.Option(
        "--run-id",
        "-r",
        metavar="RUN",
        help="Id, prefix, name, latest or best:METRIC.",
        autocompletion=completion.runs,
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model-path",
        "-m",
        metavar="PATH",
        help="The model's path in the run or, without one, such as models:/NAME@ALIAS.",
    ),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        "--port",
        "-p",
        min=0,
        max=65535,
        show_default=f"[serve] port of the settings, else {SERVE_PORT}",
        help="0: any free one.",
    ),
]
HostOption = Annotated[str, typer.Option("--host", help="0.0.0.0 lets other machines in.")]
# MLflow's spelling of its commands, where -h is the host.
MlflowHostOption = Annotated[
    str, typer.Option("--host", "-h", help="0.0.0.0 lets other machines in.")
]
DetachOption = Annotated[
    bool, typer.Option("--detach", help="Leave it running; `tuiflow servers` finds it again.")
]
NoCondaOption = Annotated[bool, typer.Option("--no-conda", hidden=True)]
IdsArgument = Annotated[list[int], typer.Argument(metavar="ID...", help="See `tuiflow servers`.")]
IdArgument = Annotated[int, typer.Argument(metavar="ID", help="See `tuiflow servers`.")]
AllOption = Annotated[bool, typer.Option("--all", "-a", help="Also those that have stopped.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("serve")(serve)
    mlflow = {"help_option_names": ["--help"]}
    pyfunc = typer.Typer(help="Serve a run's model, in the spelling of MLflow before 1.0.")
    pyfunc.callback()(_group)
    pyfunc.command("serve", context_settings=mlflow)(pyfunc_serve)
    app.add_typer(pyfunc, name="pyfunc", hidden=True)
    servers = typer.Typer(help="List, stop and look into model servers.")
    servers.callback(invoke_without_command=True)(servers_root)
    servers.command("list")(servers_list)
    servers.command("stop")(servers_stop)
    servers.command("logs")(servers_logs)
    app.add_typer(servers, name="servers")


def _group() -> None:
    """Keeps a group with one command a group."""


def serve(
    run: RunOption = None,
    model: ModelOption = None,
    port: PortOption = None,
    host: HostOption = "127.0.0.1",
    detach: DetachOption = False,
    store: StoreOption = None,
) -> None:
    """Serve a run's model, or a registered one, over HTTP until ctrl+C, which lets it finish what
    it is answering.

    POST rows to /invocations. With --detach the server stays, and the command returns when it is
    ready.
    """
    from tuiflow.models.uri import is_address

    if model is not None and is_address(model):
        if run is not None:
            raise InvalidInput(f"{model!r} names a model by itself; leave out -r.")
        serve_address(model, port, host, detach, store)
        return
    if run is None:
        raise InvalidInput(
            "Say what to serve: a run's model with -r RUN, or a registered one with"
            " -m models:/NAME@ALIAS."
        )
    opened = open_existing(store)
    _serve_run(opened, opened.resolve_run(run), model, port, host, detach)


def pyfunc_serve(
    run: RunOption = None,
    model: ModelOption = None,
    port: PortOption = None,
    host: MlflowHostOption = "127.0.0.1",
    detach: DetachOption = False,
    no_conda: NoCondaOption = False,
    store: StoreOption = None,
) -> None:
    """Serve a run's model; the same as `tuiflow serve`."""
    serve(run, model, port, host, detach, store)


def serve_address(uri: str, port: int | None, host: str, detach: bool, store: str | None) -> None:
    """Serve the model at an address: of a run, of the registry, or a folder with an MLmodel file.

    Raises InvalidInput where a model that is of no run is to be detached.
    """
    from tuiflow.models.uri import LocalModel, RegistryModel, parse_model_uri
    from tuiflow.tracking.models import locate_model, named_version

    address = parse_model_uri(uri)
    title = ""
    if not isinstance(address, LocalModel):
        opened = open_existing(store)
        if isinstance(address, RegistryModel):
            version = named_version(opened, address)
            address = RegistryModel(version.name, version.version)
            title = f"{version.name} version {version.version}: "
        address = locate_model(opened, address)
        if not isinstance(address, LocalModel):
            _serve_run(opened, address.run_id, address.path, port, host, detach, title)
            return
    if detach:
        raise InvalidInput(
            "Only the model of a run can be detached, since the store keeps its servers by run;"
            " leave out --detach, or log the model to a run."
        )
    from tuiflow.models import read_mlmodel
    from tuiflow.serving import process

    read_mlmodel(address.folder)
    with tempfile.TemporaryDirectory(prefix="tuiflow-") as folder:
        logs = Path(folder) / process.LOG_FOLDER
        server = process.launch(address.folder, logs, host, _port(port))
        _foreground(server, f"{title}{address.folder}", address.folder)


def _serve_run(
    opened: Store,
    run_id: str,
    model: str | None,
    port: int | None,
    host: str,
    detach: bool,
    name: str = "",
) -> None:
    from tuiflow.serving import process

    server = process.start(opened, run_id, model, host, _port(port), detached=detach)
    title = f"{name}{server.experiment_name} / {server.run_name} / {server.model_path}"
    folder = opened.artifact_path(run_id, server.model_path)
    if detach:
        _wait_detached(opened, server, title, folder)
    else:
        _foreground(server, title, folder)
        process.list_servers(opened)  # notes the end


def _port(asked: int | None) -> int:
    """The port that was asked for, else that of the settings; wrong ones are told."""
    if asked is not None:
        return asked
    from tuiflow.settings import read_settings, settings_path

    settings, problems = read_settings(settings_path())
    if problems:
        said = f"{settings_path()}: {problems[0]}; `tuiflow config check` tells all that is wrong"
        print(clean(said), file=sys.stderr)
    return settings.port


def _wait_detached(store: Store, server: ServerInfo, title: str, folder: Path) -> None:
    from tuiflow.serving import process

    try:
        process.wait_ready(server)
    except ServingError:
        process.list_servers(store)
        raise
    except KeyboardInterrupt:
        process.stop(store, server.server_id)
        raise typer.Exit(130) from None
    typer.echo(f"server {server.server_id}: {clean(title)} at {_url(server)}")
    typer.echo(f"  ask it    {_curl(server, folder)}")
    typer.echo(f"  stop it   tuiflow servers stop {server.server_id}")


def _foreground(server: ServerInfo, title: str, folder: Path) -> None:
    """Show the server's log until it ends; ctrl+C or SIGTERM drain it, a second one kills it."""
    from tuiflow.serving import process

    typer.echo(f"{clean(title)} at {_url(server)}; ctrl+C ends it")
    follower = process.LogFollower(server)
    ready = False
    with _interrupted_by(signal.SIGTERM):
        try:
            while process.is_alive(server):
                _print_log(follower)
                if not ready and process.health(server).state is process.HealthState.HEALTHY:
                    ready = True
                    _print_log(follower)
                    typer.echo(f"ask it: {_curl(server, folder)}")
                time.sleep(_POLL_SECONDS)
        except KeyboardInterrupt:
            try:
                drained = process.terminate(server)
            except KeyboardInterrupt:
                drained = process.terminate(server, timeout=0)
            _print_log(follower)
            raise typer.Exit(0 if drained else 1) from None
    _print_log(follower)
    if process.exit_code(server) == 0:  # stopped from elsewhere
        return
    if not ready:
        process.wait_ready(server, timeout=0)
    raise ServingError("The server has ended by itself; its log says why.")


@contextlib.contextmanager
def _interrupted_by(number: signal.Signals) -> Iterator[None]:
    """Take a signal for a ctrl+C."""
    before = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def _print_log(follower: LogFollower) -> None:
    for line in follower.new_lines():
        typer.echo(line)


def _url(server: ServerInfo) -> str:
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"http://{host}:{server.port}"


def _curl(server: ServerInfo, folder: Path) -> str:
    from tuiflow.errors import TuiflowError
    from tuiflow.models import read_mlmodel
    from tuiflow.serving import process

    try:
        return process.curl_example(server, read_mlmodel(folder))
    except TuiflowError:
        return process.curl_example(server)


def servers_root(
    context: typer.Context,
    output_format: FormatOption = Format.TABLE,
    include_stopped: AllOption = False,
    store: StoreOption = None,
) -> None:
    if context.invoked_subcommand is None:
        servers_list(output_format, include_stopped, store)
    elif store is not None:
        remember_store(store)


def servers_list(
    output_format: FormatOption = Format.TABLE,
    include_stopped: AllOption = False,
    store: StoreOption = None,
) -> None:
    """List the model servers of the store and how they are, newest first."""
    from concurrent.futures import ThreadPoolExecutor

    from tuiflow.serving import process

    found = process.list_servers(open_existing(store), include_stopped)
    with ThreadPoolExecutor(max_workers=8) as pool:
        states = list(pool.map(process.health, found))
    records = [_record(server, state) for server, state in zip(found, states, strict=True)]
    columns = [
        Column("id", right=True, style="bold"),
        Column("state"),
        Column("url", style="cyan"),
        Column("model"),
        Column("started", right=True),
        Column("ends"),
    ]
    now = now_ms()
    rows = [
        [
            str(server.server_id),
            state.state.value,
            _url(server),
            f"{server.experiment_name} / {server.run_name} / {server.model_path}",
            ago(server.started_at, now),
            "when stopped" if server.detached else "with its owner",
        ]
        for server, state in zip(found, states, strict=True)
    ]
    if output_format is Format.JSON:
        out.write_json(records, sys.stdout)
    elif output_format is Format.CSV:
        rows_of = [[record[title] for title in _TITLES] for record in records]
        out.write_csv_rows(_TITLES, rows_of, sys.stdout)
    elif output_format is Format.MD:
        out.write_markdown(columns, rows, sys.stdout)
    elif rows:
        out.write_table(columns, rows, sys.stdout)
    else:
        typer.echo("No servers. Start one with: tuiflow serve -r RUN", err=True)


_TITLES = (
    "server_id",
    "state",
    "url",
    "run_id",
    "run_name",
    "experiment_name",
    "model_path",
    "host",
    "pid",
    "detached",
    "started_at",
    "stopped_at",
    "log_path",
)


def _record(server: ServerInfo, health: Health) -> dict[str, Any]:
    values = (
        server.server_id,
        health.state.value,
        _url(server),
        server.run_id,
        server.run_name,
        server.experiment_name,
        server.model_path,
        server.process.host,
        server.process.pid,
        server.detached,
        server.started_at,
        server.stopped_at,
        server.log_path,
    )
    return dict(zip(_TITLES, values, strict=True))


def servers_stop(
    ids: IdsArgument,
    forget: Annotated[
        bool, typer.Option("--forget", help="Only take them off the list: their machine is gone.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Stop servers; they finish what they are answering first."""
    from tuiflow.serving import process

    opened = open_existing(store)
    for server in [process.find(opened, server_id) for server_id in ids]:
        if forget and process.health(server).state is process.HealthState.ELSEWHERE:
            opened.stop_server_row(server.server_id)
            typer.echo(
                f"took server {server.server_id} on {clean(server.process.host)} off the list"
            )
            continue
        if server.stopped_at is not None:
            typer.echo(f"server {server.server_id} had stopped already")
            continue
        how = "stopped" if process.stop(opened, server.server_id) else "had to be killed:"
        typer.echo(f"{how} server {server.server_id}, {_url(server)}")


def servers_logs(
    server_id: IdArgument,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")
    ] = 200,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until it ends, or ctrl+C.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Print a server's log."""
    from tuiflow.serving import process

    server = process.find(open_existing(store), server_id)
    follower = process.LogFollower(server, lines)
    _print_log(follower)
    try:
        while follow and process.is_alive(server):
            time.sleep(_POLL_SECONDS)
            _print_log(follower)
    except KeyboardInterrupt:
        return
