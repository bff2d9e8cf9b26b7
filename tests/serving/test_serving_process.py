"""Servers as real processes, asked over real HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sklearn.linear_model import ElasticNet
from small_models import COLUMNS, table

from tuiflow.entities import Process, ServerInfo
from tuiflow.errors import InvalidInput, InvalidState, NotFound, ServingError
from tuiflow.models import read_mlmodel
from tuiflow.models.sklearn_flavor import save_model
from tuiflow.serving import process, worker
from tuiflow.serving.journal import Journal
from tuiflow.serving.process import HealthState, PortTaken
from tuiflow.store import Store
from tuiflow.store.processes import identify, this_process

LogRun = Callable[..., str]

OWNER = """
import sys, time
from tuiflow.serving import process
from tuiflow.store import open_store
store = open_store(sys.argv[1])
server = process.start(store, sys.argv[2], port=0)
print(server.server_id, flush=True)
process.wait_ready(server)
print("ready", flush=True)
if "fork" in sys.argv:
    import os
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(60)
        os._exit(0)
if "detach" in sys.argv:
    process.detach(store, server.server_id)
    print("detached", flush=True)
time.sleep(60)
"""


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait for a condition to hold; its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
    return value


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def url(server: ServerInfo, path: str = "/invocations") -> str:
    return f"http://127.0.0.1:{server.port}{path}"


@contextlib.contextmanager
def ask_slowly(server: ServerInfo, seconds: int) -> Iterator[None]:
    """Have a request to the slow model under way."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        text = b"seconds\n%d\n" % seconds
        connection.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(text), text)
        )
        until(lambda: (found := process.stats(server)) and found.in_flight)
        yield


@pytest.fixture
def start(store: Store) -> Iterator[Callable[..., ServerInfo]]:
    """`process.start` on any free port; what it has started is stopped at the end."""
    started: list[int] = []

    def begin(
        run_id: str, model: str | None = None, *, port: int = 0, **options: Any
    ) -> ServerInfo:
        server = process.start(store, run_id, model, port=port, **options)
        started.append(server.server_id)
        return server

    yield begin
    for server_id in started:
        process.stop(store, server_id, timeout=0)


