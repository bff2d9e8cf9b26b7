"""Two builders at once, builders that are killed, and file systems without locks."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from uv_projects import key_of, left_behind, needs_uv, output_of, prepare, spec_of

from tuiflow.projects.environments import (
    Environment,
    build,
    prepare_environment,
)

BUILDER = """
import sys
from pathlib import Path
from tuiflow.projects.environments import prepare_environment
from tuiflow.projects.spec import EnvironmentSpec
folder = Path(sys.argv[1])
spec = EnvironmentSpec("python_env", folder / "python_env.yaml")
prepare_environment(folder, spec, "uv", lambda line: print(line, flush=True))
"""


def start_builder(project: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(project)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


@needs_uv
def test_two_builders_at_once_build_once(project: Path) -> None:
    builders = [start_builder(project) for _ in range(2)]
    outputs = [builder.communicate(timeout=120) for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0], outputs
    assert sum("building the environment" in out for out, _ in outputs) == 1


@needs_uv
def test_the_second_builder_waits_and_says_so(project: Path) -> None:
    folder = build.environments_folder()
    folder.mkdir(parents=True)
    held = os.open(folder / f"{key_of(project)}.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    said: list[str] = []
    waiting = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        waiting.set()

    builder = threading.Thread(
        target=prepare_environment, args=(project, spec_of(project), "uv", say)
    )
    builder.start()
    assert waiting.wait(60)
    assert said == ["waiting for another build of the same environment"]
    os.close(held)
    builder.join(60)
    assert build.is_built(folder / key_of(project))


@pytest.fixture
def stuck_builder(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A builder whose uv never ends, and that uv's process id."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "uv").write_text("#!/bin/sh\necho pid $$\nexec sleep 600\n")
    (tools / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    builder = start_builder(project)
    assert builder.stdout is not None
    line = next(line for line in builder.stdout if line.startswith("pid "))
    pid = int(line.split()[1])
    yield builder, pid
    for number in (builder.pid, pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    builder.communicate(timeout=60)


def the_lock() -> int:
    (path,) = build.environments_folder().glob("*.lock")
    return os.open(path, os.O_RDWR)


def lock_is_held() -> bool:
    descriptor = the_lock()
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def lock_comes_free() -> bool:
    """Wait for it: the kernel gives up what a process held a little after its output ends."""
    waiter = threading.Thread(target=fcntl.flock, args=(the_lock(), fcntl.LOCK_EX), daemon=True)
    waiter.start()
    waiter.join(60)
    return not waiter.is_alive()


def test_ctrl_c_ends_a_build_and_leaves_nothing(
    stuck_builder: tuple[subprocess.Popen[str], int],
) -> None:
    builder, _ = stuck_builder
    assert left_behind()
    os.killpg(builder.pid, signal.SIGINT)
    builder.communicate(timeout=60)
    assert builder.returncode == -signal.SIGINT
    assert not left_behind()
    assert lock_comes_free()


def test_the_uv_of_a_killed_builder_keeps_the_next_one_waiting(
    stuck_builder: tuple[subprocess.Popen[str], int],
) -> None:
    builder, uv = stuck_builder
    builder.kill()
    builder.wait(timeout=60)
    assert not any(map(build.is_built, left_behind()))
    assert lock_is_held()
    os.kill(uv, signal.SIGKILL)
    builder.communicate(timeout=60)  # the end of its output is the end of uv
    assert lock_comes_free()


@needs_uv
def test_the_next_builder_clears_away_what_a_killed_one_left(project: Path) -> None:
    left = build.environments_folder() / f".{key_of(project)}-x"
    (left / "lib").mkdir(parents=True)
    prepare(project)
    assert left_behind() == [build.environments_folder() / key_of(project)]


@needs_uv
def test_without_locks_builders_do_not_disturb_each_other(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    others: list[Environment] = []

    def say(line: str) -> None:
        if line.startswith("building"):  # and now another one does it all meanwhile
            others.append(prepare(project))

    environment = prepare_environment(project, spec_of(project), "uv", say)
    assert [environment] == others
    assert output_of(environment, "import tinylib; print(tinylib.__version__)") == "1.0"
    assert left_behind() == [build.environments_folder() / key_of(project)]
