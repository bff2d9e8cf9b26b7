"""Turn `-P name=value` into the values of an entry point's parameters, or say what is wrong."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tuiflow.errors import InvalidInput
from tuiflow.projects.sources.uri import local_file, scheme_of, url_path
from tuiflow.projects.spec import EntryPoint, Parameter
from tuiflow.text import clean, did_you_mean

_BOOLS = ("true", "false", "1", "0", "yes", "no")


def parse_assignments(texts: Iterable[str]) -> dict[str, str]:
    """Read `name=value` texts. Raises InvalidInput for one of another form and for a repetition."""
    given: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InvalidInput(f"-P {clean(text, 80)} is not of the form -P name=value.")
        if name in given:
            raise InvalidInput(f"-P {clean(name)} is given twice.")
        given[name] = value
    return given


def parse_docker_args(texts: Iterable[str]) -> dict[str, str | bool]:
    """Read `name=value` and `name` texts; a name alone, a flag, gets True.

    Raises InvalidInput for one without a name and for a repetition.
    """
    given: dict[str, str | bool] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or name.startswith("-"):
            raise InvalidInput(f"-A {clean(text, 80)} is not of the form -A name=value or -A name.")
        if name in given:
            raise InvalidInput(f"-A {clean(name)} is given twice.")
        given[name] = value if equals else True
    return given


@dataclass(frozen=True, slots=True)
class Bound:
    """The values of an entry point's parameters, and those given beyond them."""

    declared: Mapping[str, str]
    extra: Mapping[str, str]

    @property
    def params(self) -> dict[str, str]:
        """All of them, as a run records them."""
        return {**self.declared, **self.extra}


def bind(
    entry: EntryPoint, given: Mapping[str, str], folder: Path, cwd: Path | None = None
) -> Bound:
    """The value of every parameter, the given one, else its default, and what is given besides.

    A local `path` becomes absolute: a given one from `cwd` (default: the current folder), a default
    from the project's `folder`. A URL stays as it is; `download.fetch` brings it here.

    Raises InvalidInput, in one line, for missing and unfit values.
    """
    missing = [p for p in entry.parameters.values() if p.name not in given and p.default is None]
    extra = {name: value for name, value in given.items() if name not in entry.parameters}
    if missing:
        wanted = " ".join(f"-P {clean(p.name)}={p.type.upper()}" for p in missing)
        hints = [hint for name in extra if (hint := _hint(name, [p.name for p in missing]))]
        raise InvalidInput(
            f"Entry point {clean(entry.name)!r} needs {wanted}{hints[0] if hints else ''}"
        )
    values: dict[str, str] = {}
    for parameter in entry.parameters.values():
        if parameter.name in given:
            base, value = cwd or Path.cwd(), given[parameter.name]
        else:
            base, value = folder, parameter.default or ""
        values[parameter.name] = _checked(parameter, value, base)
    for name, value in extra.items():
        _checked(Parameter(name), name)
        _checked(Parameter(name), value)
    return Bound(values, extra)


def undeclared(entry: EntryPoint, extra: Iterable[str]) -> list[str]:
    """A warning for each name that looks like a misspelt parameter of the entry point."""
    return [
        f"-P {clean(name)} is not declared{hint} It is passed on as --{clean(name)}."
        for name in extra
        if (hint := did_you_mean(name, entry.parameters))
    ]


def is_url(text: str) -> bool:
    """True for anything with a scheme, such as https://…; a drive letter is not one."""
    return bool(scheme_of(text))


def _hint(name: str, known: list[str]) -> str:
    near = did_you_mean(name, known)
    return f"; {clean(name)!r} is none of its parameters{near}" if near else ""


def _checked(parameter: Parameter, value: str, base: Path = Path()) -> str:
    if "\0" in value:
        raise _unfit(parameter, value, "a text without NUL characters")
    match parameter.type:
        case "float":
            if not _reads_as(float, value):
                raise _unfit(parameter, value, "a number")
        case "int":
            if not _reads_as(int, value):
                raise _unfit(parameter, value, "a whole number")
        case "bool":
            if value.lower() not in _BOOLS:
                raise _unfit(parameter, value, "true or false")
        case "uri":
            if not is_url(value):
                raise _unfit(parameter, value, "a URI such as https://…")
        case "path":
            return _path(parameter, value, base)
    return value


def _path(parameter: Parameter, value: str, base: Path) -> str:
    if value.startswith("file://"):
        value = url_path(value)
    elif is_url(value):
        return value
    path = local_file(value, base)
    if path is None:
        sought = clean(str(base.absolute() / value), 200) if value else "empty path"
        raise InvalidInput(
            f"Parameter {clean(parameter.name)!r} is a path, and there is no {sought}."
        )
    return str(path.resolve())


def _reads_as(kind: type[float] | type[int], value: str) -> bool:
    try:
        kind(value)
    except ValueError:
        return False
    return True


def _unfit(parameter: Parameter, value: str, wanted: str) -> InvalidInput:
    shown = shlex.quote(clean(value, 80))
    return InvalidInput(f"Parameter {clean(parameter.name)!r} must be {wanted}, not {shown}.")
