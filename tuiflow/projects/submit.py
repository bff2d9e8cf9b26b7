"""`tuiflow.run`: projects from Python, as MLflow's `mlflow.run` (mlflow/projects/__init__.py)."""

from __future__ import annotations

import atexit
import codecs
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from tuiflow.entities import RunStatus
from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.exceptions import ExecutionException
from tuiflow.projects.execute import execute
from tuiflow.projects.plan import Plan, check_backend, planned
from tuiflow.projects.record import Target, record_run
from tuiflow.projects.request import Request
from tuiflow.store import Store
from tuiflow.text import clean
from tuiflow.tracking import active
from tuiflow.tracking.experiments import active_experiment_id
from tuiflow.tracking.models import model_folder
from tuiflow.tracking.stores import current_store

_INTERRUPTED = 128 + signal.SIGINT


class SubmittedRun:
    """A run that `run` has started: over already, or that of a `tuiflow run` beside this process.

    Not safe to use from several threads, as MLflow's.
    """

    def __init__(
        self, store: Store, run_id: str, process: subprocess.Popen[bytes] | None = None
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._process = process

    @property
    def run_id(self) -> str:
        return self._run_id

    def wait(self) -> bool:
        """Wait for the run's end; True where it FINISHED."""
        if self._process is not None:
            try:
                self._process.wait()
            except KeyboardInterrupt:
                self.cancel()
                raise
        return self.get_status() == RunStatus.FINISHED

    def get_status(self) -> str:
        """RUNNING, FINISHED, FAILED or KILLED."""
        if self._process is not None and self._process.poll() is None:
            return RunStatus.RUNNING.value
        status = self._store.get_run(self._run_id).info.status
        if RunStatus.is_terminated(status):
            return status
        # It was killed, or ended before it could take the run up.
        self._store.finish_run(self._run_id, RunStatus.FAILED)
        return RunStatus.FAILED.value

    def cancel(self) -> None:
        """End the run KILLED, if it still runs, and wait until it is over."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()


def run(
    uri: str | os.PathLike[str],
    entry_point: str = "main",
    version: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    docker_args: Mapping[str, Any] | None = None,
    experiment_name: str | None = None,
    experiment_id: str | None = None,
    backend: str = "local",
    backend_config: Mapping[str, Any] | str | None = None,
    storage_dir: str | os.PathLike[str] | None = None,
    synchronous: bool = True,
    run_id: str | None = None,
    run_name: str | None = None,
    env_manager: str | None = None,
    build_image: bool = False,
    docker_auth: Mapping[str, Any] | None = None,
) -> SubmittedRun:
    """Run a project as `tuiflow run` does, in the store and under the active run of this script.

    Without an experiment it is recorded in the active one. Unless `synchronous`, a second process
    runs it; this one ends no sooner, and a cancelled or interrupted wait ends the run.

    Raises ExecutionException where the project can't be run and, if `synchronous`, where the run
    fails; InvalidInput for arguments that don't go together; KeyboardInterrupt once a run that was
    interrupted has ended.
    """
    check_backend(backend, backend_config)
    if experiment_name is not None and experiment_id is not None:
        raise InvalidInput("Give experiment_name or experiment_id, not both.")
    if docker_auth:
        raise InvalidInput("docker_auth is not taken: log in once with docker login.")
    request = Request(
        os.fspath(uri),
        entry_point,
        version,
        {str(name): str(value) for name, value in (parameters or {}).items()},
        {
            name: value if value is True else str(value)
            for name, value in (docker_args or {}).items()
            if value is not False
        },
        env_manager,
        build_image,
        None if storage_dir is None else os.fspath(storage_dir),
    )
    outer = active.current()
    store = current_store() if outer is None else outer.store
    if experiment_name is None and experiment_id is None:
        experiment_id = active_experiment_id(store)
    parent = None if outer is None else outer.run_id
    target = Target(experiment_name or "", experiment_id, run_name, run_id, parent)
    with _prepared(request, store, build=synchronous) as plan:
        started = record_run(store, plan, target).info
        if not synchronous:
            process = _beside(store, plan.request, started.run_id)
            submitted = SubmittedRun(store, started.run_id, process)
            atexit.register(submitted.wait)
            return submitted
        outcome = execute(store, started, plan.launch, _printer())
    if outcome.exit_code == _INTERRUPTED:
        raise KeyboardInterrupt
    if outcome.exit_code:
        raise ExecutionException(
            f"Run {clean(started.run_name)} ({started.run_id}) failed with exit code"
            f" {outcome.exit_code}; see its artifact logs/output.log."
        )
    return SubmittedRun(store, started.run_id)


@contextmanager
def _prepared(request: Request, store: Store, build: bool) -> Iterator[Plan]:
    """As `planned`, with the errors of getting there as ExecutionException."""
    ready = False
    try:
        with planned(request, _say, partial(model_folder, store=store), build=build) as plan:
            ready = True
            yield plan
    except TuiflowError as error:
        if ready:
            raise
        raise ExecutionException(error.message, error.error_code) from error


def _beside(store: Store, request: Request, run_id: str) -> subprocess.Popen[bytes]:
    """A `tuiflow run` that takes the run up; of its own group, so that ctrl+C is this process's."""
    options = {
        "--entry-point": request.entry_point,
        "--version": request.commit or request.version,
        "--env-manager": request.env_manager,
        "--storage-dir": request.storage_dir,
        "--run-id": run_id,
        "--store": str(store.database),
    }
    # -P: what lies in the current folder is not to be imported in place of what tuiflow needs.
    argv = [sys.executable, "-P", "-m", "tuiflow", "run", request.uri]
    argv += [f"{option}={value}" for option, value in options.items() if value is not None]
    argv += [f"--param-list={name}={value}" for name, value in request.parameters.items()]
    argv += [
        f"--docker-args={name}" if value is True else f"--docker-args={name}={value}"
        for name, value in request.docker_args.items()
    ]
    argv += ["--build-image"] if request.build_image else []
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, process_group=0)


def _printer() -> Callable[[bytes], None]:
    """Writes a command's output to sys.stdout, which may be a notebook's."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(chunk: bytes) -> None:
        with suppress(OSError, ValueError):  # nobody listens any more
            sys.stdout.write(decoder.decode(chunk))
            sys.stdout.flush()

    return write


def _say(line: str) -> None:
    print(f"tuiflow: {clean(line)}", file=sys.stderr)
