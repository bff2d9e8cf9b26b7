"""Run a project's command in a container, by docker or podman: the exact command line.

What MLflow mounts and passes (mlflow/projects/docker.py, backend/local.py), with these differences:
the store lies at the same path inside, so that its address is the same; the project's folder is
mounted where MLflow copies it; files belong to the user; ctrl+C reaches the command.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.projects.environments.process import run_shown
from tuiflow.projects.spec import EnvironmentSpec
from tuiflow.text import clean
from tuiflow.tracking.context.repository import git_commit

CODE_FOLDER = "/mlflow/projects/code"
"""Where MLflow's images hold a project (mlflow/projects/utils.py)."""

_ENGINES = ("docker", "podman")
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Engine:
    """A container program; `rootless` where root inside is the user outside."""

    name: str
    rootless: bool


@dataclass(frozen=True, slots=True)
class Container:
    """A container to run one command in: `image` and what the project and the user ask for.

    `arguments` are options of `docker run` by name, True for a flag. With `has_code` the image
    holds the project; otherwise its folder is mounted.
    """

    engine: Engine
    image: str
    name: str
    volumes: tuple[str, ...] = ()
    variables: tuple[tuple[str, str | None], ...] = ()
    arguments: Mapping[str, str | bool] | None = None
    has_code: bool = False

    def command(
        self, argv: Sequence[str], cwd: Path, env_names: Sequence[str], volumes: Sequence[str]
    ) -> list[str]:
        """The arguments of `docker run`; see `Environment.wrap`."""
        mounts = [*map(_mount, volumes), *self.volumes]
        if not self.has_code:
            mounts.insert(0, f"{_without_colon(str(cwd))}:{CODE_FOLDER}")
        return [
            self.engine.name,
            *("run", "--rm", "--init", "--name", self.name),
            *_options(self.arguments or {}),
            *_user(self.engine),
            *(part for mount in mounts for part in ("-v", mount)),
            *("-w", CODE_FOLDER, "-e", "PYTHONUNBUFFERED=1"),
            *(part for name in env_names for part in ("-e", name)),
            *(part for pair in self.variables for part in ("-e", _variable(*pair))),
            self.image,
            *_inside(argv),
        ]

    def remove(self) -> None:
        """Kill and remove the container; silent where there is none any more."""
        _ask(self.engine.name, "rm", "--force", self.name)


def find_engine(say: Callable[[str], None], *, dry_run: bool = False) -> Engine:
    """The first of docker and podman that answers; only asks, starts nothing.

    Raises TuiflowError where neither is installed, and, unless it is only for a `dry_run`, where
    none of them answers.
    """
    installed = [name for name in _ENGINES if shutil.which(name)]
    if len(installed) > 1 and "podman" in " ".join(_ask("docker", "--version")[1:]).lower():
        installed.remove("docker")  # podman's imitation of it
    if not installed:
        raise TuiflowError(
            "The project wants a container (docker_env), and neither docker nor podman is here;"
            " install one of them, or remove docker_env from the MLproject file."
        )
    complaints: list[str] = []
    for name in installed:
        rootless, complaint = _probe(name)
        if complaint is None:
            for line in complaints:
                say(line)
            return Engine(name, rootless)
        complaints.append(f"{name} does not answer: {complaint}")
    if not dry_run:
        raise TuiflowError("; ".join(complaints))
    for line in complaints:
        say(line)
    return Engine(installed[0], rootless=installed[0] == "podman" and os.getuid() != 0)


def make_container(
    engine: Engine,
    spec: EnvironmentSpec,
    folder: Path,
    *,
    build_image: bool = False,
    repository: str = "",
    arguments: Mapping[str, str | bool] | None = None,
) -> Container:
    """The container that `spec` asks for; nothing is started, pulled or built.

    Raises InvalidInput for a variable to be copied that is not set, and for a name of an image that
    docker would take for an option.
    """
    if not spec.image or spec.image.startswith("-"):
        raise InvalidInput(f"docker_env: {clean(spec.image)!r} is no image.")
    for name, value in spec.variables:
        if value is None and name not in os.environ:
            raise InvalidInput(
                f"The project copies the variable {clean(name)} into its container, and it is not"
                f" set here; set it: export {clean(name)}=…"
            )
    image = _own_image(repository, folder) if build_image else spec.image
    return Container(
        engine,
        image,
        f"tuiflow-{secrets.token_hex(6)}",
        spec.volumes,
        spec.variables,
        dict(arguments or {}),
        build_image,
    )


