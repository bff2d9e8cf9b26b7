"""`tuiflow run` as a user meets it: real subprocesses, a real store."""

from __future__ import annotations

import hashlib
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tuiflow.entities import TAG_ENTRY_POINT, TAG_GIT_COMMIT, TAG_SOURCE_TYPE, Run
from tuiflow.protocols import RunQuery
from tuiflow.store import Store

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "tuiflow", "run"]

MLPROJECT = """\
name: demo
entry_points:
  main:
    parameters:
      alpha: float
      name: {default: plain}
      data: {type: path, default: MLproject}
    command: python main.py {alpha} "{name}" {data}
  tracked:
    parameters: {alpha: {type: float, default: 1}}
    command: python tracked.py {alpha}
  code:
    parameters: {code: int}
    command: echo to stdout; echo to stderr >&2; exit {code}
  wait:
    command: python wait.py
  background:
    command: sleep 300 & echo done
"""
SCRIPTS = {
    "main.py": "import sys; print(repr(sys.argv[1:]))",
    "tracked.py": """
import sys, tuiflow as mlflow
with mlflow.start_run():
    mlflow.log_param("alpha", float(sys.argv[1]))
    mlflow.log_metric("loss", 0.5)
    print("tracked", mlflow.active_run().info.run_id)
""",
    "late.py": """
import sys, tuiflow as mlflow
with mlflow.start_run():
    mlflow.log_metric("loss", 0.5)
sys.exit(3)
""",
    "fails.py": """
import tuiflow as mlflow
with mlflow.start_run():
    raise ValueError("on purpose")
""",
    "wait.py": """
import os, sys, time
try:
    print("pid", os.getpid())
    while True:
        time.sleep(0.05)
except KeyboardInterrupt:
    print("cleaned up")
    raise
""",
    "adopt.py": """
import os, time, tuiflow as mlflow
with mlflow.start_run():
    print("pid", os.getpid())
    while True:
        time.sleep(0.05)
""",
    "where.py": """
import os, sys
print(sys.executable); print(os.getcwd()); print(os.environ["TUIFLOW_STORE"])
print(os.environ["TUIFLOW_EXPERIMENT_NAME"]); print(sys.argv[1:])
""",
    "say.sh": 'echo "$@"',
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "MLproject").write_text(MLPROJECT)
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    hidden = ("TUIFLOW_RUN_ID", "TUIFLOW_EXPERIMENT_NAME")
    return {
        **{key: value for key, value in os.environ.items() if key not in hidden},
        "TUIFLOW_STORE": str(tmp_path / "store"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
    }


Runner = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tuiflow_run(project: Path, environment: dict[str, str]) -> Runner:
    def call(*arguments: str, cwd: Path = project) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    return call


def only_run(store: Store) -> Run:
    (run,) = store.search_runs(RunQuery())
    return run


def log_of(store: Store, run: Run) -> str:
    return store.artifact_path(run.info.run_id, "logs/output.log").read_text()


def test_params_are_recorded_and_passed(tuiflow_run: Runner, store: Store, project: Path) -> None:
    done = tuiflow_run(".", "-P", "alpha=0.5", "-P", "name=it's", "--run-name", "first")
    assert done.returncode == 0
    assert done.stdout == f"""['0.5', "it's", '{project / "MLproject"}']\n"""
    run = only_run(store)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "first"
    assert run.info.experiment_name == "Default"
    assert run.data.params == {
        "alpha": "0.5",
        "name": "it's",
        "data": str(project / "MLproject"),
    }
    assert run.data.tags[TAG_SOURCE_TYPE] == "PROJECT"
    assert run.data.tags[TAG_ENTRY_POINT] == "main"
    assert log_of(store, run) == done.stdout
    log = store.artifact_path(run.info.run_id, "logs/output.log")
    assert log.stat().st_mode & 0o777 == 0o600
    assert run.info.run_id in done.stderr
    assert f"tuiflow show {run.info.run_id[:8]}" in done.stderr


def test_the_script_takes_up_the_run(tuiflow_run: Runner, store: Store) -> None:
    done = tuiflow_run("-e", "tracked", "-P", "alpha=1", "--experiment", "wine")
    assert done.returncode == 0, done.stderr
    run = only_run(store)
    assert done.stdout == f"tracked {run.info.run_id}\n"
    assert run.info.experiment_name == "wine"
    assert run.data.metrics == {"loss": 0.5}
    assert run.data.params == {"alpha": "1"}  # and 1.0, which the script logs, is the same
    assert run.data.tags[TAG_SOURCE_TYPE] == "PROJECT"


def test_scripts_without_declarations(tuiflow_run: Runner, store: Store, project: Path) -> None:
    (project / "MLproject").unlink()
    done = tuiflow_run(
        ".", "-e", "where.py", "-P", "lr=0.1", "-P", "note=a b; c", "--experiment-name", "s"
    )
    python, *lines = done.stdout.splitlines()
    assert Path(python).parent == Path(sys.executable).parent
    assert lines == [
        str(project),
        str(store.database),
        "s",
        "['--lr', '0.1', '--note', 'a b; c']",
    ]
    assert only_run(store).data.params == {"lr": "0.1", "note": "a b; c"}
    assert tuiflow_run(".", "-e", "say.sh", "-P", "x=$(id)").stdout == "--x $(id)\n"


def test_python_is_the_one_tuiflow_runs_in(tuiflow_run: Runner, project: Path) -> None:
    (project / "MLproject").write_text("entry_points: {main: {command: python where.py}}")
    found = Path(tuiflow_run().stdout.splitlines()[0])
    assert found.parent == Path(sys.executable).parent
    assert found.samefile(sys.executable)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "needs -P alpha=FLOAT"),
        (["-P", "alhpa=1"], "did you mean 'alpha'?"),
        (["-P", "alpha=much"], "must be a number"),
        (["-P", "alpha=1", "-P", "alpha=2"], "given twice"),
        (["-P", "alpha"], "-P name=value"),
        (["-P", "alpha=1", "-P", "data=none.csv"], "there is no"),
        (["-P", "alpha=1", "-P", "name=" + "x" * 7000], "the limit is 6000"),
        (["-P", "alpha=1", "--run-name", "n" * 9000], "the limit is 8000"),
        (["-e", "mian"], "did you mean 'main'?"),
        (["-e", "none.py"], "no entry point 'none.py'"),
        (["nowhere"], "no folder 'nowhere'"),
        (["-P", "alpha=1", "-P", "data=ftp://example.org/x"], "only http and https"),
    ],
)
def test_a_mistake_is_one_line_and_no_run(
    tuiflow_run: Runner, store: Store, arguments: list[str], said: str
) -> None:
    done = tuiflow_run(*arguments, "--experiment", "new")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert store.count_runs(RunQuery()) == 0
    assert store.get_experiment_by_name("new") is None


