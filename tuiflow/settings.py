"""What a person has set in the config file: keys, theme, density, port, how often the app looks.

Reading never fails: what is wrong is left out and told, with its line.
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from tuiflow.actions import ACTIONS, Action, action, meet, remapped
from tuiflow.config import ENV_CONFIG, POLL_SECONDS, SERVE_PORT
from tuiflow.keynames import KeyNameError, canonical, shown
from tuiflow.text import did_you_mean

Density = Literal["comfortable", "compact"]
DENSITIES: tuple[Density, ...] = ("comfortable", "compact")

OWN_THEMES = ("tuiflow-dark", "tuiflow-light")
ANSI_THEMES = ("ansi-dark", "ansi-light")
THEMES = (
    *OWN_THEMES,
    *ANSI_THEMES,
    *("atom-one-dark", "atom-one-light", "catppuccin-frappe", "catppuccin-latte"),
    *("catppuccin-macchiato", "catppuccin-mocha", "dracula", "flexoki", "gruvbox", "monokai"),
    *("nord", "rose-pine", "rose-pine-dawn", "rose-pine-moon", "solarized-dark"),
    *("solarized-light", "textual-dark", "textual-light", "tokyo-night"),
)
"""Themes to choose from: our own, those in the terminal's own 16 colours, then Textual's."""

POLL_RANGE = (0.1, 60.0)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the app starts with. `keys` holds only actions whose keys are not the table's."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    theme: str | None = None
    density: Density = "comfortable"
    poll: float = POLL_SECONDS
    port: int = SERVE_PORT
    """Where a model is served unless another port is asked for."""

    def actions(self) -> dict[str, Action]:
        """The table of actions by id, with these keys."""
        return remapped(self.keys)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a config file; `line` counts from 1, None where it has no line."""

    text: str
    line: int | None = None

    def __str__(self) -> str:
        return self.text if self.line is None else f"line {self.line}: {self.text}"


def settings_path() -> Path:
    """Where the config file is: what TUIFLOW_CONFIG names, else the user's own."""
    named = os.environ.get(ENV_CONFIG)
    if named:
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("tuiflow", appauthor=False) / "config.toml"


def read_settings(path: Path) -> tuple[Settings, list[Problem]]:
    """The settings of a config file, and what is wrong in it. No file means the defaults."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        missing = [Problem("there is no such file")] if os.environ.get(ENV_CONFIG) else []
        return Settings(), missing
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Settings(), [Problem(f"can't be read: {reason}")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Settings(), [Problem("is not UTF-8 text", line)]
    return parse_settings(text)


def parse_settings(text: str) -> tuple[Settings, list[Problem]]:
    """The settings of a TOML text, and what is wrong in it, by line."""
    try:
        table = tomllib.loads(text)
    except RecursionError:
        return Settings(), [Problem("is nested too deep")]
    except ValueError as error:  # TOMLDecodeError is one
        return Settings(), [_syntax_problem(str(error), text)]
    lines = _lines(text)
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for name, value in table.items():
        try:
            if name == "keys":
                values[name] = _keys(value, lines, problems)
            elif name == "serve":
                values |= _serve(value, lines, problems)
            else:
                values[name] = _value(name, value)
        except ValueError as error:
            problems.append(Problem(str(error), lines.get((name,))))
    values = {name: value for name, value in values.items() if value is not None}
    return Settings(**values), sorted(problems, key=lambda item: item.line or 0)


def _syntax_problem(message: str, text: str) -> Problem:
    """What tomllib says, `Expected '=' (at line 3, column 5)`, with the line in its place."""
    found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    if found is None:
        return Problem(f"is no TOML: {message}")
    reason = message[: found.start()]
    reason = reason[:1].lower() + reason[1:]
    if found[1] is None:
        return Problem(f"is no TOML: {reason}, at the end", max(len(text.splitlines()), 1))
    return Problem(f"is no TOML: {reason}, at column {found[2]}", int(found[1]))


# values


def _value(name: str, value: object) -> object:
    """The checked value of a setting; raises ValueError with what is wrong."""
    if name == "theme":
        return _one_of(name, value, THEMES)
    if name == "density":
        return _one_of(name, value, DENSITIES)
    if name == "poll":
        least, most = POLL_RANGE
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not least <= (seconds := _float(cast("float", value))) <= most:
            raise ValueError(f"poll must be a number of seconds from {least:g} to {most:g}")
        return seconds
    raise ValueError(_unknown(name, ("keys", "theme", "density", "poll", "serve")))


def _unknown(name: str, known: tuple[str, ...]) -> str:
    return f"there is no setting {name!r}{did_you_mean(name, known)}"


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _one_of(name: str, value: object, known: tuple[str, ...]) -> str:
    if isinstance(value, str) and value in known:
        return value
    guess = did_you_mean(value, known) if isinstance(value, str) else ""
    choices = guess or f": it is one of {', '.join(known)}"
    raise ValueError(f"{name} can't be {_written(value)}{choices}")


def _written(value: object) -> str:
    """A value in a few words."""
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:39] + "…")
    kinds = {bool: "true or false", int: "a number", float: "a number", dict: "a table"}
    return kinds.get(type(value), "a list" if isinstance(value, list) else "a date or time")


_Path = tuple[str, ...]


def _serve(table: object, lines: Mapping[_Path, int], problems: list[Problem]) -> dict[str, object]:
    if not isinstance(table, dict):
        raise ValueError("serve must be a table: write [serve] and below it port = 5001")
    found: dict[str, object] = {}
    for name, value in table.items():
        if name != "port":
            said = _unknown(f"serve.{name}", ("serve.port",))
        elif type(value) is not int or not 1 <= value <= 65535:
            said = "serve.port must be a whole number from 1 to 65535"
        else:
            found["port"] = value
            continue
        problems.append(Problem(said, _line_of(("serve", name), lines)))
    return found


# keys


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str
    keys: tuple[str, ...]
    line: int | None


def _keys(
    table: object, lines: Mapping[_Path, int], problems: list[Problem]
) -> dict[str, tuple[str, ...]]:
    if not isinstance(table, dict):
        raise ValueError("keys must be a table: write [keys] and below it lines of ACTION = KEY")
    entries = []
    ids = [item.id for item in ACTIONS]
    for path, value in _leaves(table, ("keys",)):
        action_id, line = ".".join(path[1:]), _line_of(path, lines)
        try:
            if action_id not in ids:
                raise ValueError(f"there is no action {action_id!r}{did_you_mean(action_id, ids)}")
            entries.append(_Entry(action_id, _key_list(action_id, value), line))
        except ValueError as error:
            problems.append(Problem(str(error), line))
    entries.sort(key=lambda entry: entry.line or 0)
    return _without_clashes(entries, problems)


def _leaves(table: Mapping[str, Any], path: _Path) -> Iterator[tuple[_Path, object]]:
    """Values that are no tables, by their paths: `runs.delete` may be written quoted or not."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _key_list(action_id: str, value: object) -> tuple[str, ...]:
    written = value if isinstance(value, list) else [value] if value != "" else []
    if not all(isinstance(item, str) for item in written):
        raise ValueError(f'{action_id} must be a key or a list of keys, such as "x"')
    try:
        return tuple(dict.fromkeys(map(canonical, written)))
    except KeyNameError as error:
        raise ValueError(f"{action_id}: {error}") from None


