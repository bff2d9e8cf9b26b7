"""`tuiflow config`: the file of settings."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
from pathlib import Path

import typer

from tuiflow.cli.selecting import counted
from tuiflow.config import SERVE_PORT
from tuiflow.errors import InvalidInput
from tuiflow.text import clean


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    config = typer.Typer(help="The file of settings: keys, theme, port.")
    config.callback()(_group)
    config.command("path")(path)
    config.command("edit")(edit)
    config.command("check")(check)
    app.add_typer(config, name="config")


def _group() -> None:
    """Find, edit or check the file of settings: keys, theme, density, port."""


def path() -> None:
    """Print where the file of settings is, or would be."""
    from tuiflow.settings import settings_path

    typer.echo(str(settings_path()))


def edit() -> None:
    """Open the file of settings in $VISUAL or $EDITOR, and check it then.

    Where there is none, one is written first, with every setting and every key as a comment.
    """
    from tuiflow.settings import settings_path, template

    file = settings_path()
    if not file.exists():
        _write(file, template())
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        code = subprocess.run([*shlex.split(command), str(file)], check=False).returncode
    except (OSError, ValueError) as error:
        raise InvalidInput(f"The editor {command!r} can't be started: {error}.") from None
    if code:
        raise InvalidInput(f"The editor {command!r} ended with {code}.")
    check()


def check() -> None:
    """Tell what is wrong in the file of settings, by line; exit code 2 when something is."""
    from tuiflow.settings import read_settings, settings_path

    file = settings_path()
    settings, problems = read_settings(file)
    for problem in problems:
        place = "" if problem.line is None else f":{problem.line}"
        print(clean(f"{file}{place}: {problem.text}"), file=sys.stderr)
    if problems:
        raise typer.Exit(2)
    if not file.exists():
        typer.echo(clean(f"{file} is not there: everything is as it comes."))
        return
    said = [f"{counted(len(settings.keys), 'action')} with other keys"] if settings.keys else []
    said += [f"theme {settings.theme}"] if settings.theme else []
    said += ["compact"] if settings.density == "compact" else []
    said += [f"port {settings.port}"] if settings.port != SERVE_PORT else []
    typer.echo(clean(f"{file} is right: {', '.join(said) or 'everything is as it comes'}."))


def _write(file: Path, text: str) -> None:
    """Write a new file, whole or not at all."""
    new = file.with_name(f"{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(text, encoding="utf-8")
        new.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise InvalidInput(f"{file} can't be written: {error.strerror}.") from None
