"""The app over SSH: a real sshd on loopback, and tmux as the terminal in front and behind."""

from __future__ import annotations

import getpass
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ptys import Pty, plain
from terminal import Terminal

from tuiflow.entities import Metric, Param
from tuiflow.serving import process
from tuiflow.serving.ports import free_port
from tuiflow.store import Store, now_ms
from tuiflow.tui.views import last_experiment, save_last_experiment

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
MISSING = [
    name
    for name, found in (
        ("sshd", SSHD),
        *((name, shutil.which(name)) for name in ("ssh", "ssh-keygen", "tmux")),
        # Where root starts it, sshd wants the folder that its own start script makes.
        ("/run/sshd", os.geteuid() != 0 or Path("/run/sshd").is_dir()),
    )
    if not found
]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not here: {', '.join(MISSING)}")

CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowUsers {user}
PrintMotd no
PrintLastLog no
"""


@dataclass(frozen=True, slots=True)
class Host:
    """An sshd of one's own; `ssh` is the command that logs into it."""

    folder: Path
    port: int

    def ssh(self, command: str) -> list[str]:
        """Run a command there on a terminal, as `ssh -t` does."""
        return [
            "ssh", "-tt", "-F", os.devnull, "-p", str(self.port), "-i", f"{self.folder}/key",
            *("-o", f"UserKnownHostsFile={self.folder}/known_hosts"),
            *("-o", "StrictHostKeyChecking=no", "-o", "IdentitiesOnly=yes"),
            *("-o", "BatchMode=yes", "-o", "LogLevel=ERROR"),
            f"{getpass.getuser()}@127.0.0.1", command,
        ]  # fmt: skip


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("sshd")
    for name in ("host_key", "key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
        )
    with socket.socket() as probe:  # one that no test beside this one takes, too
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = getpass.getuser()
    (folder / "config").write_text(CONFIG.format(folder=folder, port=port, user=user))
    assert SSHD is not None
    with (folder / "log").open("w") as log:
        # sshd starts itself again for each connection and must be called by its whole path.
        daemon = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(folder / "config")],
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 20
        while "Server listening" not in (folder / "log").read_text():
            assert daemon.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield Host(folder, port)
    finally:
        daemon.terminate()
        daemon.wait(20)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def runs(store: Store) -> Store:
    """Thirty finished runs of one experiment."""
    experiment = store.create_experiment("wine")
    start = now_ms() - 7_200_000
    for number in range(30):
        run_id = store.create_run(experiment, f"run-{number:02d}", start + number).info.run_id
        store.log_batch(run_id, [Metric("rmse", 1 / (number + 1), start)], [Param("alpha", "1")])
        store.finish_run(run_id, "FINISHED", start + number + 900)
    save_last_experiment(store, experiment)
    return store


@pytest.fixture
def remote(runs: Store, tmp_path: Path) -> str:
    """The shell command that opens the app on the other side, and writes its pid down first."""
    home = shlex.quote(os.environ["HOME"])
    app = shlex.join([sys.executable, "-m", "tuiflow", "ui", "--store", str(runs.root)])
    here = shlex.quote(str(Path.cwd()))  # where the package may be imported from
    return (
        f"cd {here}; export HOME={home}; unset TMUX COLORTERM;"
        f" sh -c 'echo $$ > {tmp_path}/pid; exec \"$@\"' sh {app}"
    )


