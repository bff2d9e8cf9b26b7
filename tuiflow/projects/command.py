"""An entry point's command with its values filled in, safe from whatever the values hold.

Values never become shell text: a `{name}` turns into a positional parameter of the shell (`"${1}"`)
and the value travels beside the command as an argument. MLflow pastes the quoted value into the
text instead, which a place inside quotes, `"{name}"`, undoes.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from types import MappingProxyType

from tuiflow.text import clean

_VARIABLE = r"\$[A-Za-z_][A-Za-z0-9_]*|\$\{[A-Za-z_][A-Za-z0-9_]*\}"
# What stands in a plain command, by the quote that is open. In other text (comments, `$(…)`, here
# documents, several lines) no way to quote a value is sure to be right.
_PLAIN = {
    "": re.compile(
        r"(?P<space>(?:[ \t]|\\\n)+)|[^\x00-\x20\x7f'\"\\`#(){}\[<$]+"
        rf"|\\[ -~]|\[(?=[ \t])|<(?![<(])|{_VARIABLE}|['\"]"
    ),
    "'": re.compile(r"[^\x00-\x1f\x7f']+|'"),
    '"': re.compile(rf"[^\x00-\x1f\x7f\"\\`$]+|\\[ -~]|{_VARIABLE}|\""),
}
_KEYWORDS = frozenset(
    "if then else elif fi do done case esac for while until select function time coproc in".split()
)


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
    """The command as a person would type it: one line for bash, harmless to show and to paste.

    What is more than words, quotes and pipes is shown as it is run, `bash -c TEXT bash VALUES`.
    """
    line = _typed(command, values)
    if line is not None:
        appended = [part for name, value in extra.items() for part in (f"--{name}", value)]
        line = " ".join([line, *(_quoted(part) for part in appended)])
        if clean(line) == line:
            return line
    shell, *arguments = shell_argv(command, values, extra)
    return " ".join([Path(shell).name, *(_quoted(part) for part in arguments)])


def _typed(command: str, values: Mapping[str, str]) -> str | None:
    """A plain command with its values, each quoted for where it stands; None for another one."""
    parts = _joined(_split(command.strip(" \t\n")))
    text, quote = "", ""
    for place, (literal, name) in enumerate(parts):
        plain = _plain(literal, quote)
        if plain is None:
            return None
        text, quote = text + plain[0], plain[1]
        if name is not None:
            following = parts[place + 1][0][:1] or "{" if place + 1 < len(parts) else " "
            text += _filled(values[name], quote, text, following)
    return None if quote else text.strip()


def _joined(parts: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """The parts with the literal ones that follow each other, at `{{` and `}}`, as one."""
    joined: list[tuple[str, str | None]] = []
    for literal, name in parts:
        if joined and joined[-1][1] is None:
            literal = joined.pop()[0] + literal
        joined.append((literal, name))
    return joined


def _plain(literal: str, quote: str) -> tuple[str, str] | None:
    """Plain text with single spaces outside its quotes, and the quote that is open after it."""
    text, place = "", 0
    while place < len(literal):
        found = _PLAIN[quote].match(literal, place)
        if found is None:
            return None
        place, token = found.end(), found[0]
        if found.groupdict().get("space"):
            token = " " if token.replace("\\\n", "") else ""
        elif token in ("'", '"'):
            quote = "" if quote else token
        text += token
    return text, quote


def _filled(value: str, quote: str, before: str, following: str) -> str:
    """The value for a place inside `quote`, after the text `before`."""
    if not quote:
        # Next to other characters a bare value could become a part of `$NAME`, `2>` or `A=1 …`.
        alone = (before[-1:] or " ") in " =/" and following in " \t\n/."
        special = value in _KEYWORDS or ("=" in value and not value.startswith("-"))
        quoted = _quoted(value)
        return quoted if quoted != value or (alone and not special) else f"'{value}'"
    if clean(value) == value:
        if quote == "'":
            return value.replace("'", "'\"'\"'")
        # An interactive shell has a `!` of its own inside "…".
        if "!" not in value and not re.search(r"\$[A-Za-z0-9_]+$", before):
            return re.sub(r'([\\"$`])', r"\\\1", value)
    return f"{quote}{_quoted(value)}{quote}"


def _quoted(text: str) -> str:
    """One word of bash that stays as it is where it is shown."""
    if clean(text) == text:
        return shlex.quote(text)
    word = "".join(_escaped(char) for char in text)
    if clean(word) != word:  # more marks on one letter than are shown
        word = "".join(_escaped(char, char.isascii()) for char in text)
    return f"$'{word}'"


def _escaped(char: str, stays: bool = True) -> str:
    if stays and char not in "'\\!" and clean(char) == char:
        return char
    errors = "surrogateescape" if "\udc80" <= char <= "\udcff" else "surrogatepass"
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", errors))


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