@pytest.fixture
def owner(store: Store) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Another process that starts a server and lives on."""
    owners: list[subprocess.Popen[str]] = []

    def begin(run_id: str, *words: str) -> subprocess.Popen[str]:
        arguments = [sys.executable, "-c", OWNER, str(store.database), run_id, *words]
        owners.append(subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True))
        return owners[-1]

    yield begin
    for one in owners:
        one.kill()
        one.wait()
        if one.stdout:
            one.stdout.close()
    for server in process.list_servers(store):
        process.stop(store, server.server_id, timeout=0)


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, linear: tuple[Path, ElasticNet]
) -> Iterator[ServerInfo]:
    """A server that is ready, for tests that only ask it; without a row in a store."""
    logs = tmp_path_factory.mktemp("running") / process.LOG_FOLDER
    server = process.launch(linear[0], logs, "127.0.0.1", 0)
    yield process.wait_ready(server)
    process.terminate(server)


def line(owner: subprocess.Popen[str]) -> str:
    assert owner.stdout is not None
    text = owner.stdout.readline().strip()
    assert text, "the owner ended early"
    return text


def test_start_serve_stop(
    store: Store,
    log_run: LogRun,
    start: Callable[..., ServerInfo],
    linear: tuple[Path, ElasticNet],
) -> None:
    run_id = log_run("able-crane", model=linear[0])
    server = start(run_id)
    assert process.health(server).state in (HealthState.STARTING, HealthState.HEALTHY)
    assert (server.run_name, server.model_path, server.detached) == ("able-crane", "model", False)
    assert process.is_owned(server)
    early = httpx.post(url(server), json={}, timeout=10)
    # Loading takes longer than answering; where it does not, the answer is the app's own.
    assert early.status_code in (503, 400)
    assert early.json()["error_code"] in ("TEMPORARILY_UNAVAILABLE", "BAD_REQUEST")
    process.wait_ready(server)
    assert process.health(server).state is HealthState.HEALTHY
    assert process.list_servers(store) == [server]

    rows = table(5)
    split = {"columns": COLUMNS, "data": rows.to_numpy().tolist()}
    with httpx.Client() as client:
        for _ in range(3):
            answer = client.post(url(server), json={"dataframe_split": split})
            assert answer.json() == {"predictions": linear[1].predict(rows).tolist()}
        assert client.get(url(server, "/ping")).status_code == 200
    found = process.stats(server)
    assert found is not None
    assert found.requests - found.errors == 3

    log = "\n".join(process.tail_log(server))
    assert "loading model" in log
    assert f"listening on 127.0.0.1:{server.port}" in log
    assert "POST /invocations 200" in log
    assert stat.S_IMODE(Path(server.log_path).stat().st_mode) == 0o600
    assert Path(server.log_path).parent == store.root / "servers"

    assert process.stop(store, server.server_id) is True
    assert not accepts(server.port)
    assert process.list_servers(store) == []
    stopped = process.find(store, server.server_id)
    assert stopped.stopped_at is not None
    assert process.health(stopped).state is HealthState.STOPPED
    assert process.stats(stopped) is None
    assert process.tail_log(stopped)[-1].endswith("stopped")
    assert process.stop(store, server.server_id) is True


def test_the_shown_curl_works(running: ServerInfo, linear: tuple[Path, ElasticNet]) -> None:
    line = process.curl_example(running, read_mlmodel(linear[0]))
    assert "\n" not in line
    assert '{"dataframe_split": {"columns": ["fixed acidity", "pH", "alcohol"], "data": [[' in line
    answer = subprocess.run(["sh", "-c", line + " -s"], capture_output=True, text=True, check=True)
    expected = linear[1].predict(table(50).head(1)).tolist()
    assert json.loads(answer.stdout) == {"predictions": expected}
    tunnel = process.ssh_tunnel(running)
    assert tunnel == f"ssh -L {running.port}:localhost:{running.port} {running.process.host}"


def test_no_columns_are_made_up_for_a_model_that_tells_none(
    running: ServerInfo, tmp_path: Path, linear: tuple[Path, ElasticNet]
) -> None:
    save_model(linear[1], tmp_path / "bare")
    line = process.curl_example(running, read_mlmodel(tmp_path / "bare"))
    body = json.loads(shlex.split(line)[4])
    assert body == {
        "dataframe_split": {"columns": ["FILL IN THE COLUMNS"], "data": [["AND A VALUE FOR EACH"]]}
    }
    assert process.curl_example(running) == line


@pytest.mark.parametrize("ending", ["kill -9", "hang-up", "quit"])
def test_it_ends_with_its_owner(
    store: Store,
    log_run: LogRun,
    owner: Callable[..., subprocess.Popen[str]],
    linear: tuple[Path, ElasticNet],
    ending: str,
) -> None:
    mine = owner(log_run(model=linear[0]))
    server = process.find(store, int(line(mine)))
    assert line(mine) == "ready"
    assert accepts(server.port)
    number = {"kill -9": signal.SIGKILL, "hang-up": signal.SIGHUP, "quit": signal.SIGINT}[ending]
    mine.send_signal(number)
    mine.wait()
    until(lambda: not accepts(server.port), 1.5)
    until(lambda: not process.is_alive(server), 1.5)
    assert process.list_servers(store) == []
    assert process.find(store, server.server_id).stopped_at is not None


def test_it_ends_with_an_owner_that_dies_while_the_model_loads(
    store: Store,
    log_run: LogRun,
    owner: Callable[..., subprocess.Popen[str]],
    linear: tuple[Path, ElasticNet],
) -> None:
    mine = owner(log_run(model=linear[0]))
    server = process.find(store, int(line(mine)))
    mine.kill()
    mine.wait()
    until(lambda: not accepts(server.port))
    until(lambda: not process.is_alive(server))
    assert process.health(server).state is HealthState.STOPPED
    assert process.health(server).detail == ""


def test_requests_that_outlast_the_owner_are_cut(
    store: Store, log_run: LogRun, owner: Callable[..., subprocess.Popen[str]], slow: Path
) -> None:
    mine = owner(log_run(model=slow))
    server = process.find(store, int(line(mine)))
    assert line(mine) == "ready"
    with ask_slowly(server, 30):
        mine.kill()
        mine.wait()
        until(lambda: not process.is_alive(server), 2.5)
    assert "gave up on 1 request after 0.5 s" in process.tail_log(server)[-1]


def test_a_forked_child_of_the_owner_does_not_keep_it(
    store: Store,
    log_run: LogRun,
    owner: Callable[..., subprocess.Popen[str]],
    linear: tuple[Path, ElasticNet],
) -> None:
    mine = owner(log_run(model=linear[0]), "fork")
    server = process.find(store, int(line(mine)))
    assert line(mine) == "ready"
    child = int(line(mine))
    try:
        mine.kill()
        mine.wait()
        until(lambda: not process.is_alive(server), 1.5)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_detached_one_stays_and_is_found_again(
    store: Store,
    log_run: LogRun,
    owner: Callable[..., subprocess.Popen[str]],
    linear: tuple[Path, ElasticNet],
) -> None:
    mine = owner(log_run(model=linear[0]), "detach")
    server_id = int(line(mine))
    assert [line(mine), line(mine)] == ["ready", "detached"]
    mine.kill()
    mine.wait()
    [server] = process.list_servers(store)
    assert (server.server_id, server.detached) == (server_id, True)
    until(lambda: "detached" in process.tail_log(server)[-1])
    assert process.health(server).state is HealthState.HEALTHY
    assert not process.is_owned(server)
    process.detach(store, server_id)  # it is already
    assert process.stop(store, server_id) is True
    assert not accepts(server.port)


def test_started_detached(
    store: Store,
    log_run: LogRun,
    start: Callable[..., ServerInfo],
    linear: tuple[Path, ElasticNet],
) -> None:
    server = start(log_run(model=linear[0]), detached=True)
    assert server.detached
    assert not process.is_owned(server)
    until(lambda: "detached" in "".join(process.tail_log(server)))


def test_only_the_owner_detaches(
    store: Store,
    log_run: LogRun,
    owner: Callable[..., subprocess.Popen[str]],
    linear: tuple[Path, ElasticNet],
) -> None:
    mine = owner(log_run(model=linear[0]))
    server_id = int(line(mine))
    with pytest.raises(InvalidState, match="started it"):
        process.detach(store, server_id)
    assert process.find(store, server_id).detached is False


def test_it_finishes_what_it_is_answering(
    store: Store, log_run: LogRun, start: Callable[..., ServerInfo], slow: Path
) -> None:
    server = process.wait_ready(start(log_run(model=slow)))
    answers: list[httpx.Response] = []

    def ask() -> None:
        answers.append(
            httpx.post(url(server), content="seconds\n1.5\n", headers={"Content-Type": "text/csv"})
        )

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: (found := process.stats(server)) and found.in_flight)
    stopping = threading.Thread(target=process.stop, args=(store, server.server_id))
    stopping.start()
    until(lambda: not accepts(server.port), 1.5)  # nothing new is taken meanwhile
    assert process.is_alive(server)
    asking.join(15)
    stopping.join(15)
    assert [answer.json() for answer in answers] == [{"predictions": [1.5]}]
    assert not process.is_alive(server)
    assert "finishing 1 request\n" in "\n".join(process.tail_log(server))
    assert process.exit_code(server) in (0, None)


def test_one_that_does_not_end_is_killed(
    store: Store, log_run: LogRun, start: Callable[..., ServerInfo], slow: Path
) -> None:
    server = process.wait_ready(start(log_run(model=slow)))
    with ask_slowly(server, 30):
        assert process.stop(store, server.server_id, timeout=0.3) is False
    assert not process.is_alive(server)
    assert not accepts(server.port)


def test_a_taken_port_names_the_next_free_one(
    store: Store,
    log_run: LogRun,
    start: Callable[..., ServerInfo],
    linear: tuple[Path, ElasticNet],
) -> None:
    run_id = log_run("able-crane", model=linear[0])
    first = start(run_id)
    with pytest.raises(PortTaken) as caught:
        start(run_id, port=first.port)
    assert caught.value.next_port > first.port
    assert f"Port {first.port} is taken by server {first.server_id} (able-crane)" in str(
        caught.value
    )
    assert str(caught.value.next_port) in str(caught.value)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} is taken; the next free one"):
            start(run_id, port=port)
        assert process.free_port(port) > port
    assert process.free_port(port) == port
    assert len(process.list_servers(store)) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"port": 70_000}, "out of range"),
        ({"port": -1}, "out of range"),
        ({"host": ""}, "address"),
        ({"host": "192.0.2.1"}, "192.0.2.1"),
        ({"host": "no such host"}, "not known"),
    ],
)
def test_addresses_that_can_not_be_had(
    store: Store,
    log_run: LogRun,
    start: Callable[..., ServerInfo],
    linear: tuple[Path, ElasticNet],
    options: dict[str, Any],
    words: str,
) -> None:
    with pytest.raises((ServingError, InvalidInput), match=words):
        start(log_run(model=linear[0]), **options)
    assert process.list_servers(store, include_stopped=True) == []


def test_a_model_that_fails_to_load(
    store: Store,
    log_run: LogRun,
    start: Callable[..., ServerInfo],
    linear: tuple[Path, ElasticNet],
) -> None:
    run_id = log_run(model=linear[0])
    store.artifact_path(run_id, "model/model.skops").write_bytes(b"no model")
    server = start(run_id)
    with pytest.raises(ServingError, match=r"did not start: .*can't be loaded"):
        process.wait_ready(server)
    assert process.exit_code(server) == 1
    assert process.list_servers(store) == []
    assert not accepts(server.port)
    health = process.health(server)
    assert health.state is HealthState.STOPPED
    assert "can't be loaded" in health.detail


def test_a_killed_server_has_no_request_for_its_reason(
    store: Store,
    log_run: LogRun,
    start: Callable[..., ServerInfo],
    linear: tuple[Path, ElasticNet],
) -> None:
    server = process.wait_ready(start(log_run(model=linear[0])))
    assert httpx.post(url(server), json={"inputs": [[1.0, 2.0, 3.0]]}).status_code
    os.kill(server.process.pid, signal.SIGKILL)
    until(lambda: not process.is_alive(server))
    assert process.health(server).detail == "its process ended without a word"
    # What a library says last is a reason, as of one that ends the process.
    with Path(server.log_path).open("a") as log:
        log.write("terminate called without an active exception\n")
    assert process.health(server).detail == "terminate called without an active exception"


def test_which_model(store: Store, log_run: LogRun, linear: tuple[Path, ElasticNet]) -> None:
    with pytest.raises(NotFound):
        process.start(store, "0" * 32, port=0)
    with pytest.raises(InvalidInput, match="log_model"):
        process.start(store, log_run("empty"), port=0)
    several = log_run("both", first=linear[0], second=linear[0])
    with pytest.raises(InvalidInput, match="first, second"):
        process.start(store, several, port=0)
    with pytest.raises(NotFound, match="it has first, second"):
        process.start(store, several, "third", port=0)
    with pytest.raises(NotFound):
        process.start(store, several, "../first", port=0)
    assert process.list_servers(store, include_stopped=True) == []


def add_row(store: Store, run_id: str, identity: Process) -> int:
    return store.add_server(run_id, "model", "127.0.0.1", 5001, identity, True, "servers/x.log")


def test_a_pid_alone_is_not_believed(store: Store, log_run: LogRun) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        # As when the server's pid belongs to somebody else by now.
        now = identify(bystander.pid)
        then = replace(now, started=now.started - 1)
        server_id = store.add_server(
            log_run(), "model", "127.0.0.1", 1, then, True, "servers/x.log"
        )
        assert not process.is_alive(process.find(store, server_id))
        assert process.stop(store, server_id) is True
        assert bystander.poll() is None
        after_reboot = replace(now, boot_id="other/" + now.boot_id.partition("/")[2])
        add_row(store, log_run(), after_reboot)
        assert process.list_servers(store) == []
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_servers_of_another_machine_are_left_alone(store: Store, log_run: LogRun) -> None:
    there = replace(this_process(), host="gpu-07", boot_id="other/1", heartbeat=0)
    server_id = store.add_server(
        log_run(), "model", "127.0.0.1", 5001, there, True, "servers/x.log"
    )
    [server] = process.list_servers(store)
    assert server.server_id == server_id
    assert process.health(server).state is HealthState.ELSEWHERE
    assert process.ssh_tunnel(server) == "ssh -L 5001:localhost:5001 gpu-07"
    with pytest.raises(ServingError, match="gpu-07"):
        process.stop(store, server_id)


def test_hints_carry_nothing_from_a_foreign_store_into_the_shell(running: ServerInfo) -> None:
    server = running
    evil = replace(server, host="$(id)", process=replace(server.process, host="-oProxyCommand=x"))
    assert process.ssh_tunnel(evil).endswith(" HOST")
    assert "'http://$(id):" in process.curl_example(evil)
    outside = replace(server, log_path=str(Path(server.log_path).parent / ".." / "a"))
    assert process.tail_log(outside) == []
    assert process.tail_log(replace(server, log_path="/etc/passwd")) == []


def test_the_log_is_followed_and_made_harmless(
    tmp_path: Path, running: ServerInfo, linear: tuple[Path, ElasticNet]
) -> None:
    path = tmp_path / process.LOG_FOLDER / "copy.log"
    path.parent.mkdir()
    path.write_bytes(Path(running.log_path).read_bytes())
    server = replace(running, log_path=str(path))
    follower = process.LogFollower(server)
    assert "loading model" in follower.new_lines()[0]
    assert follower.new_lines() == []
    with path.open("a") as log:
        log.write("half a")
        log.flush()
        assert follower.new_lines() == []
        log.write(" line\n\x1b[31mred\n")
    assert follower.new_lines() == ["half a line", "␛[31mred"]
    assert process.tail_log(server, 1) == ["␛[31mred"]
    assert process.tail_log(server, 0) == []
    os.truncate(path, 0)
    assert follower.new_lines() == []
    with path.open("a") as log:
        log.write("after the cut\n")
    assert follower.new_lines() == ["after the cut"]


def test_silent_connections_keep_no_thread(running: ServerInfo) -> None:
    address = ("127.0.0.1", running.port)
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(address)) for _ in range(20)]
        time.sleep(0.3)  # until the server has taken them
        assert httpx.get(url(running, "/ping"), timeout=5).status_code == 200
        silent[0].sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        silent[0].settimeout(5)
        assert silent[0].recv(100).startswith(b"HTTP/1.1 200")


def _cheroot(**limits: int) -> worker._Server:
    listening = socket.create_server(("127.0.0.1", 0))
    server = worker._Server(listening, worker.loading, Journal(os.open(os.devnull, os.O_RDWR)))
    for name, value in limits.items():
        setattr(server, name, value)
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    return server


def test_silent_connections_are_closed_after_a_while() -> None:
    server = _cheroot(timeout=1)
    with socket.create_connection(server.bind_addr) as silent:
        silent.settimeout(10)
        assert silent.recv(1) == b""
    server.stop()


def test_silent_connections_do_not_hold_up_the_end() -> None:
    server = _cheroot()
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection(server.bind_addr))
        time.sleep(0.3)  # until the server has taken them
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 3


def test_a_half_sent_head_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "HEAD_SECONDS", 0.3)
    server = _cheroot()
    with socket.create_connection(server.bind_addr) as slow:
        slow.settimeout(10)
        slow.sendall(b"GET /ping HT")
        assert b"408" in slow.recv(1000)
    server.stop()


@pytest.mark.parametrize("raised", ["SystemExit", "KeyboardInterrupt"])
def test_a_server_that_breaks_ends(linear: tuple[Path, ElasticNet], raised: str) -> None:
    code = f"""
