"""The command page of the documentation, written from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_INTRODUCTION = """\
<!-- Written by: python -c "from tuiflow.cli.page import cli_page; print(cli_page(), end='')" -->

# Commands

`tuiflow` alone opens the app; `tuiflow COMMAND --help` says of each command what stands here.

**The store** is the one of `--store PATH`, before or after the command's name, else of
`TUIFLOW_STORE`, else the nearest `.tuiflow/` at or above the current folder, else your own.
`tuiflow where` says which one it is, and why.

**RUN** names a run by its id, the start of its id (4 characters or more, as far as it is unique),
its name, `latest`, or `best:METRIC`: the run with the best last value of that metric, where names
such as `loss` and `rmse` are better when lower.

**Lists** are tables for people; `--format csv`, `json` or `md` (Markdown) are for programs and
documents, and `-o FILE` writes them to a file, which appears when it is whole, or to a pipe or
device as it is. Every value a run has logged is shown on a terminal as harmless text, and goes
unchanged into pipes and files, in UTF-8 unless `PYTHONIOENCODING` names another encoding.

**Changes** say what they did and how to undo it. What deletes or replaces something, and what
changes every run that a filter finds, asks first; `--yes` answers, and is needed where there is no
terminal to ask on.

**Exit codes**: 0 when all went well, 1 when something failed or was answered with no, 2 when the
command can't be carried out as it was given, 130 after ctrl+C. `tuiflow run` passes on the code of
what it ran.

**Completion** of commands, runs, experiments, metrics, filter keys and artifacts on TAB:
`tuiflow --install-completion` sets it up for the shell it is called from (bash, zsh, fish or
PowerShell), `tuiflow --show-completion` prints what it would install.
"""


def cli_page() -> str:
    """The Markdown of docs/cli.md: each command with its arguments and options."""
    from typer.main import get_command

    from tuiflow.cli.main import app

    parts = [_INTRODUCTION]
    for words, command in commands(get_command(app), ("tuiflow",)):
        parts.append(_section(words, command))
    return "\n".join(parts)


def commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A command and those under it, with the words that call each; hidden ones are left out."""
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        if not below.hidden:
            yield from commands(below, (*words, name))


def _section(words: tuple[str, ...], command: Any) -> str:
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    usage = [*words, *map(_metavar, arguments)]
    if getattr(command, "commands", None):
        usage.append("COMMAND" if not command.invoke_without_command else "[COMMAND]")
    lines = [f"{'#' * min(len(words) + 1, 4)} `{' '.join(usage)}`", ""]
    if command.help:
        lines += [command.help.strip(), ""]
    below = [name for name, item in getattr(command, "commands", {}).items() if not item.hidden]
    if below and len(words) > 1:
        lines += ["Commands: " + ", ".join(f"`{name}`" for name in below) + ".", ""]
    context = command.make_context(words[-1], [], resilient_parsing=True)
    rows = [_row(item, context) for item in command.params if not getattr(item, "hidden", False)]
    described = [row for row in rows if row is not None]
    if described:
        lines += ["| argument or option | what |", "|---|---|", *described, ""]
    return "\n".join(lines)


def _metavar(argument: Any) -> str:
    name = str(argument.metavar or argument.name.upper())
    if not argument.required and not name.startswith("["):
        name = f"[{name}]"
    return name if argument.nargs == 1 or "..." in name else f"{name}..."


def _row(item: Any, context: Any) -> str | None:
    if item.param_type_name == "argument":
        if not item.help:
            return None
        default = f" [default: {item.default}]" if item.default and item.show_default else ""
        return _cells(str(item.metavar or item.name.upper()), item.help + default)
    record = item.get_help_record(context)
    if record is None:
        return None
    names, what = record
    for pattern, plain in _TYPES:
        names = re.sub(pattern, plain, names)
    return _cells(names, what)


def _cells(names: str, what: str) -> str:
    what = " ".join(what.split()).replace("<", "\\<")
    return "| `{}` | {} |".format(names.replace("|", _PIPE), what.replace("|", _PIPE))


_PIPE = "\\|"
# How versions of typer write the types of options that name no metavar.
_TYPES = (
    (r"<str>", "TEXT"),
    (r"<path>", "PATH"),
    (r"<int( range)?>|INTEGER( RANGE)?", "N"),
    (r"<float( range)?>|FLOAT( RANGE)?", "NUMBER"),
    (r" [<\[](\w+(\|\w+)+)[>\]]", r" \1"),
)