@pytest.fixture
def open_terminal(host: Host, remote: str, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """A terminal (tmux) in which somebody has logged in by ssh and started the app."""
    opened: list[Terminal] = []

    def open_one(
        columns: int = 80, rows: int = 24, term: str = "xterm-256color", command: str = remote
    ) -> Terminal:
        environment = {"TERM": term, "HOME": os.environ["HOME"]}
        opened.append(Terminal(tmp_path, host.ssh(command), environment, columns, rows))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()


def app_pid(folder: Path) -> int:
    return int((folder / "pid").read_text())


def wait_gone(pid: int, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists() if Path("/proc/self").exists() else _alive(pid):
        assert time.monotonic() < deadline, f"process {pid} lives on"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def fits(terminal: Terminal, columns: int, rows: int) -> bool:
    """Whether what stands there has been laid out for this size: header and foot at its ends."""
    lines = terminal.screen().splitlines()
    return (
        len(lines) == rows
        and "tuiflow" in lines[0]
        and bool(re.search(r"\d\d:\d\d\s*$", lines[0]))
        and len(lines[0].rstrip()) == columns - 1
        and "enter open" in lines[-1]
        and max(map(len, lines)) <= columns
    )


def wait_fits(terminal: Terminal, columns: int, rows: int) -> None:
    deadline = time.monotonic() + 20
    while not fits(terminal, columns, rows):
        assert time.monotonic() < deadline, terminal.screen()
        time.sleep(0.05)


def test_keys_resizing_and_the_end(open_terminal, tmp_path: Path) -> None:
    terminal = open_terminal(200, 50)
    terminal.wait("run-29")
    wait_fits(terminal, 200, 50)
    terminal.resize(60, 15)
    wait_fits(terminal, 60, 15)
    terminal.keys("j", "j", "Space")
    terminal.wait("1 marked")
    terminal.resize(200, 50)
    wait_fits(terminal, 200, 50)
    terminal.wait("1 marked")
    terminal.keys("G")
    terminal.wait("run-00")
    terminal.keys("/")
    terminal.type("metrics.rmse < 0.04")
    terminal.wait("5 of 30")
    terminal.keys("Enter")
    terminal.wait("enter open")
    terminal.keys("g", "Enter")
    terminal.wait(r"Overview.*Metrics")
    terminal.keys("Escape")
    terminal.wait("5 of 30")
    terminal.keys("?")
    terminal.wait("Keys")
    terminal.keys("q")
    terminal.wait(r"^(?s:(?!Keys).)*$")
    terminal.keys("q")
    wait_gone(app_pid(tmp_path))


def test_it_ends_when_the_line_is_cut(open_terminal, tmp_path: Path) -> None:
    terminal = open_terminal()
    terminal.wait("run-29")
    pid = app_pid(tmp_path)
    os.kill(terminal.pid, signal.SIGKILL)  # the client: nothing is said to the other side
    wait_gone(pid)


def test_it_goes_to_the_background_and_comes_back(open_terminal, remote: str) -> None:
    terminal = open_terminal(command="PS1='ready> ' sh -i")
    terminal.wait("ready>")
    terminal.type(remote)
    terminal.keys("Enter")
    terminal.wait("run-29")
    terminal.keys("C-z")
    terminal.wait(r"ready>$|Stopped")
    terminal.type("fg")
    terminal.keys("Enter")
    terminal.wait("run-29")
    terminal.keys("j", "Space")
    terminal.wait("1 marked")
    terminal.keys("q")
    terminal.wait(r"^(?s:(?!run-29).)*ready>\s*$")


def test_in_tmux_on_the_other_side_it_lives_on_when_the_line_is_cut(
    open_terminal, remote: str, tmp_path: Path
) -> None:
    socket_name = f"tuiflow-test-ssh-{os.getpid()}"
    tmux = f"tmux -L {socket_name} -f {os.devnull}"
    try:
        first = open_terminal(command=f"{tmux} new-session -s work {shlex.quote(remote)}")
        first.wait("run-29")
        first.keys("j", "Space")
        first.wait("1 marked")
        pid = app_pid(tmp_path)
        os.kill(first.pid, signal.SIGKILL)
        again = open_terminal(100, 30, command=f"{tmux} attach-session -t work")
        again.wait("1 marked")
        assert app_pid(tmp_path) == pid
        again.keys("u")
        again.wait(r"run-29(?s:(?!1 marked).)*$")
        again.keys("q")
        wait_gone(pid)
    finally:
        subprocess.run(["tmux", "-L", socket_name, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def served(runs: Store) -> str:
    """The id of a run with a model to serve, the newest one."""
    import numpy as np
    from sklearn.linear_model import LinearRegression

    import tuiflow

    model = LinearRegression().fit(np.arange(8.0).reshape(-1, 2), np.arange(4.0))
    tuiflow.set_tracking_uri(runs.root)
    with tuiflow.start_run(experiment_id=last_experiment(runs), run_name="with-model") as run:
        tuiflow.sklearn.log_model(model, name="model")
    return str(run.info.run_id)


def test_of_servers_only_the_detached_one_outlives_the_line(
    runs: Store, served: str, open_terminal, tmp_path: Path
) -> None:
    terminal = open_terminal(120, 30)
    terminal.wait("with-model")
    ports = []
    try:
        for detach in (True, False):
            ports.append(port := free_port(5701 + 50 * detach))
            terminal.keys("s")
            terminal.wait(r"\d{4,5} *│")
            terminal.type(str(port))
            terminal.wait(rf"{port} *│")
            terminal.keys("Enter")
            terminal.wait(rf"{port}[^\n]*healthy")
            if detach:
                terminal.keys("&")
                terminal.wait(rf"{port}[^\n]*detached")
                terminal.keys("1")
                terminal.wait("enter open")
        os.kill(terminal.pid, signal.SIGKILL)
        wait_gone(app_pid(tmp_path))
        deadline = time.monotonic() + 20
        while answers(ports[1]):
            assert time.monotonic() < deadline, "the server that belongs to the app lives on"
            time.sleep(0.05)
        assert answers(ports[0])
    finally:
        for server in process.list_servers(runs):
            process.stop(runs, server.server_id, timeout=5)
    assert not any(map(answers, ports))


@pytest.mark.parametrize(
    ("term", "allowed"),
    [
        ("xterm-256color", r"38;5;|48;5;"),
        ("screen-256color", r"38;5;|48;5;"),
        ("screen", None),
        ("xterm", None),
    ],
)
def test_no_more_colours_than_the_terminal_has(
    host: Host, remote: str, term: str, allowed: str | None
) -> None:
    with Pty(host.ssh(remote), {"TERM": term}) as line:
        line.wait("run-29")
        line.write(b"j")
        line.until_quiet()
        sent = line.sent.decode(errors="replace")
        colours = "".join(re.findall(r"\x1b\[([\d;]*)m", sent))
        assert not re.search("[34]8;2;", sent)
        assert bool(re.search("[34]8;5;", sent)) == (allowed is not None)
        assert colours
        line.write(b"q")
        assert line.end() == 0
        assert "run-28" in plain(line.sent)
