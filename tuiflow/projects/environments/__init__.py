"""The environments that projects ask for, prepared: by uv, or in a container."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from tuiflow.entities import TAG_DOCKER_IMAGE_ID, TAG_DOCKER_IMAGE_URI, TAG_PROJECT_ENV
from tuiflow.errors import InvalidInput
from tuiflow.projects.environments import build
from tuiflow.projects.environments.conda import read_conda
from tuiflow.projects.environments.docker import find_engine, make_container, provide_image
from tuiflow.projects.environments.environment import Environment
from tuiflow.projects.environments.python_env import (
    PythonEnv,
    read_python_env,
    read_requirements,
    running,
)
from tuiflow.projects.spec import EnvironmentSpec
from tuiflow.text import clean

MANAGERS = ("local", "uv")

__all__ = [
    "MANAGERS",
    "Environment",
    "describe",
    "environment_key",
    "prepare_environment",
]


def prepare_environment(
    project_folder: Path,
    spec: EnvironmentSpec,
    manager: str,
    say: Callable[[str], None],
    *,
    dry_run: bool = False,
    build_image: bool = False,
    repository: str = "",
    docker_args: Mapping[str, str | bool] | None = None,
) -> Environment:
    """Get the project's environment ready and say what is done for it.

    `manager` is `local`, the running Python, or `uv`. A `docker_env` is a container with either.
    With `dry_run` nothing is built, pulled or written, and the result is what it would be.
    `docker_args` are options of `docker run` by name, True for a flag; `build_image` copies the
    project into an image named after `repository`, the project's name. Raises InvalidInput and
    NotFound for mistakes in the project, TuiflowError where uv or the container program is missing
    or fails; nothing half-built is left.
    """
    if manager not in MANAGERS:
        raise InvalidInput(
            f"There is no environment manager {clean(manager)!r}: choose {' or '.join(MANAGERS)};"
            " uv builds the environments of python_env.yaml, requirements.txt and conda.yaml."
        )
    if spec.kind == "docker":
        container = make_container(
            find_engine(say, dry_run=dry_run),
            spec,
            project_folder,
            build_image=build_image,
            repository=repository,
            arguments=docker_args,
        )
        tags = {TAG_PROJECT_ENV: "docker", TAG_DOCKER_IMAGE_URI: container.image}
        if not dry_run:
            tags[TAG_DOCKER_IMAGE_ID] = provide_image(container, spec, project_folder, say)
        return Environment(tags=tags, container=container)
    if build_image or docker_args:
        raise InvalidInput("The project has no docker_env, so it takes no options for docker.")
    if manager == "local":
        return Environment()
    env = _read(spec, project_folder)
    for note in env.notes:
        say(note)
    if dry_run:
        build.check(env)
        folder = build.environments_folder() / build.key(env)
    else:
        folder = build.build(env, say)
    return _activated(folder, env)


def environment_key(spec: EnvironmentSpec, folder: Path) -> str:
    """The name under which uv's environment is kept, or a container's image."""
    return spec.image if spec.kind == "docker" else build.key(_read(spec, folder))


def describe(spec: EnvironmentSpec, folder: Path) -> str:
    """One line for a person: what the environment is and whether it is there.

    Raises as `prepare_environment` does for mistakes in the project.
    """
    if spec.kind == "docker":
        return f"a container of {clean(spec.image)}"
    env = _read(spec, folder)
    place = build.environments_folder() / build.key(env)
    state = "built" if build.is_built(place) else "to be built"
    python = env.python or running()
    return f"{env.source}: Python {python}, uv environment {place.name}, {state}"


def _read(spec: EnvironmentSpec, folder: Path) -> PythonEnv:
    if spec.path is None:
        note = "the project lists no requirements, so its environment holds tuiflow alone"
        return PythonEnv(folder, "the project", notes=(note,))
    readers = {"conda": read_conda, "requirements": read_requirements}
    return readers.get(spec.kind, read_python_env)(spec.path, folder)


def _activated(folder: Path, env: PythonEnv) -> Environment:
    python = build.python_of(folder)
    variables = {
        **env.variables,
        "VIRTUAL_ENV": str(folder),
        "PATH": os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)]),
    }
    return Environment(python, variables, {TAG_PROJECT_ENV: "uv"})