def test_a_broken_mlproject_is_told_with_its_line(
    tuiflow_run: Runner, store: Store, project: Path
) -> None:
    (project / "MLproject").write_text("name: x\nentry_points:\n  main: {comand: x}\n")
    done = tuiflow_run()
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "MLproject line 3" in done.stderr
    assert store.count_runs(RunQuery()) == 0


def test_exit_code_and_output_in_order(tuiflow_run: Runner, store: Store) -> None:
    done = tuiflow_run("-e", "code", "-P", "code=7")
    assert done.returncode == 7
    assert done.stdout == "to stdout\nto stderr\n"
    run = only_run(store)
    assert run.info.status == "FAILED"
    assert log_of(store, run) == done.stdout
    assert "exit code 7" in done.stderr


@pytest.mark.parametrize(("script", "code"), [("late.py", 3), ("fails.py", 1)])
def test_a_script_that_fails_has_failed(
    tuiflow_run: Runner, store: Store, script: str, code: int
) -> None:
    done = tuiflow_run("-e", script)
    assert done.returncode == code
    assert only_run(store).info.status == "FAILED"
    if script == "fails.py":
        assert "ValueError: on purpose" in log_of(store, only_run(store))


def test_a_process_left_behind_does_not_hold_the_run(tuiflow_run: Runner, store: Store) -> None:
    done = tuiflow_run("-e", "background")
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert only_run(store).info.status == "FINISHED"


def test_a_value_is_never_code(tuiflow_run: Runner, store: Store, project: Path) -> None:
    value = "\"; touch pwned; '$(touch pwned)`touch pwned`"
    done = tuiflow_run("-P", "alpha=1", "-P", f"name={value}")
    assert repr(value) in done.stdout
    assert only_run(store).data.params["name"] == value
    assert not (project / "pwned").exists()


def test_the_commit_is_recorded(tuiflow_run: Runner, store: Store, project: Path) -> None:
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], cwd=project, check=True)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=project, capture_output=True, text=True, check=True
    )
    tuiflow_run("-P", "alpha=1")
    assert only_run(store).data.tags[TAG_GIT_COMMIT] == head.stdout.strip()


