"""Servers as processes: start, look after, stop. A screen, a command and a test all come here.

A server is a process of its own (`serving.worker`) with a row in the store. It lives as long as
its owner, the process that started it, unless it is detached: the owner holds the writing end of a
pipe, the lifeline, and the kernel closes that however the owner ends. A server's pid is believed
only together with its start time.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tuiflow.config import SERVE_PORT
from tuiflow.entities import ServerInfo
from tuiflow.errors import InvalidState, NotFound, ServingError
from tuiflow.serving.choice import choose_model
from tuiflow.serving.hints import curl_example, ssh_tunnel
from tuiflow.serving.ports import PortTaken, claim, free_port
from tuiflow.serving.traffic import ServerStats
from tuiflow.serving.watch import (
    LOG_FOLDER,
    POLL_SECONDS,
    Health,
    HealthState,
    LogFollower,
    health,
    is_alive,
    is_here,
    stats,
    tail_log,
    wait_ready,
)
from tuiflow.store.processes import identify, now_ms
from tuiflow.text import clean

if TYPE_CHECKING:
    from tuiflow.store import Store

__all__ = [
    "DRAIN_SECONDS",
    "LOG_FOLDER",
    "Health",
    "HealthState",
    "LogFollower",
    "PortTaken",
    "ServerStats",
    "curl_example",
    "detach",
    "exit_code",
    "find",
    "free_port",
    "health",
    "is_alive",
    "is_owned",
    "launch",
    "list_servers",
    "ssh_tunnel",
    "start",
    "stats",
    "stop",
    "tail_log",
    "terminate",
    "wait_ready",
]

DRAIN_SECONDS = 10.0
"""How long `stop` lets a server finish what it is answering; the worker's own bound is the same."""

_KILL_SECONDS = 5.0
_DETACH = b"d"

# Of the servers that this process has started, by pid: the lifelines of those not detached, and
# the processes, which their parent must wait for.
_lifelines: dict[int, int] = {}
_children: dict[int, subprocess.Popen[bytes]] = {}
_lock = threading.Lock()


def _forget_after_fork() -> None:
    global _lock
    _lock = threading.Lock()  # it may have been held by a thread that the child doesn't have
    for lifeline in _lifelines.values():
        with contextlib.suppress(OSError):
            os.close(lifeline)
    _lifelines.clear()
    _children.clear()


# A forked child of the owner must not keep its servers alive.
os.register_at_fork(after_in_child=_forget_after_fork)


def start(
    store: Store,
    run_id: str,
    model_path: str | None = None,
    host: str = "127.0.0.1",
    port: int = SERVE_PORT,
    detached: bool = False,
) -> ServerInfo:
    """Start a server for a run's model and return at once; `wait_ready` waits for it.

    `model_path` None means the run's only model; port 0 takes any free one. Raises NotFound for an
    unknown run or path, InvalidInput for a run without a model or with several to choose from,
    PortTaken (with `next_port`) and other ServingErrors where the port can't be had.
    """
    path, folder = choose_model(store, run_id, model_path)
    try:
        launched = launch(folder, store.root / LOG_FOLDER, host, port)
    except PortTaken as error:
        ours = [server for server in list_servers(store) if server.port == port]
        if not ours:
            raise
        holder = f"server {ours[0].server_id} ({clean(ours[0].run_name)})"
        raise PortTaken(port, error.next_port, holder) from None
    try:
        log = f"{LOG_FOLDER}/{Path(launched.log_path).name}"
        server_id = store.add_server(
            run_id, path, host, launched.port, launched.process, False, log
        )
        if detached:
            detach(store, server_id)
    except BaseException:
        _cut(launched.process.pid)  # nobody would find it again
        raise
    return find(store, server_id)


def launch(folder: Path, logs: Path, host: str, port: int) -> ServerInfo:
    """Start a server for a model's folder, without a row: its `server_id` is 0.

    Its log is a new file in `logs`, which is made and must be named `LOG_FOLDER`. Raises
    PortTaken, and other ServingErrors where the port can't be had.
    """
    with contextlib.closing(claim(host, port)) as listening:
        port = listening.getsockname()[1]
        log = _new_log(logs, str(port))
        child = _spawn(folder, listening.fileno(), log)
    return ServerInfo(
        server_id=0,
        run_id="",
        run_name="",
        experiment_name="",
        model_path=str(folder),
        host=host,
        port=port,
        process=identify(child.pid),
        detached=False,
        log_path=str(log),
        started_at=now_ms(),
        stopped_at=None,
    )


def _new_log(folder: Path, name: str) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for attempt in range(1000):
        path = folder / (f"{stamp}-{name}.log" if not attempt else f"{stamp}-{name}-{attempt}.log")
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            return path
    raise ServingError(f"Can't make a log file in {folder}.")


