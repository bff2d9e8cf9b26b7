"""How a server is: whether it lives, what it answers, what its log says."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tuiflow.entities import Process, ServerInfo
from tuiflow.errors import ServingError
from tuiflow.serving.ports import reachable
from tuiflow.serving.traffic import ServerStats, stats_from_json
from tuiflow.store.processes import start_time, this_process
from tuiflow.text import clean

LOG_FOLDER = "servers"
"""In the store's folder."""

HEALTH_SECONDS = 1.0
STARTING_MS = 15_000
"""A server that doesn't answer at all within this time of its start is still coming up."""

POLL_SECONDS = 0.02
_LINE_BYTES = 400
_STATS = "/tuiflow/stats"
_ERROR_MARK = "error: "
_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")
"""What the lines of `serving.journal` begin with."""


class HealthState(StrEnum):
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    STOPPING = "stopping"
    """It lives and takes no more requests: it is finishing those it has."""

    STOPPED = "stopped"
    ELSEWHERE = "elsewhere"
    """On another machine, which can't be asked from here."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a server is: `detail` is a sentence where there is something to say."""

    state: HealthState
    latency_ms: float | None = None
    detail: str = ""


def is_alive(server: ServerInfo) -> bool:
    """True while the server's own process, not a later one with its pid, exists on this machine."""
    process = server.process
    if process.boot_id != this_process().boot_id:
        return False
    return start_time(process.pid) == process.started


def is_here(process: Process) -> bool:
    """Whether this process can tell if that one lives: same machine, same pid namespace, or the
    machine has been restarted since."""
    here = this_process()
    if process.host != here.host:
        return False
    boot, _, namespace = process.boot_id.partition("/")
    here_boot, _, here_namespace = here.boot_id.partition("/")
    return namespace == here_namespace or boot != here_boot


def health(server: ServerInfo, timeout: float = HEALTH_SECONDS) -> Health:
    """Ask a server how it is; blocks up to `timeout` seconds."""
    if server.stopped_at is not None:
        return Health(HealthState.STOPPED)
    if not is_here(server.process):
        return Health(HealthState.ELSEWHERE, detail=f"It runs on {server.process.host}.")
    if not is_alive(server):
        return Health(HealthState.STOPPED, detail=failure(server))
    begun = time.monotonic()
    try:
        status, _ = _get(server, "/health", timeout)
    except ConnectionRefusedError:  # its port was taken before it lived: it has let go of it
        return Health(HealthState.STOPPING)
    except OSError as error:
        if time.time() * 1000 - server.started_at < STARTING_MS:
            return Health(HealthState.STARTING)
        return Health(HealthState.UNHEALTHY, detail=f"It does not answer: {error}.")
    latency = (time.monotonic() - begun) * 1000
    if status == 200:
        return Health(HealthState.HEALTHY, latency)
    if status == 503:
        return Health(HealthState.STARTING, latency)
    return Health(HealthState.UNHEALTHY, latency, f"It answers {status} to /health.")


def stats(server: ServerInfo, timeout: float = HEALTH_SECONDS) -> ServerStats | None:
    """What a server has answered so far; None while it doesn't say. Blocks up to `timeout`."""
    import json

    if server.stopped_at is not None or not is_alive(server):
        return None
    try:
        status, body = _get(server, _STATS, timeout)
        return stats_from_json(json.loads(body)) if status == 200 else None
    except (OSError, ValueError):
        return None


def _get(server: ServerInfo, path: str, timeout: float) -> tuple[int, bytes]:
    """One GET; every failure is an OSError."""
    import http.client

    try:
        host = reachable(server.host)
        with closing(http.client.HTTPConnection(host, server.port, timeout=timeout)) as connection:
            connection.request("GET", path, headers={"Connection": "close"})
            answer = connection.getresponse()
            return answer.status, answer.read(1_000_000)
    except http.client.HTTPException as error:
        raise OSError(f"not an HTTP answer ({type(error).__name__})") from error


def wait_ready(
    server: ServerInfo,
    timeout: float = 60.0,
    on_wait: Callable[[], None] | None = None,
) -> ServerInfo:
    """Wait until the server answers; `on_wait` is called between looks.

    Raises ServingError when its process has ended (with the reason from its log) or `timeout`
    seconds are over.
    """
    deadline = time.monotonic() + timeout
    while True:
        state = health(server)
        if state.state is HealthState.HEALTHY:
            return server
        if state.state is HealthState.STOPPED:
            reason = state.detail or "it was stopped"
            raise ServingError(f"The server did not start: {reason.rstrip('.')}.")
        if time.monotonic() > deadline:
            raise ServingError(
                f"The server is not ready after {timeout:g} s; it goes on trying, and its log"
                " says how far it is."
            )
        if on_wait is not None:
            on_wait()
        time.sleep(POLL_SECONDS)


def tail_log(server: ServerInfo, lines: int = 200) -> list[str]:
    """The last lines of a server's log, made harmless for a terminal; empty where there is none."""
    return LogFollower(server, lines).new_lines()


class LogFollower:
    """Reads a server's log as it grows, beginning with its last `lines` (None: with the first)."""

    def __init__(self, server: ServerInfo, lines: int | None = None) -> None:
        self._path = Path(server.log_path)
        self._lines = lines
        self._position: int | None = 0 if lines is None else None
        self._rest = b""

    def new_lines(self) -> list[str]:
        """The whole lines that have come since the last call, made harmless for a terminal."""
        # The path comes from the store's file, which may come from anywhere.
        if self._path.parent.name != LOG_FOLDER or ".." in self._path.parts:
            return []
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            return []
        with os.fdopen(handle, "rb") as log:
            size = log.seek(0, os.SEEK_END)
            wanted: int | None = None
            if self._position is None:
                wanted = self._lines
                self._position = max(size - _LINE_BYTES * max(self._lines or 0, 1), 0)
                # One byte more tells whether a line begins there.
                self._position = max(self._position - 1, 0)
                log.seek(self._position)
                if self._position:
                    log.readline()
            elif size < self._position:  # cut to its end, which has been read
                self._rest = b""
                log.seek(size)
            else:
                log.seek(self._position)
            data = self._rest + log.read()
            self._position = log.tell()
        *whole, self._rest = data.split(b"\n")
        found = [clean(line.decode("utf-8", "replace").expandtabs(4)) for line in whole if line]
        return found if wanted is None else found[-wanted:] if wanted else []


def _last_error(server: ServerInfo) -> str:
    """Why a server ended, in the words of its log; empty where it doesn't say."""
    last = tail_log(server, 50)
    for line in reversed(last):
        before, mark, reason = line.partition(_ERROR_MARK)
        if mark and len(before) <= len("2000-01-01 00:00:00 "):
            return reason
    # What the server has written itself is about its work, not about its end.
    return last[-1] if last and not _STAMP.match(last[-1]) else ""


def failure(server: ServerInfo) -> str:
    """Why a server that has ended did not end in order; empty where it did."""
    last = tail_log(server, 50)
    if last and last[-1].endswith(" stopped"):
        return ""
    return _last_error(server) or "its process ended without a word"