def wait_for(what: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def started(
    project: Path, environment: dict[str, str], *arguments: str
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A `tuiflow run` whose script has printed its pid; both are gone afterwards."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=project,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    child = int(process.stdout.readline().removeprefix("pid "))
    try:
        yield process, child
    finally:
        for pid in (process.pid, child):
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        process.communicate()


def test_ctrl_c_reaches_the_command_and_kills_the_run(
    project: Path, environment: dict[str, str], store: Store
) -> None:
    with started(project, environment, "-e", "wait") as (process, child):
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 128 + signal.SIGINT
        assert output.count("cleaned up") == 1
        wait_for(lambda: not alive(child))
    assert only_run(store).info.status == "KILLED"


def test_ctrl_c_on_a_terminal_is_sent_once(
    project: Path, environment: dict[str, str], store: Store
) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project)
        os.execve(COMMAND[0], [*COMMAND, "-e", "wait"], environment)
    output = b""
    with os.fdopen(terminal, "r+b", buffering=0) as stream:
        while b"pid " not in output:
            output += stream.read(1024)
        stream.write(b"\x03")
        while True:
            try:
                chunk = stream.read(1024)
            except OSError:  # the terminal's other end is closed
                break
            if not chunk:
                break
            output += chunk
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 128 + signal.SIGINT
    assert output.count(b"cleaned up") == 1
    assert output.count(b"KeyboardInterrupt") == 1
    assert only_run(store).info.status == "KILLED"


def test_terminate(project: Path, environment: dict[str, str], store: Store) -> None:
    with started(project, environment, "-e", "adopt.py") as (process, child):
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 128 + signal.SIGTERM
        wait_for(lambda: not alive(child))
    assert only_run(store).info.status == "KILLED"


def test_a_killed_launcher_leaves_the_run_to_the_script_and_then_stale(
    project: Path, environment: dict[str, str], store: Store
) -> None:
    with started(project, environment, "-e", "adopt.py") as (process, child):
        process.kill()
        process.wait(timeout=30)
        run = only_run(store)
        assert run.info.process is not None
        assert run.info.process.pid == child
        assert run.info.shown_status == "RUNNING"
        os.kill(child, signal.SIGKILL)
        wait_for(lambda: only_run(store).info.shown_status == "STALE")


def test_nobody_listening_does_not_stop_the_run(
    project: Path, environment: dict[str, str], store: Store
) -> None:
    (project / "lines.py").write_text("for i in range(20_000): print(i)")
    process = subprocess.Popen(
        [*COMMAND, "-e", "lines.py"],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, b"Traceback" in errors) == (0, False)
    run = only_run(store)
    assert run.info.status == "FINISHED"
    assert log_of(store, run).endswith("19999\n")


class Files(BaseHTTPRequestHandler):
    """Serves `/data.csv`; half of `/cut.csv`; counts what is asked."""

    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        body = b"x;y\n1;2\n"
        if self.path == "/moved.csv":
            self.send_response(302)
            self.send_header("Location", "/data.csv")
            self.end_headers()
            return
        if self.path not in ("/data.csv", "/cut.csv"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:4] if self.path == "/cut.csv" else body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def files() -> Iterator[tuple[str, list[str]]]:
    Files.asked = []
    server = HTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Files.asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_url_for_a_path_is_downloaded_once(
    tuiflow_run: Runner, store: Store, files: tuple[str, list[str]], tmp_path: Path
) -> None:
    base, asked = files
    url = f"{base}/moved.csv"
    for _ in range(2):
        done = tuiflow_run("-P", "alpha=1", "-P", f"data={url}")
        assert done.returncode == 0, done.stderr
    assert asked == ["/moved.csv", "/data.csv"]
    digest = hashlib.sha256(url.encode()).hexdigest()[:12]
    local = tmp_path / "cache" / "tuiflow" / "downloads" / f"{digest}-moved.csv"
    assert str(local) in done.stdout
    assert local.read_bytes() == b"x;y\n1;2\n"
    assert {run.data.params["data"] for run in store.search_runs(RunQuery())} == {url}


@pytest.mark.parametrize("name", ["none.csv", "cut.csv"])
def test_a_failed_download_is_told_and_leaves_nothing(
    tuiflow_run: Runner, store: Store, files: tuple[str, list[str]], tmp_path: Path, name: str
) -> None:
    done = tuiflow_run("-P", "alpha=1", "-P", f"data={files[0]}/{name}")
    assert done.returncode == 1
    assert "can't be downloaded" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "cache" / "tuiflow" / "downloads").iterdir()) == []
    assert store.count_runs(RunQuery()) == 0
