"""What a project declares, as plain values: parameters, entry points and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

EnvironmentKind = Literal["none", "python_env", "requirements", "conda", "docker"]


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """The environment a project asks for.

    `path` is the absolute path of the file that tells it: a python_env.yaml, a requirements.txt or
    a conda.yaml; None for the kinds `none` and `docker`. The other fields are docker's: `volumes`
    as `docker run -v` takes them, `variables` as pairs of a name and its value, which is None where
    it is to be copied from the user's own environment.
    """

    kind: EnvironmentKind = "none"
    path: Path | None = None
    image: str = ""
    volumes: tuple[str, ...] = ()
    variables: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared parameter; `default` is the text as written in the file, None where required."""

    name: str
    type: str = "string"
    default: str | None = None


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A command with `{name}` places for its parameters."""

    name: str
    command: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Project:
    """A project's folder (absolute), its MLproject file if it has one, and what that declares."""

    folder: Path
    name: str
    file: Path | None
    entry_points: Mapping[str, EntryPoint]
    environment: EnvironmentSpec = EnvironmentSpec()