def provide_image(
    container: Container, spec: EnvironmentSpec, folder: Path, say: Callable[[str], None]
) -> str:
    """Pull or build the container's image where that is due; returns its id.

    Raises TuiflowError with the engine's last words where it can't be had.
    """
    engine = container.engine.name
    if container.has_code:
        say(f"building the image {clean(container.image)} from {clean(spec.image)} and {folder}")
        recipe = f"FROM {spec.image}\nCOPY . {CODE_FOLDER}\nWORKDIR {CODE_FOLDER}\n"
        argv = [engine, "build", "--tag", container.image, "--file", "-", str(folder)]
        run_shown(argv, folder, say, f"{engine} can't build the image", stdin=recipe)
    elif _image_id(engine, container.image) is None:
        say(f"pulling the image {clean(container.image)}")
        wrong = f"{engine} can't pull the image {clean(container.image)}"
        run_shown([engine, "pull", container.image], folder, say, wrong)
    return _image_id(engine, container.image) or ""


def _probe(engine: str) -> tuple[bool, str | None]:
    """Whether the engine is rootless, and what is wrong where it does not answer."""
    template = {
        "docker": "{{.SecurityOptions}} {{.ServerErrors}}",
        "podman": "{{.Host.Security.Rootless}}",
    }[engine]
    code, out, err = _ask(engine, "info", "--format", template)
    if code != 0:
        lines = (err.strip() or out.strip()).splitlines() or [f"exit code {code}"]
        return False, clean(lines[-1], 300)
    return "name=rootless" in out or out.strip() == "true", None


def _ask(*argv: str) -> tuple[int, str, str]:
    """The exit code, stdout and stderr of a short command; 1 where it can't be had in time."""
    try:
        result = subprocess.run(
            argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=_ANSWER_SECONDS
        )
    except subprocess.TimeoutExpired:
        return 1, "", f"no answer within {_ANSWER_SECONDS:g} s"
    except OSError as error:
        return 1, "", error.strerror or str(error)
    return (
        result.returncode,
        result.stdout.decode(errors="replace"),
        result.stderr.decode(errors="replace"),
    )


def _image_id(engine: str, image: str) -> str | None:
    code, out, _ = _ask(engine, "image", "inspect", "--format", "{{.Id}}", image)
    return out.strip() if code == 0 else None


def _own_image(repository: str, folder: Path) -> str:
    """The name of the image built for a project: MLflow's, in lower case as docker demands."""
    name = "".join(c if c.isascii() and (c.isalnum() or c in "._/-") else "-" for c in repository)
    commit = git_commit(folder)
    return (name.lower().strip("._/-") or "docker-project") + (f":{commit[:7]}" if commit else "")


def _options(arguments: Mapping[str, str | bool]) -> list[str]:
    options = []
    for name, value in arguments.items():
        options.append(("-" if len(name) == 1 else "--") + name)
        if value is not True:
            options.append(str(value))
    return options


def _user(engine: Engine) -> list[str]:
    """Options that let what the command writes belong to the user, who may have no name inside."""
    if engine.name == "podman":
        # Bind mounts are refused under SELinux otherwise, short of relabelling the user's files.
        return [
            *(["--userns", "keep-id"] if engine.rootless else []),
            *("--security-opt", "label=disable"),
        ]
    if engine.rootless or os.getuid() == 0:
        return []
    return ["--user", f"{os.getuid()}:{os.getgid()}", "-e", "HOME=/tmp"]


def _mount(volume: str) -> str:
    return f"{volume}:{volume}" if ":" not in volume else volume


def _without_colon(path: str) -> str:
    if ":" in path:
        raise InvalidInput(f"{clean(path)!r} can't be mounted into a container: it has a colon.")
    return path


def _variable(name: str, value: str | None) -> str:
    return name if value is None else f"{name}={value}"


def _inside(argv: Sequence[str]) -> list[str]:
    """The command with this machine's own Python and shell as any image has them."""
    program = argv[0]
    if program == sys.executable:
        program = "python"
    elif program.startswith("/") and Path(program).name in ("bash", "sh"):
        program = "sh"
    return [program, *argv[1:]]
