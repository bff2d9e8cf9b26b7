"""`tuiflow models serve` and `predict`: MLflow's spelling."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tuiflow.cli import output as out
from tuiflow.cli.options import StoreOption, open_existing
from tuiflow.cli.serve import (
    DetachOption,
    MlflowHostOption,
    NoCondaOption,
    PortOption,
    serve_address,
)
from tuiflow.errors import InvalidInput, NotFound

AddressOption = Annotated[
    str,
    typer.Option(
        "--model-uri",
        "-m",
        metavar="URI",
        help="models:/NAME@ALIAS, models:/NAME/VERSION, runs:/RUN/PATH, or a folder.",
    ),
]
EnvManagerOption = Annotated[str, typer.Option("--env-manager", hidden=True)]

_CONTENT_TYPES = {"json": "application/json", "csv": "text/csv"}


def register(group: typer.Typer) -> None:
    """Add the commands to `tuiflow models`."""
    mlflow = {"help_option_names": ["--help"]}  # its -h is the host
    group.command("serve", context_settings=mlflow)(serve)
    group.command("predict", context_settings=mlflow)(predict)


def serve(
    model_uri: AddressOption,
    port: PortOption = None,
    host: MlflowHostOption = "127.0.0.1",
    detach: DetachOption = False,
    env_manager: EnvManagerOption = "local",
    no_conda: NoCondaOption = False,
    store: StoreOption = None,
) -> None:
    """Serve the model at an address over HTTP; see `tuiflow serve`."""
    _check_environment(env_manager)
    serve_address(model_uri, port, host, detach, store)


def predict(
    model_uri: AddressOption,
    input_path: Annotated[
        Path | None,
        typer.Option("--input-path", "-i", metavar="FILE", help="Standard input unless given."),
    ] = None,
    output_path: Annotated[
        Path | None,
        typer.Option("--output-path", "-o", metavar="FILE", help="Write to a file instead."),
    ] = None,
    content_type: Annotated[
        str, typer.Option("--content-type", "-t", metavar="json|csv", help="What the input is.")
    ] = "json",
    env_manager: EnvManagerOption = "local",
    store: StoreOption = None,
) -> None:
    """Predict for a file of rows, as JSON: what a server would answer, without one."""
    from tuiflow.models.uri import LocalModel, parse_model_uri
    from tuiflow.serving.score import score
    from tuiflow.tracking.models import model_folder

    _check_environment(env_manager)
    if content_type not in _CONTENT_TYPES:
        raise InvalidInput(f"-t is json or csv, not {content_type!r}.")
    local = isinstance(parse_model_uri(model_uri), LocalModel)
    folder = model_folder(model_uri, None if local else open_existing(store))
    body = sys.stdin.buffer.read() if input_path is None else _read(input_path)
    answer = score(folder, body, _CONTENT_TYPES[content_type]).decode()
    with out.output(output_path) as stream:
        out.as_text(stream).write(answer + "\n")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.") from None
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}.") from None


def _check_environment(env_manager: str) -> None:
    if env_manager != "local":
        raise InvalidInput(
            f"--env-manager {env_manager} is not served: models run in tuiflow's own environment."
        )
