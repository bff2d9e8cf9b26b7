"""Ask before a change; without a terminal to ask on, only `--yes` lets it happen."""

from __future__ import annotations

import sys

import typer

from tuiflow.cli.progress import INTERRUPTED
from tuiflow.errors import InvalidInput


def confirm(question: str, yes: bool) -> None:
    """Return when the answer is yes; end the command with exit code 1 when it is no, 130 when it is
    ctrl+C.

    `question` is harmless text without a question mark. Raises InvalidInput where nobody can
    answer.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput(f"{question}? There is no terminal to answer on; add --yes.")
    code = 1
    try:
        if typer.confirm(f"{question}?", err=True):
            return
    except typer.Abort as left:
        if isinstance(left.__context__, KeyboardInterrupt):  # else the end of the input
            code = INTERRUPTED
        typer.echo(err=True)
    typer.echo("Nothing was changed.", err=True)
    raise typer.Exit(code)
