"""The `tuiflow` command: what each word on the shell leads to."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Annotated, TextIO

import typer

from tuiflow.cli import (
    artifacts,
    completion,
    config,
    demo,
    diff,
    experiments,
    metrics,
    models,
    rerun,
    runs,
    serve,
    show,
    tail,
    upkeep,
    why,
)
from tuiflow.cli import run as project
from tuiflow.cli.needed import needed
from tuiflow.cli.opening import AppOpener, has_terminal, open_app
from tuiflow.cli.options import StoreOption, chosen_location, remember_store
from tuiflow.errors import (
    AlreadyExists,
    Ambiguous,
    InvalidInput,
    InvalidState,
    NotFound,
    StoreError,
    TuiflowError,
)
from tuiflow.text import clean, clean_block

app = typer.Typer(
    name="tuiflow",
    help="Track, compare and serve machine-learning runs. Without a command, the app opens.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    # Rich on a terminal, plain when piped.
    rich_markup_mode="rich" if sys.stdout.isatty() else None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from tuiflow import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    store: StoreOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    remember_store(store)
    if context.invoked_subcommand is None:
        ui(context, store)


@app.command()
def ui(context: typer.Context, store: StoreOption = None) -> None:
    """Open the app."""
    location = chosen_location(store)
    if not has_terminal():
        raise InvalidInput("The app needs a terminal; use `tuiflow runs` to print runs.")
    open_app(context, location)


demo.register(app)
project.register(app)
rerun.register(app)
runs.register(app)
experiments.register(app)
show.register(app)
metrics.register(app)
tail.register(app)
artifacts.register(app)
diff.register(app)
why.register(app)
serve.register(app)
models.register(app)
upkeep.register(app)
config.register(app)

_BAD_INPUT = (AlreadyExists, InvalidInput, InvalidState, NotFound, StoreError)


def run(open_app: AppOpener) -> None:
    """Run the command line; a user's mistake ends in one sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that is not UTF-8 shows ? for what it has not.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    asked_for = os.environ.get("PYTHONIOENCODING")
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty() and not asked_for:
        sys.stdout.reconfigure(encoding="utf-8")  # data reach a program or file as they are
    try:
        try:
            with completion.for_bash():
                needed(app)(obj=open_app)
        finally:
            sys.stdout.flush()
    except TuiflowError as error:
        candidates = error.candidates if isinstance(error, Ambiguous) else ()
        _complain(str(error), *(f"  {clean(candidate)}" for candidate in candidates))
        bad_input = isinstance(error, _BAD_INPUT)
        sys.exit(2 if bad_input else 1)
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        _let_go(sys.stdout)
        sys.exit(1)
    except OSError as error:
        _complain(_sentence(error))
        sys.exit(1)


def _sentence(error: OSError) -> str:
    """What the system refused, and to whom."""
    reason = error.strerror or str(error)
    try:
        sys.stdout.flush()
    except OSError:  # again: what is to be printed is still there
        _let_go(sys.stdout)
        return f"Standard output can't be written: {reason}."
    if error.filename is None:
        return f"{reason}."
    return f"{os.fsdecode(error.filename)!r} can't be used: {reason}."


def _complain(sentence: str, *lines: str) -> None:
    try:
        print(f"tuiflow: {clean_block(sentence)}", *lines, sep="\n", file=sys.stderr, flush=True)
    except OSError:
        _let_go(sys.stderr)


def _let_go(stream: TextIO) -> None:
    """Have what a stream still holds go nowhere when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
