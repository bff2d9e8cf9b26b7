"""Run an entry point's command as a tracked run: record, spawn, capture, conclude."""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import FrameType

from tuiflow.config import ENV_EXPERIMENT, ENV_RUN_ID, ENV_STORE, RUN_LOG
from tuiflow.entities import (
    TAG_ENTRY_POINT,
    TAG_GIT_COMMIT,
    TAG_PROJECT_BACKEND,
    TAG_RUN_NAME,
    TAG_SOURCE_NAME,
    TAG_SOURCE_TYPE,
    Param,
    Run,
    RunInfo,
    RunStatus,
    RunTag,
)
from tuiflow.projects import command
from tuiflow.projects.download import fetch
from tuiflow.projects.params import is_url
from tuiflow.projects.spec import EntryPoint, Project
from tuiflow.store import Store
from tuiflow.store.validate import check_batch
from tuiflow.tracking.context import git_commit
from tuiflow.tracking.fluent import get_or_create_experiment

_SILENCE_SECONDS = 1.0
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Launch:
    """A command ready to run: `params` is what the run records, `argv` what is executed."""

    project: Project
    entry: EntryPoint
    params: Mapping[str, str]
    argv: tuple[str, ...]
    shown: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a launched run ended; `exit_code` as a shell tells it (128 + n for signal n)."""

    run: Run
    exit_code: int


def prepare(project: Project, entry: EntryPoint, params: Mapping[str, str]) -> Launch:
    """Build the command from the values that `params.bind` gave.

    URLs given for `path` parameters are downloaded here, so that the command gets a file; errors
    are those of `download.fetch`.
    """
    local = {
        name: str(fetch(value)) if _is_remote(entry, name, value) else value
        for name, value in params.items()
    }
    if entry.script:
        runner = sys.executable if entry.name.endswith(".py") else "bash"
        argv = [runner, entry.name]
        for name, value in local.items():
            argv += [f"--{name}", value]
        shown = shlex.join([*shlex.split(entry.command), *argv[2:]])
    else:
        argv = command.shell_argv(entry.command, local)
        shown = command.shown(entry.command, local)
    return Launch(project, entry, dict(params), tuple(argv), shown)


def create_run(
    store: Store, launch: Launch, experiment_name: str, run_name: str | None = None
) -> Run:
    """Record the run, RUNNING, with its params and where it comes from.

    The experiment is created where its name is new. Raises InvalidInput for names and values that
    can't be recorded and InvalidState for a deleted experiment; nothing is recorded then.
    """
    names = [] if run_name is None else [RunTag(TAG_RUN_NAME, run_name)]
    check_batch((), [Param(key, value) for key, value in launch.params.items()], names)
    tags = {
        TAG_SOURCE_TYPE: "PROJECT",
        TAG_SOURCE_NAME: str(launch.project.folder),
        TAG_ENTRY_POINT: launch.entry.name,
        TAG_PROJECT_BACKEND: "local",
    }
    if commit := git_commit(launch.project.folder):
        tags[TAG_GIT_COMMIT] = commit
    experiment = get_or_create_experiment(store, experiment_name)
    return store.create_run(experiment.experiment_id, run_name, tags=tags, params=launch.params)


def execute(store: Store, run: RunInfo, launch: Launch, echo: Callable[[bytes], None]) -> Outcome:
    """Run the command to its end and conclude the run.

    Its output, stdout and stderr in the order written, goes to `echo` and to the run's artifact
    `config.RUN_LOG` as it comes. The command finds its run through the environment. SIGINT, SIGTERM
    and SIGHUP are passed on to it and end the run KILLED; an exit code other than 0 ends it FAILED.
    What the command recorded about its end itself stays, unless it claims to have FINISHED and
    then exits with an error.
    """
    run_id = run.run_id
    process: subprocess.Popen[bytes] | None = None
    try:
        with _open_private(store.artifact_file(run_id, RUN_LOG)) as log:
            process = _spawn(store, run, launch)
            with _passing_signals_to(process) as received:
                _pump(process, log, echo)
                returncode = process.wait()
    except BaseException as error:
        if process is not None and process.poll() is None:
            _signal_group(process, signal.SIGTERM)
        interrupted = isinstance(error, KeyboardInterrupt)
        store.finish_run(run_id, RunStatus.KILLED if interrupted else RunStatus.FAILED)
        raise
    status = _verdict(store.get_run(run_id).info.status, returncode, bool(received))
    if status is not None:
        store.finish_run(run_id, status)
    ended = store.get_run(run_id)
    exit_code = returncode if returncode >= 0 else 128 - returncode
    if exit_code == 0 and ended.info.status != RunStatus.FINISHED:
        exit_code = 128 + received[0] if received else 1
    return Outcome(ended, exit_code)


def _verdict(recorded: str, returncode: int, interrupted: bool) -> RunStatus | None:
    """The status to record, or None where what the command recorded stands."""
    if recorded in (RunStatus.FAILED, RunStatus.KILLED):
        return None
    if returncode == 0 and recorded == RunStatus.FINISHED:
        return None
    if interrupted:
        return RunStatus.KILLED
    return RunStatus.FINISHED if returncode == 0 else RunStatus.FAILED


def _spawn(store: Store, run: RunInfo, launch: Launch) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        ENV_RUN_ID: run.run_id,
        ENV_STORE: str(store.database),
        ENV_EXPERIMENT: run.experiment_name,
        "PYTHONUNBUFFERED": "1",
        # `python` in a command is the Python that tuiflow runs in.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }
    return subprocess.Popen(
        launch.argv,
        cwd=launch.project.folder,
        env=environment,
        # Of its own group, so that a signal reaches the shell and all it started exactly once;
        # such a group would be stopped for reading the terminal.
        process_group=0,
        stdin=subprocess.DEVNULL if sys.stdin is None or sys.stdin.isatty() else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    )


def _pump(process: subprocess.Popen[bytes], log: FileIO, echo: Callable[[bytes], None]) -> None:
    """Copy output until it ends, or is silent with the command gone: a process that the command
    left in the background may keep the pipe open for ever. A full disk ends the log, not the run.
    """
    assert process.stdout is not None
    logging = True
    with selectors.DefaultSelector() as selector, process.stdout as output:
        selector.register(output, selectors.EVENT_READ)
        while True:
            if selector.select(_SILENCE_SECONDS):
                chunk = os.read(output.fileno(), 65536)
                if not chunk:
                    return
                echo(chunk)
                try:
                    if logging:
                        log.write(chunk)
                except OSError as error:
                    logging = False
                    echo(f"tuiflow: the run's log ends here: {error.strerror}\n".encode())
            elif process.poll() is not None:
                return


@contextmanager
def _passing_signals_to(process: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Pass signals on to the command's group; yields the list of those received.

    A repeated SIGINT becomes SIGTERM, then SIGKILL, for a command that does not heed it.
    """
    received: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        sent = number
        if number == signal.SIGINT:
            sent = _INTERRUPTS[min(received.count(number), len(_INTERRUPTS) - 1)]
        received.append(number)
        if process.returncode is None:
            _signal_group(process, sent)

    previous = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                previous[number] = signal.signal(number, pass_on)
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _open_private(path: Path) -> FileIO:
    return FileIO(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w")


def _is_remote(entry: EntryPoint, name: str, value: str) -> bool:
    declared = entry.parameters.get(name)
    return declared is not None and declared.type == "path" and is_url(value)
