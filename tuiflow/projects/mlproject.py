"""Read MLproject files: which commands a project offers and which parameters they take.

The format is MLflow's (mlflow/projects/_project_spec.py): `name`, `entry_points.NAME.command` and
`.parameters`, a parameter being a type or a mapping of `type` and `default`, and one of
`python_env`, `conda_env` and `docker_env`. A project without the file offers its scripts.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tuiflow.errors import InvalidInput, NotFound
from tuiflow.projects.command import placeholders
from tuiflow.projects.nodes import Reader, compose, read_text
from tuiflow.projects.spec import (
    EntryPoint,
    EnvironmentKind,
    EnvironmentSpec,
    Parameter,
    Project,
)
from tuiflow.text import clean, did_you_mean

if TYPE_CHECKING:
    import yaml

TYPES = {
    "string": "string",
    "str": "string",
    "float": "float",
    "double": "float",
    "number": "float",
    "int": "int",
    "integer": "int",
    "long": "int",
    "bool": "bool",
    "boolean": "bool",
    "path": "path",
    "uri": "uri",
}
"""Every spelling of a parameter type; MLflow checks only `path` and `uri` and takes any word."""

_ENVIRONMENT_KEYS = ("python_env", "conda_env", "docker_env")
_PROJECT_KEYS = ("name", "entry_points", *_ENVIRONMENT_KEYS, "databricks_spark_job")
_DOCKER_KEYS = ("image", "volumes", "environment")
_DEFAULT_FILES: tuple[tuple[str, EnvironmentKind], ...] = (
    ("python_env.yaml", "python_env"),
    ("conda.yaml", "conda"),
    ("requirements.txt", "requirements"),
)
_ENTRY_KEYS = ("command", "parameters")
_PARAMETER_KEYS = ("type", "default")
_RUNNERS = {".py": "python", ".sh": "bash"}


def load_project(folder: Path) -> Project:
    """Read the project in a folder.

    Raises InvalidInput for a mistake in the MLproject file, with its line.
    """
    folder = folder.resolve()
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise InvalidInput(f"{clean(str(folder))} can't be read: {error.strerror}.") from None
    files = sorted(p for p in entries if p.name.lower() == "mlproject" and p.is_file())
    if not files:
        return Project(folder, folder.name, None, {}, _default_environment(folder))
    name, entry_points, environment = parse(read_text(files[0]), folder, files[0].name)
    return Project(folder, name or folder.name, files[0], entry_points, environment)


def find_entry_point(project: Project, name: str = "main") -> EntryPoint:
    """The entry point of that name, or the .py or .sh file of that name in the project.

    Raises NotFound, saying what there is.
    """
    if name in project.entry_points:
        return project.entry_points[name]
    script = project.folder / name
    runner = _RUNNERS.get(script.suffix)
    if runner is not None and script.is_file():
        return EntryPoint(name, f"{runner} {shlex.quote(name)}")
    scripts = sorted(path.name for path in project.folder.glob("*.py"))
    if project.file is None and not scripts:
        raise NotFound(f"{project.folder} is no project: it has no MLproject file and no script.")
    offers = f"it has {_listed(project.entry_points or scripts) or 'none'}"
    if project.file is None and name == "main":
        raise NotFound(
            f"{project.folder} has no MLproject file: name a script to run, -e {scripts[0]}"
            if len(scripts) == 1
            else f"{project.folder} has no MLproject file: name a script to run with -e; {offers}."
        )
    hint = did_you_mean(name, [*project.entry_points, *scripts]) or f"; {offers}."
    raise NotFound(f"The project has no entry point {clean(name)!r}{hint}")


def parse(
    text: str, folder: Path, file_name: str = "MLproject"
) -> tuple[str | None, dict[str, EntryPoint], EnvironmentSpec]:
    """The name, the entry points and the environment that an MLproject text declares.

    Files that it names are looked for in `folder`.

    Raises InvalidInput naming `file_name` and the line of the mistake.
    """
    reader = Reader(file_name)
    root = compose(text, file_name)
    if root is None:
        return None, {}, _default_environment(folder)
    top = reader.mapping(root, "the file", _PROJECT_KEYS)
    if "databricks_spark_job" in top:
        raise reader.mistake(
            top["databricks_spark_job"],
            "databricks_spark_job asks to run on Databricks, which tuiflow does not do; give the"
            " project an entry point to run it on this machine.",
        )
    entry_points: dict[str, EntryPoint] = {}
    if "entry_points" in top and not reader.is_null(top["entry_points"]):
        for name, node in reader.mapping(top["entry_points"], "entry_points").items():
            entry_points[name] = _entry_point(reader, name, node)
    title = reader.text(top["name"], "name") if "name" in top else None
    return title, entry_points, _environment(reader, top, folder)


def _environment(reader: Reader, top: dict[str, yaml.Node], folder: Path) -> EnvironmentSpec:
    given = [key for key in _ENVIRONMENT_KEYS if key in top and not reader.is_null(top[key])]
    if len(given) > 1:
        raise reader.mistake(
            top[given[1]], f"a project has one environment, not {' and '.join(given)}."
        )
    if not given:
        return _default_environment(folder)
    (key,) = given
    node = top[key]
    if key == "docker_env":
        return _docker(reader, node)
    named = reader.text(node, key)
    path = folder / named
    if not path.is_file():
        raise reader.mistake(
            node, f"{key} names {clean(named)!r}, and the project has no such file."
        )
    kind: EnvironmentKind = "conda" if key == "conda_env" else "python_env"
    return EnvironmentSpec("requirements" if path.suffix == ".txt" else kind, path)


def _docker(reader: Reader, node: yaml.Node) -> EnvironmentSpec:
    fields = reader.mapping(node, "docker_env", _DOCKER_KEYS)
    if "image" not in fields:
        raise reader.mistake(node, "docker_env needs an image.")
    image = reader.text(fields["image"], "the image of docker_env")
    volumes: tuple[str, ...] = ()
    variables: list[tuple[str, str | None]] = []
    if "volumes" in fields and not reader.is_null(fields["volumes"]):
        items = reader.sequence(fields["volumes"], "volumes")
        volumes = tuple(reader.text(item, "a volume") for item in items)
    if "environment" in fields and not reader.is_null(fields["environment"]):
        for item in reader.sequence(fields["environment"], "environment"):
            if isinstance(item.value, str):
                variables.append((reader.text(item, "a variable of environment"), None))
                continue
            pair = reader.sequence(item, "a variable of environment")
            if len(pair) != 2:
                raise reader.mistake(
                    item, "environment holds names and [name, value] pairs, nothing else."
                )
            name, value = (reader.text(part, "a variable's name and value") for part in pair)
            variables.append((name, value))
    return EnvironmentSpec("docker", None, image, volumes, tuple(variables))


def _default_environment(folder: Path) -> EnvironmentSpec:
    """MLflow's defaults, python_env.yaml and conda.yaml; then requirements.txt, which it passes."""
    for file_name, kind in _DEFAULT_FILES:
        if (folder / file_name).is_file():
            return EnvironmentSpec(kind, folder / file_name)
    return EnvironmentSpec()


