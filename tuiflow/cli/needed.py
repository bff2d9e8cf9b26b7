"""Only the command that is called is made: Typer would make all of them first, a millisecond each
and more."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Sequence

import typer


def needed(app: typer.Typer) -> typer.Typer:
    """The app with nothing but the command that the command line names, or else the whole app."""
    word = first_command(_words())
    commands = [
        item
        for item in app.registered_commands
        if word == (item.name or getattr(item.callback, "__name__", None))
    ]
    groups = [item for item in app.registered_groups if word == item.name]
    if not commands and not groups:
        return app
    small = copy.copy(app)
    small.registered_commands, small.registered_groups = commands, groups
    return small


def first_command(words: Sequence[str]) -> str | None:
    """The first word that is no option and no value of `--store`; None where another option is
    before it."""
    rest = iter(words)
    for word in rest:
        if word == "--store":
            next(rest, None)
        elif not word.startswith("-"):
            return word
        elif not word.startswith("--store="):
            return None
    return None


def _words() -> list[str]:
    """The whole words of the command line, or of the line that a shell wants completed."""
    if "_TUIFLOW_COMPLETE" not in os.environ:
        return sys.argv[1:]
    if "COMP_WORDS" in os.environ:
        end = int(os.environ.get("COMP_CWORD") or 0)
        return os.environ["COMP_WORDS"].split("\n")[1:end]
    line = os.environ.get("_TYPER_COMPLETE_ARGS", "")
    return line.split()[1:] if line.endswith(" ") else line.split()[1:-1]
