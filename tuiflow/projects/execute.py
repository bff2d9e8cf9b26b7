"""Run a command as a recorded run: spawn it, keep what it says, pass signals on, conclude."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import FrameType

from tuiflow.config import RUN_LOG
from tuiflow.entities import Run, RunInfo, RunStatus
from tuiflow.errors import TuiflowError
from tuiflow.projects.launch import Launch, run_variables
from tuiflow.store import Store
from tuiflow.text import clean

_SILENCE_SECONDS = 1.0
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a launched run ended; `exit_code` as a shell tells it (128 + n for signal n)."""

    run: Run
    exit_code: int


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
        launch.environment.stop()
        interrupted = isinstance(error, KeyboardInterrupt)
        store.finish_run(run_id, RunStatus.KILLED if interrupted else RunStatus.FAILED)
        raise
    launch.environment.stop()
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
    argv = launch.argv(store.root)
    try:
        return subprocess.Popen(
            argv,
            cwd=launch.folder,
            env={**os.environ, **launch.variables(), **run_variables(store, run)},
            # Of its own group, so that a signal reaches the shell and all it started exactly once;
            # such a group would be stopped for reading the terminal.
            process_group=0,
            stdin=subprocess.DEVNULL if sys.stdin is None or sys.stdin.isatty() else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
    except OSError as error:
        raise TuiflowError(f"{clean(argv[0])} can't be started: {error.strerror}.") from None


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