def _spawn(folder: Path, listening: int, log: Path) -> subprocess.Popen[bytes]:
    # Neither end is inherited by other programs that this process starts.
    reading, writing = os.pipe()
    output = os.open(log, os.O_RDWR | os.O_APPEND)
    try:
        child = subprocess.Popen(
            [
                sys.executable,
                "-P",  # a file of the current folder must not shadow a library
                "-m",
                "tuiflow.serving.worker",
                f"--socket={listening}",
                f"--lifeline={reading}",
                str(folder.absolute()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(listening, reading),
            # Out of the terminal's reach: ctrl+C and hang-up are for the owner.
            start_new_session=True,
        )
    except OSError as error:
        os.close(writing)
        raise ServingError(f"The server's process can't be started: {error.strerror}.") from error
    finally:
        os.close(reading)
        os.close(output)
    with _lock:
        _lifelines[child.pid] = writing
        _children[child.pid] = child
    return child


def _cut(pid: int) -> None:
    with _lock:
        lifeline = _lifelines.pop(pid, None)
    if lifeline is not None:
        os.close(lifeline)


def _reap() -> None:
    """Take note of children that have ended, so that they don't stay as zombies."""
    with _lock:
        for pid, child in list(_children.items()):
            if child.poll() is not None:
                del _children[pid]
                with contextlib.suppress(KeyError):
                    os.close(_lifelines.pop(pid))


def exit_code(server: ServerInfo) -> int | None:
    """The exit code of a server that this process has started; None while it runs or unknown."""
    with _lock:
        child = _children.get(server.process.pid)
    if child is None or is_alive(server):
        return None
    try:
        # Its first thread counts as gone a little before the last one is.
        return child.wait(1)
    except subprocess.TimeoutExpired:
        return None


def find(store: Store, server_id: int) -> ServerInfo:
    """The row of a server, running or stopped. Raises NotFound."""
    for server in store.list_servers(include_stopped=True):
        if server.server_id == server_id:
            return server
    raise NotFound(f"There is no server {server_id}; `tuiflow servers` lists them.")


def list_servers(store: Store, include_stopped: bool = False) -> list[ServerInfo]:
    """Servers, newest first. Those of this machine whose process is gone are marked stopped."""
    _reap()
    servers = store.list_servers()
    gone = [server for server in servers if is_here(server.process) and not is_alive(server)]
    for server in gone:
        store.stop_server_row(server.server_id)
    return store.list_servers(include_stopped) if gone or include_stopped else servers


def is_owned(server: ServerInfo) -> bool:
    """True for a server that ends with this process."""
    return server.process.pid in _lifelines and is_alive(server)


def stop(store: Store, server_id: int, timeout: float = DRAIN_SECONDS + 1) -> bool:
    """End a server and wait for it: it drains first, and is killed after `timeout` seconds.

    Returns false when it had to be killed, true also when it had ended already. Raises NotFound,
    and ServingError for a server of another machine.
    """
    server = find(store, server_id)
    drained = server.stopped_at is not None or terminate(server, timeout)
    store.stop_server_row(server_id)
    return drained


def terminate(server: ServerInfo, timeout: float = DRAIN_SECONDS + 1) -> bool:
    """As `stop`, without the row."""
    if not is_here(server.process):
        raise ServingError(f"The server runs on {clean(server.process.host)}; stop it there.")
    pid = server.process.pid
    handle = None
    if hasattr(os, "pidfd_open"):
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            return True
    try:
        # Looked up after it is held: the pid can't change hands any more.
        if not is_alive(server):
            return True
        _send(pid, handle, signal.SIGTERM)
        if _ends(server, handle, timeout):
            return True
        _send(pid, handle, signal.SIGKILL)
        _ends(server, handle, _KILL_SECONDS)
        return False
    finally:
        if handle is not None:
            os.close(handle)
        _reap()


def _send(pid: int, handle: int | None, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        if handle is None:
            os.kill(pid, number)
        else:
            signal.pidfd_send_signal(handle, number)


def _ends(server: ServerInfo, handle: int | None, timeout: float) -> bool:
    """Wait until the process, all its threads included, has ended."""
    if handle is not None:
        # Not select(2), which takes no file above 1023.
        with selectors.DefaultSelector() as selector:
            selector.register(handle, selectors.EVENT_READ)
            return bool(selector.select(max(timeout, 0)))
    deadline = time.monotonic() + timeout
    while is_alive(server):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def detach(store: Store, server_id: int) -> None:
    """Let a server outlive this process, which must be the one that started it.

    Raises NotFound, InvalidState for a server that has ended or belongs to another process. A
    server that is detached already stays so.
    """
    server = find(store, server_id)
    if server.detached:
        return
    if server.stopped_at is not None or (is_here(server.process) and not is_alive(server)):
        raise InvalidState(f"Server {server_id} has ended.")
    with _lock:
        lifeline = _lifelines.pop(server.process.pid, None)
    if lifeline is None:
        raise InvalidState(
            f"Server {server_id} ends with the tuiflow that started it; detach it there."
        )
    try:
        os.write(lifeline, _DETACH)
    except BrokenPipeError:
        raise InvalidState(f"Server {server_id} has ended.") from None
    finally:
        os.close(lifeline)
    store.set_server_detached(server_id, True)