import socket, sys
from tuiflow.serving import app, worker
def broken(environ, start_response):
    raise {raised}
app.create_app = lambda *arguments, **options: broken
sys.exit(worker.main([sys.argv[1], "--socket", sys.argv[2]]))
"""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        server = subprocess.Popen(
            [sys.executable, "-c", code, str(linear[0]), str(number)],
            pass_fds=[number],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        port = listening.getsockname()[1]
    assert server.stdout is not None
    for text in server.stdout:
        if "listening" in text:
            break
    with contextlib.suppress(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{port}/ping", timeout=5)
    try:
        output, _ = server.communicate(timeout=20)
    finally:
        server.kill()
    assert server.returncode == 1
    assert "error: the server broke while it was answering" in output


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: -5\r\n\r\n{}",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX\r\n0\r\n\r\n",
    ],
)
def test_a_body_of_an_impossible_length_is_a_mistake(running: ServerInfo, rest: bytes) -> None:
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as connection:
        head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        connection.sendall(head + b"Connection: close\r\n" + rest)
        with connection.makefile("rb") as answer:
            text = answer.read()
    assert text.startswith(b"HTTP/1.1 400")
    assert b"The body can't be read" in text


def test_a_body_too_large_gets_its_answer(running: ServerInfo) -> None:
    size = 65 * 1024 * 1024
    piece = b" " * 1024 * 1024

    def pieces() -> Iterator[bytes]:
        for _ in range(65):
            yield piece

    headers = {"Content-Type": "application/json"}
    for more in ({"Content-Length": str(size)}, {}):  # declared, and chunked
        answer = httpx.post(url(running), content=pieces(), headers=headers | more, timeout=60)
        assert answer.status_code == 413
        assert "64 MiB" in answer.json()["message"]
    assert process.health(running).state is HealthState.HEALTHY
