"""An entry point's command with its values filled in, safe from whatever the values hold.

Values never become shell text: a `{name}` turns into a positional parameter of the shell (`"${1}"`)
and the value travels beside the command as an argument. MLflow pastes the quoted value into the
text instead, which a place inside quotes, `"{name}"`, undoes.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from string import Formatter
from types import MappingProxyType


def placeholders(command: str) -> tuple[str, ...]:
    """The names in braces, each once, in order; `{{` and `}}` are braces themselves.

    Raises ValueError saying what is wrong with a template that is none.
    """
    return tuple(dict.fromkeys(name for _, name in _split(command) if name is not None))


def shell_argv(
    command: str, values: Mapping[str, str], extra: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    """The arguments that run `command` in bash (or sh) with `values` for its names.

    What is in `extra` is appended as `--name value`.
    """
    names = placeholders(command)
    number = {name: position for position, name in enumerate(names, start=1)}
    contexts = ["bare"]
    text = ""
    for literal, name in _split(command):
        text += literal
        _follow(literal, contexts)
        if name is not None:
            text += _reference(number[name], contexts[-1])
    appended = [part for name, value in extra.items() for part in (f"--{name}", value)]
    if appended:
        places = range(len(names) + 1, len(names) + len(appended) + 1)
        text = " ".join([text.rstrip(), *(f'"${{{place}}}"' for place in places)])
    shell = shutil.which("bash") or "/bin/sh"
    return [shell, "-c", text, "bash", *(values[name] for name in names), *appended]


def shown(
    command: str, values: Mapping[str, str], extra: Mapping[str, str] = MappingProxyType({})
) -> str:
    """The command as a person would type it, on one line."""
    parts = [
        literal + (shlex.quote(values[name]) if name is not None else "")
        for literal, name in _split(command)
    ]
    appended = [shlex.quote(part) for name, value in extra.items() for part in (f"--{name}", value)]
    return " ".join([*"".join(parts).split(), *appended])


def _split(command: str) -> list[tuple[str, str | None]]:
    parts: list[tuple[str, str | None]] = []
    try:
        fields = list(Formatter().parse(command))
    except ValueError:
        raise ValueError(
            "its command has a single { or }; a brace itself is written {{ or }}"
        ) from None
    for literal, name, spec, conversion in fields:
        if name == "":
            raise ValueError("its command has {} without a name")
        if spec or conversion:
            raise ValueError(f"its command formats {{{name}}}; only the plain name is possible")
        parts.append((literal, name))
    return parts


def _reference(position: int, context: str) -> str:
    if context == '"':
        return f"${{{position}}}"
    if context == "'":
        return f"'\"${{{position}}}\"'"
    return f'"${{{position}}}"'


def _follow(literal: str, contexts: list[str]) -> None:
    """Update the stack of open quotes, comments and `$(…)`, over a piece of shell text."""
    escaped = False
    previous = " "
    for char in literal:
        inside = contexts[-1]
        if escaped:
            escaped = False
        elif inside in ("'", "#"):
            if char == ("'" if inside == "'" else "\n"):
                contexts.pop()
        elif char == "\\":
            escaped = True
        elif char == '"':
            if inside == '"':
                contexts.pop()
            else:
                contexts.append('"')
        elif char == "(" and (previous == "$" or inside == "("):
            contexts.append("(")
        elif char == ")" and inside == "(":
            contexts.pop()
        elif inside != '"' and (char == "'" or (char == "#" and previous in " \t\n;")):
            contexts.append(char)
        previous = char
