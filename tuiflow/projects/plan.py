"""From a request to a command that is ready to run: fetch, read, check, build."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tuiflow.errors import InvalidInput
from tuiflow.projects import context, params, sources
from tuiflow.projects.download import fetch, local_path
from tuiflow.projects.environments import prepare_environment
from tuiflow.projects.launch import Launch, localized, prepare
from tuiflow.projects.mlproject import find_entry_point, load_project
from tuiflow.projects.request import Request
from tuiflow.projects.sources import Fetched, Source
from tuiflow.projects.sources.uri import scheme_of
from tuiflow.projects.spec import EntryPoint, EnvironmentSpec, Project
from tuiflow.text import clean

MANAGERS = ("local", "uv", "virtualenv", "conda")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """A request with all that it came to."""

    request: Request
    fetched: Fetched
    project: Project
    entry: EntryPoint
    bound: params.Bound
    launch: Launch


@contextmanager
def planned(
    request: Request,
    say: Say,
    find_artifact: Callable[[str], Path],
    *,
    strict: bool = False,
    patch: bytes | None = None,
    build: bool = True,
) -> Iterator[Plan]:
    """Have everything a run of the request needs for the time of the block; nothing is recorded.

    URLs given for `path` parameters are downloaded; `find_artifact` tells where `runs:/RUN/path`
    and `models:/NAME/VERSION` are. A request with a `commit` or `digest` is done with just that,
    and `patch` on top of the commit. Unless `build`, no environment is built and nothing but the
    project downloaded. `strict` refuses what could not be done again and parameters that are not
    declared.

    Raises InvalidInput, NotFound and TuiflowError, in one line.
    """
    source = sources.parse(request.uri)
    version = request.commit or request.version
    if version is not None and source.kind == "folder":
        source = repository_of(source)
    with sources.opened(source, version, say, patch=patch, digest=request.digest) as fetched:
        project = load_project(fetched.folder)
        entry = find_entry_point(project, request.entry_point)
        bound = params.bind(entry, request.parameters, project.folder)
        if strict:
            _check_strictly(fetched, entry, bound)
        for line in params.undeclared(entry, bound.extra):
            say(line)
        local = localized(entry, bound, _bringer(request, find_artifact, build))
        manager = chosen_manager(request.env_manager, project.environment, say)
        environment = prepare_environment(
            project.folder,
            project.environment,
            manager,
            say,
            dry_run=not build,
            build_image=request.build_image,
            repository=project.name,
            docker_args=request.docker_args,
        )
        launch = prepare(project.folder, entry, local, environment)
        done = replace(
            request,
            uri=source.public,
            parameters={name: bound.params[name] for name in request.parameters},
            storage_dir=None if request.storage is None else str(request.storage),
            commit=fetched.commit,
            digest=fetched.digest,
        )
        yield Plan(done, fetched, project, entry, bound, launch)


def _bringer(
    request: Request, find_artifact: Callable[[str], Path], load: bool
) -> Callable[[str], Path]:
    def bring(uri: str) -> Path:
        if scheme_of(uri) in ("runs", "models"):
            return find_artifact(uri)
        return (fetch if load else local_path)(uri, request.storage)

    return bring


def repository_of(source: Source) -> Source:
    """The git repository around a folder as a source, for a version of it other than the folder.

    Raises InvalidInput where there is none.
    """
    folder = sources.subfolder(Path(source.location), source.subdir)
    root = sources.repository_root(folder)
    if root is None:
        raise InvalidInput(
            f"A version, -v, is one of a git repository; {clean(str(folder))} is in none."
        )
    subdir = str(folder.relative_to(root))
    return Source("git", str(root), "" if subdir == "." else subdir)


def chosen_manager(name: str | None, spec: EnvironmentSpec, say: Say) -> str:
    """The manager to build the environment with, `local` or `uv`.

    MLflow's other names are taken for uv, which builds the same environments. Raises InvalidInput
    for an unknown name, and for conda where the project has no conda.yaml.
    """
    if name is None:
        if spec.path is not None:
            say(
                f"the project declares an environment, {spec.path.name}; this runs in the Python"
                " of tuiflow. Build it with --env-manager uv."
            )
        return "local"
    if name not in MANAGERS:
        raise InvalidInput(f"--env-manager is one of {', '.join(MANAGERS)}, not {clean(name)!r}.")
    if name == "conda" and spec.kind != "conda":
        raise InvalidInput("--env-manager conda is for a conda.yaml; --env-manager uv builds all.")
    if name in ("virtualenv", "conda"):
        say(f"--env-manager {name}: uv builds the environment.")
        return "uv"
    return name


def check_backend(name: str, config: object = None) -> None:
    """Raises InvalidInput unless the backend is `local`, which takes no `config`."""
    if name != "local":
        raise InvalidInput(
            f"tuiflow runs projects on this machine; there is no backend {clean(str(name), 80)!r}."
        )
    if config:
        raise InvalidInput("The backend local takes no configuration, -c; leave it out.")


def _check_strictly(fetched: Fetched, entry: EntryPoint, bound: params.Bound) -> None:
    if bound.extra:
        names = ", ".join(clean(name) for name in bound.extra)
        raise InvalidInput(f"--strict: entry point {clean(entry.name)!r} does not declare {names}.")
    if not fetched.in_place:
        return
    state = context.repository_state(fetched.folder)
    if state is None:
        raise InvalidInput(f"--strict: {clean(str(fetched.folder))} is in no git repository.")
    if state.note or state.patch or state.untracked:
        what = state.note or "commit or ignore " + ", ".join(
            clean(name) for name in state.changed_files[:5]
        )
        raise InvalidInput(f"--strict: {clean(str(state.top))} has uncommitted changes: {what}.")