def _without_clashes(entries: list[_Entry], problems: list[Problem]) -> dict[str, tuple[str, ...]]:
    """The keys of these entries; of two that clash, the one that is written later is left out."""
    kept = list(entries)
    while True:
        keys = {entry.id: entry.keys for entry in kept}
        clash = next(_clashes(kept, remapped(keys)), None)
        if clash is None:
            return {name: new for name, new in keys.items() if new != action(name).keys}
        entry, key, other = clash
        kept.remove(entry)
        problems.append(
            Problem(
                f"{entry.id}: {shown(key)} is the key of {other.id} ({other.title})", entry.line
            )
        )


def _clashes(
    entries: list[_Entry], actions: Mapping[str, Action]
) -> Iterator[tuple[_Entry, str, Action]]:
    """Entries, from the last, whose key is another action's where both would work."""
    for entry in reversed(entries):
        mine = action(entry.id)
        for other in actions.values():
            if other.id == entry.id or not meet(mine.where, other.where):
                continue
            usual = set(mine.keys) & set(action(other.id).keys)
            for key in entry.keys:
                if key in other.keys and key not in usual:
                    yield entry, key, other


# lines


def _line_of(path: _Path, lines: Mapping[_Path, int]) -> int | None:
    """The line of a path, or of what it is in."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


def _lines(text: str) -> dict[_Path, int]:
    """On which line each table and value of a valid TOML text begins.

    A statement ends on the first line with which it can be read: none that goes on over several
    lines can be read before its end.
    """
    found: dict[_Path, int] = {}
    table: _Path = ()
    chunk: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not chunk and (not line.strip() or line.lstrip().startswith("#")):
            continue
        chunk.append(line)
        try:
            statement = tomllib.loads("\n".join(chunk))
        except (ValueError, RecursionError):
            continue
        first = number - len(chunk) + 1
        is_header = chunk[0].lstrip().startswith("[")
        chunk = []
        prefix = () if is_header else table
        for path in _paths(statement):
            found.setdefault((*prefix, *path), first)
        if is_header:
            table = max(_paths(statement), key=len, default=())
    return found


def _paths(value: object, path: _Path = ()) -> Iterator[_Path]:
    if path:
        yield path
    if isinstance(value, list) and value and isinstance(value[-1], dict):
        value = value[-1]
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _paths(below, (*path, name))


# a file to begin with

_HEAD = """\
# Settings of tuiflow. Lines that begin with # are the defaults.
# `tuiflow config check` tells what is wrong in this file.
"""


def template() -> str:
    """A config file with every setting and every action, all of them commented out."""
    actions = "\n".join(
        f"# {_quoted(item.id)} = {_keys_written(item)}  # {item.help}" for item in ACTIONS
    )
    return f"""{_HEAD}
# {", ".join(OWN_THEMES)};
# {", ".join(ANSI_THEMES)} in the colours of the terminal;
# {", ".join(THEMES[len(OWN_THEMES) + len(ANSI_THEMES) :])}
# theme = "tuiflow-dark"

# comfortable, or compact: without the blank lines around what is shown.
# density = "comfortable"

# Seconds between two looks for what others have written to the store.
# poll = {POLL_SECONDS}

[serve]
# Where a model is served unless another port is asked for.
# port = {SERVE_PORT}

# ACTION = KEY or a list of keys; "" leaves an action without one.
# Keys are characters ("x", "X", "?") or names: enter, tab, escape, space, backspace, delete,
# insert, home, end, pageup, pagedown, up, down, left, right, f1 to f12, ctrl+x, alt+x, shift+tab.
[keys]
{actions}
"""


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _keys_written(item: Action) -> str:
    if len(item.keys) == 1:
        return _quoted(item.keys[0])
    return f"[{', '.join(map(_quoted, item.keys))}]" if item.keys else '""'
