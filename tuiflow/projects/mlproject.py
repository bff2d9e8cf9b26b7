"""Read MLproject files: which commands a project offers and which parameters they take.

The format is MLflow's (mlflow/projects/_project_spec.py): `name`, `entry_points.NAME.command` and
`.parameters`, a parameter being a type or a mapping of `type` and `default`. A project without the
file offers its scripts.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tuiflow.errors import InvalidInput, NotFound
from tuiflow.projects.command import placeholders
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

_PROJECT_KEYS = ("name", "entry_points", "python_env", "conda_env", "docker_env")
_ENTRY_KEYS = ("command", "parameters")
_PARAMETER_KEYS = ("type", "default")
_ELSEWHERE = {"docker_env": "in Docker", "databricks_spark_job": "on Databricks"}
_RUNNERS = {".py": "python", ".sh": "bash"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared parameter; `default` is the text as written in the file, None where required."""

    name: str
    type: str = "string"
    default: str | None = None


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A command with `{name}` places for its parameters.

    A `script` (a .py or .sh file) declares none, so it is given whatever the user passes.
    """

    name: str
    command: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    script: bool = False


@dataclass(frozen=True, slots=True)
class Project:
    """A project's folder (absolute), its MLproject file if it has one, and what that declares."""

    folder: Path
    name: str
    file: Path | None
    entry_points: Mapping[str, EntryPoint]


def load_project(uri: str) -> Project:
    """Read the project in the folder `uri`.

    Raises NotFound where there is no such folder, InvalidInput for a mistake in the MLproject file
    (with its line) and for a URI that is not a folder of this machine.
    """
    if "://" in uri or uri.startswith("git@"):
        raise InvalidInput(
            f"{clean(uri)!r} can't be run: projects are run from a folder of this machine;"
            " clone or download it and give its path."
        )
    folder = Path(uri).expanduser().absolute()
    if folder.is_file():
        entry = "" if folder.name.lower() == "mlproject" else f" -e {shlex.quote(folder.name)}"
        parent = shlex.quote(str(Path(uri).parent))
        raise InvalidInput(
            f"{clean(uri)!r} is a file; a project is a folder: tuiflow run {parent}{entry}"
        )
    if not folder.is_dir():
        raise NotFound(f"There is no folder {clean(uri)!r} to run.")
    folder = folder.resolve()
    files = sorted(p for p in folder.iterdir() if p.name.lower() == "mlproject" and p.is_file())
    if not files:
        return Project(folder, folder.name, None, {})
    name, entry_points = parse(_read(files[0]), files[0].name)
    return Project(folder, name or folder.name, files[0], entry_points)


def find_entry_point(project: Project, name: str = "main") -> EntryPoint:
    """The entry point of that name, or the .py or .sh file of that name in the project.

    Raises NotFound, saying what there is.
    """
    if name in project.entry_points:
        return project.entry_points[name]
    script = project.folder / name
    runner = _RUNNERS.get(script.suffix)
    if runner is not None and script.is_file():
        return EntryPoint(name, f"{runner} {shlex.quote(name)}", script=True)
    scripts = sorted(path.name for path in project.folder.glob("*.py"))
    if project.file is None and not scripts:
        raise NotFound(f"{project.folder} is no project: it has no MLproject file and no script.")
    offers = f"it has {_listed(project.entry_points or scripts)}"
    if project.file is None and name == "main":
        raise NotFound(
            f"{project.folder} has no MLproject file: name a script to run, -e {scripts[0]}"
            if len(scripts) == 1
            else f"{project.folder} has no MLproject file: name a script to run with -e; {offers}."
        )
    hint = did_you_mean(name, [*project.entry_points, *scripts]) or f"; {offers}."
    raise NotFound(f"The project has no entry point {clean(name)!r}{hint}")


def parse(text: str, file_name: str = "MLproject") -> tuple[str | None, dict[str, EntryPoint]]:
    """The name and the entry points that an MLproject text declares.

    Raises InvalidInput naming `file_name` and the line of the mistake.
    """
    import yaml

    reader = _Reader(file_name)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidInput(f"{file_name} line {line} is not YAML: {error.problem}.") from None
    except (yaml.YAMLError, RecursionError) as error:
        first = clean(str(error).partition("\n")[0])
        raise InvalidInput(f"{file_name} is not YAML: {first}") from None
    if root is None:
        return None, {}
    top = reader.mapping(root, "the file", _PROJECT_KEYS)
    for key, where in _ELSEWHERE.items():
        if key in top:
            raise reader.mistake(
                top[key],
                f"{key} asks to run {where}, which tuiflow does not do; remove it to run the"
                " project in this Python environment.",
            )
    entry_points: dict[str, EntryPoint] = {}
    if "entry_points" in top and not reader.is_null(top["entry_points"]):
        for name, node in reader.mapping(top["entry_points"], "entry_points").items():
            entry_points[name] = _entry_point(reader, name, node)
    return reader.text(top["name"], "name") if "name" in top else None, entry_points


def _entry_point(reader: _Reader, name: str, node: yaml.Node) -> EntryPoint:
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


def _parameter(reader: _Reader, name: str, node: yaml.Node) -> Parameter:
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


def _type(reader: _Reader, node: yaml.Node, place: str) -> str:
    word = reader.text(node, f"the type of {place}")
    kind = TYPES.get(word.lower())
    if kind is None:
        hint = did_you_mean(word, TYPES) or "; types are string, float, int, bool, path and uri."
        raise reader.mistake(node, f"{place} has an unknown type {clean(word)!r}{hint}")
    return kind


@dataclass(frozen=True, slots=True)
class _Reader:
    """Walks YAML nodes, which know their lines as loaded values do not."""

    file_name: str

    def mistake(self, node: yaml.Node, message: str) -> InvalidInput:
        return InvalidInput(f"{self.file_name} line {node.start_mark.line + 1}: {message}")

    def is_null(self, node: yaml.Node) -> bool:
        return bool(node.tag == "tag:yaml.org,2002:null")

    def text(self, node: yaml.Node, what: str) -> str:
        if not isinstance(node.value, str) or self.is_null(node):
            raise self.mistake(node, f"{what} must be a text.")
        return node.value

    def mapping(
        self, node: yaml.Node, what: str, known: tuple[str, ...] | None = None
    ) -> dict[str, yaml.Node]:
        """The values by key; a key that looks like a misspelt `known` one is a mistake."""
        import yaml

        if not isinstance(node, yaml.MappingNode):
            raise self.mistake(node, f"{what} must be a mapping of names to values.")
        values: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = self.text(key_node, f"a key of {what}")
            if key in values:
                raise self.mistake(key_node, f"{clean(key)!r} is given twice in {what}.")
            if known is not None and key not in known and (hint := did_you_mean(key, known)):
                raise self.mistake(key_node, f"{what} has an unknown key {clean(key)!r}{hint}")
            values[key] = value
        return values


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(f"{file.name} is not UTF-8 text.") from None
    except OSError as error:
        raise InvalidInput(f"{file} can't be read: {error.strerror}.") from None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(clean(name) for name in names)
