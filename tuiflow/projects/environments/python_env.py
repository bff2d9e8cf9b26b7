"""What an environment holds, read from `python_env.yaml` or `requirements.txt`.

`python_env.yaml` is MLflow's (mlflow/utils/environment.py): `python`, a version; lists of
`build_dependencies` and `dependencies`, lines of pip's format, usually `-r requirements.txt`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tuiflow.errors import InvalidInput, NotFound
from tuiflow.projects.environments import requirements
from tuiflow.text import clean, did_you_mean

_KEYS = ("python", "build_dependencies", "dependencies")


@dataclass(frozen=True, slots=True)
class PythonEnv:
    """A Python environment to be built.

    `python` is a version (`3.11`, `3.11.7`) or a specifier (`>=3.11`), None for the running one.
    `lines` are those of pip's format, `-r` and `-c` absolute; paths of packages are relative to
    `folder`, the project's. `variables` are set for the command. `notes` are to be said before.
    """

    folder: Path
    source: str
    python: str | None = None
    lines: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_python_env(file: Path, folder: Path) -> PythonEnv:
    """Read a `python_env.yaml`; files that it names by `-r` are relative to the project's folder,
    as in MLflow, or else to its own.

    Raises InvalidInput for a mistake in it, NotFound where it or a file it names is missing.
    """
    content = read_yaml(file)
    for key in content:
        if key not in _KEYS:
            hint = did_you_mean(key, _KEYS) or f"; it may have {', '.join(_KEYS)}."
            raise InvalidInput(f"{file.name} has an unknown key {clean(key)!r}{hint}")
    python = content.get("python") or None
    if python is not None and not isinstance(python, str):
        raise InvalidInput(f'{file.name}: python must be a version, python: "3.11"')
    lines = [
        *texts(content.get("build_dependencies"), "build_dependencies", file),
        *texts(content.get("dependencies"), "dependencies", file),
    ]
    return PythonEnv(
        folder,
        file.name,
        None if python is None else check_python(python, file),
        tuple(requirements.anchor(lines, folder, file.parent)),
    )


def read_requirements(file: Path, folder: Path) -> PythonEnv:
    """The environment of a `requirements.txt`: the running Python with what the file lists.

    Raises NotFound where the file is missing.
    """
    return PythonEnv(folder, file.name, None, tuple(requirements.anchor([f"-r {file}"], folder)))


def read_yaml(file: Path) -> dict[str, Any]:
    """The mapping in a YAML file, every scalar as it is written (3.10 stays "3.10").

    Raises NotFound where there is no such file, InvalidInput where it is no mapping.
    """
    import yaml

    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except OSError as error:
        raise NotFound(f"{clean(str(file))} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{file.name} is no text file.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        problem = clean(str(getattr(error, "problem", None) or error))
        raise InvalidInput(f"{file.name}{line} is not YAML: {problem}.") from None
    if content in (None, ""):
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise InvalidInput(f"{file.name} must be a mapping of keys to values.")
    return content


def texts(value: object, key: str, file: Path) -> list[str]:
    """The value of a key that must be a list of texts; raises InvalidInput."""
    if value in (None, ""):
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidInput(f"{file.name}: {key} must be a list of requirements.")
    return [line for item in value for line in requirements.logical_lines(item)]


def check_python(text: str, file: Path) -> str:
    """A version or specifier as uv takes it; raises InvalidInput for another text."""
    from packaging.specifiers import InvalidSpecifier

    version = text.strip().removesuffix(".*")
    try:
        specifier(version)
    except InvalidSpecifier:
        raise InvalidInput(
            f'{file.name}: {clean(text, 80)!r} is no Python version; write python: "3.11"'
        ) from None
    return version


def running() -> str:
    """The version of the running Python, such as 3.11.7."""
    return ".".join(map(str, sys.version_info[:3]))


def specifier(python: str) -> Any:
    """The `packaging` SpecifierSet of a version (3.11 stands for every 3.11.x) or specifier."""
    from packaging.specifiers import SpecifierSet

    if python[:1].isdigit():
        exact = python.count(".") >= 2
        return SpecifierSet(f"=={python}" if exact else f"=={python}.*")
    return SpecifierSet(python)