def _entry_point(reader: Reader, name: str, node: yaml.Node) -> EntryPoint:
    place = f"entry point {clean(name)!r}"
    fields = reader.mapping(node, place, _ENTRY_KEYS)
    if "command" not in fields or reader.is_null(fields["command"]):
        raise reader.mistake(node, f"{place} needs a command.")
    command = reader.text(fields["command"], "command")
    parameters: dict[str, Parameter] = {}
    if "parameters" in fields and not reader.is_null(fields["parameters"]):
        for key, value in reader.mapping(fields["parameters"], "parameters").items():
            parameters[key] = _parameter(reader, key, value)
    try:
        used = placeholders(command)
    except ValueError as error:
        raise reader.mistake(fields["command"], f"{place}: {error}.") from None
    for key in used:
        if key not in parameters:
            hint = did_you_mean(key, parameters) or "; a brace itself is written {{ or }}."
            raise reader.mistake(
                fields["command"],
                f"the command of {place} uses {{{clean(key)}}}, which is not one of its"
                f" parameters{hint}",
            )
    return EntryPoint(name, command, parameters)


def _parameter(reader: Reader, name: str, node: yaml.Node) -> Parameter:
    place = f"parameter {clean(name)!r}"
    if reader.is_null(node):
        return Parameter(name)
    if isinstance(node.value, str):
        return Parameter(name, _type(reader, node, place))
    fields = reader.mapping(node, place, _PARAMETER_KEYS)
    kind = _type(reader, fields["type"], place) if "type" in fields else "string"
    default = fields.get("default")
    if default is None or reader.is_null(default):
        return Parameter(name, kind)
    return Parameter(name, kind, reader.text(default, f"the default of {place}"))


def _type(reader: Reader, node: yaml.Node, place: str) -> str:
    word = reader.text(node, f"the type of {place}")
    kind = TYPES.get(word.lower())
    if kind is None:
        hint = did_you_mean(word, TYPES) or "; types are string, float, int, bool, path and uri."
        raise reader.mistake(node, f"{place} has an unknown type {clean(word)!r}{hint}")
    return kind


def _listed(names: Iterable[str]) -> str:
    return ", ".join(clean(name) for name in names)
