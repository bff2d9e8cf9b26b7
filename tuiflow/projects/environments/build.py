"""Build an environment with uv, once: kept by what it holds, built by one process at a time.

Each lies in a folder of the user's cache named after its key. It is made in a folder beside it and
renamed when it is whole, so that a build that was killed is never used, and builders on machines
whose file system has no common locks (Lustre may have none) only do the work twice. Elsewhere the
builder holds a lock, which uv inherits: a next one waits until the uv of a killed one has ended
too, and clears away what that left.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.projects.environments import own_wheel, requirements
from tuiflow.projects.environments.process import run_shown
from tuiflow.projects.environments.python_env import PythonEnv, running, specifier
from tuiflow.text import clean
from tuiflow.uv import uv_path

_LAYOUT = "1"
_STAMP = "tuiflow-environment.json"
_BRINGS_ALL = frozenset(("tuiflow", "mlflow", "mlflow-skinny"))
"""Where a project requires one of these, it counts on all that a tracking library brings, so
tuiflow comes with its dependencies; elsewhere alone, for its own must not clash with a project's.
"""


def environments_folder() -> Path:
    """Where environments are kept; any of them may be deleted, it is built again."""
    from platformdirs import user_cache_path

    return user_cache_path("tuiflow") / "envs"


def key(env: PythonEnv) -> str:
    """The name of the environment: equal for equal Python, requirements and tuiflow.

    Files that requirements refer to count by their contents, so that two clones of a project share
    one. Raises NotFound for such a file that is missing.
    """
    lines = requirements.expanded(env.lines)
    parts = [
        _LAYOUT,
        sysconfig.get_platform(),
        env.python or running(),
        own_wheel.digest(),
        _settings(env.folder),
        *requirements.fingerprints(lines, env.folder),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def is_built(folder: Path) -> bool:
    """Whether the environment in `folder` is whole and its Python still there."""
    return (folder / _STAMP).is_file() and python_of(folder).exists()


def python_of(folder: Path) -> Path:
    """The interpreter of the environment in `folder`."""
    return folder / "bin" / "python"


def build(env: PythonEnv, say: Callable[[str], None]) -> Path:
    """The folder of the environment, built if there is none yet.

    Raises InvalidInput for a Python that tuiflow does not run on, TuiflowError where uv is missing
    or fails or the cache can't be written; nothing half-built is left then.
    """
    check(env)
    folder = environments_folder() / key(env)
    if is_built(folder):
        return folder
    uv = find_uv()
    try:
        _build(uv, env, folder, say)
    except OSError as error:
        place = clean(str(error.filename or folder))
        raise TuiflowError(
            f"The environment can't be built in {place}: {error.strerror}; XDG_CACHE_HOME says"
            " where else to keep it."
        ) from None
    return folder


def _build(uv: str, env: PythonEnv, folder: Path, say: Callable[[str], None]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock"), say) as lock:
        if is_built(folder):
            return
        if lock is not None:
            for left in folder.parent.glob(f".{folder.name}-*"):
                shutil.rmtree(left, ignore_errors=True)
        say(f"building the environment of {env.source} in {folder}")
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _install(uv, env, part, lock, say)
            _write_stamp(env, part)
            _put(part, folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def check(env: PythonEnv) -> None:
    """Raise InvalidInput where the environment's Python is one that tuiflow does not run on."""
    from packaging.specifiers import SpecifierSet

    wanted = own_wheel.requires_python()
    python = env.python
    if python is None or not python[:1].isdigit():
        return
    if not SpecifierSet(wanted).contains(python if "." in python else f"{python}.99"):
        raise InvalidInput(
            f"{env.source} asks for Python {python}, and tuiflow, which goes into the environment"
            f" too, needs {wanted}: change it there, or run the project with --env-manager local."
        )


def find_uv() -> str:
    """The path of uv: on PATH, or else the package `uv`; raises TuiflowError without one."""
    found = uv_path()
    if found is None:
        raise TuiflowError(
            "uv, which builds the environments of projects, is not here: pip install"
            " 'tuiflow[uv]', or see https://docs.astral.sh/uv for other ways."
        )
    return found


def _install(
    uv: str, env: PythonEnv, folder: Path, lock: int | None, say: Callable[[str], None]
) -> None:
    def run(*arguments: str) -> None:
        wrong = f"uv can't build the environment of {env.source}"
        # Its own choice of a Python and a place would win over these arguments' otherwise.
        hidden = ("VIRTUAL_ENV", "UV_PYTHON", "UV_VENV_CLEAR", "UV_SYSTEM_PYTHON", "UV_TARGET")
        environment = {name: text for name, text in os.environ.items() if name not in hidden}
        # A Python of the machine (or of `module load`) first; one is downloaded only for want.
        environment.setdefault("UV_PYTHON_PREFERENCE", "system")
        fds = [] if lock is None else [lock]
        run_shown([uv, *arguments], env.folder, say, wrong, environment=environment, pass_fds=fds)

    names = requirements.names(requirements.expanded(env.lines))
    complete = not _BRINGS_ALL.isdisjoint(names)
    by_address = names.get("tuiflow", False)
    run(
        "venv",
        "--quiet",
        "--no-project",
        "--relocatable",
        "--python",
        _interpreter(env),
        str(folder),
    )
    with tempfile.TemporaryDirectory(prefix="tuiflow-env-") as temporary:
        listed = Path(temporary) / "requirements.txt"
        lines = list(env.lines)
        wheel = own_wheel.pack(Path(temporary), dependencies=complete)
        if complete and not by_address:
            lines.append(f"tuiflow @ {wheel.as_uri()}")
        listed.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        target = ("--python", str(python_of(folder)))
        if lines:
            run("pip", "install", *target, "--requirement", str(listed))
        if not complete:
            run("pip", "install", *target, "--quiet", "--no-deps", "--no-index", str(wheel))


def _interpreter(env: PythonEnv) -> str:
    """What uv is to take: the running Python where it fits, else one that it finds."""
    if env.python is None or specifier(env.python).contains(running()):
        return sys.executable
    return env.python


def _settings(folder: Path) -> str:
    """The project's own settings of uv, which say where packages come from."""
    file = folder / "uv.toml"
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _write_stamp(env: PythonEnv, folder: Path) -> None:
    """Mark the environment as whole, with what it holds for whoever looks."""
    content = {
        "source": env.source,
        "python": env.python or running(),
        "requirements": [line.text for line in requirements.expanded(env.lines)],
        "tuiflow": own_wheel.version(),
    }
    (folder / _STAMP).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _put(part: Path, folder: Path) -> None:
    """Rename a whole environment to its place, unless somebody else's is there by now."""
    try:
        if folder.exists() and not is_built(folder):  # its Python is gone
            folder.rename(part.with_name(f"{part.name}.old"))
            shutil.rmtree(part.with_name(f"{part.name}.old"), ignore_errors=True)
        part.rename(folder)
    except OSError:
        if not is_built(folder):
            raise


@contextmanager
def _locked(path: Path, say: Callable[[str], None]) -> Iterator[int | None]:
    """Hold the lock; yields its descriptor, or None on a file system without locks."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build of the same environment")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            yield None
            return
        yield descriptor
    finally:
        os.close(descriptor)
