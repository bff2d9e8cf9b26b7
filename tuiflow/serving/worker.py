"""The server's own process: `python -m tuiflow.serving.worker`, started by `serving.process`.

It is handed a listening socket, so its port is claimed before it lives, and a lifeline: the
reading end of a pipe whose writing end is its owner's. End of file on it means that the owner is
gone, however it went, and the server ends too; the byte `DETACH` means that it shall stay.

While the model loads, every request is answered 503. SIGTERM and SIGINT drain: no new
connection is taken, requests under way are finished within `DRAIN_SECONDS`, and the exit code is
0. A model that can't be loaded is one line that starts with `ERROR_MARK`, and exit code 1.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from cheroot import wsgi
from cheroot.server import HTTPConnection, HTTPRequest

from tuiflow.errors import TuiflowError
from tuiflow.serving.journal import Journal
from tuiflow.serving.ports import BACKLOG
from tuiflow.serving.traffic import Traffic
from tuiflow.store.locate import with_tilde

if TYPE_CHECKING:
    from tuiflow.models.pyfunc import PyFuncModel

DETACH = b"d"
ERROR_MARK = "error: "
DRAIN_SECONDS = 10.0
ORPHAN_SECONDS = 0.5
"""How long requests may still take when the owner is gone: a server ends within a second of it."""

THREADS = 8
QUEUE = 512
"""Connections that may wait for a thread; further ones are answered 503."""

IDLE_SECONDS = 60
"""How long a connection may stay silent, before its first request or after one."""

HEAD_SECONDS = 10
"""How long a connection that has begun a request may be silent before its headers are complete."""

_LOADING = (
    b'{"error_code":"TEMPORARILY_UNAVAILABLE",'
    b'"message":"The model is still being loaded; try again in a moment."}'
)

_LIFELINE = "lifeline"

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Loaded:
    def __init__(self, app: WsgiApp, seconds: float) -> None:
        self.app = app
        self.seconds = seconds


class _Broken:
    def __init__(self, reason: str) -> None:
        self.reason = reason


class _Leave:
    def __init__(self, why: str, grace: float) -> None:
        self.why = why
        self.grace = grace


class _Request(HTTPRequest):
    def parse_request(self) -> None:
        self.conn.socket.settimeout(HEAD_SECONDS)
        super().parse_request()
        self.conn.socket.settimeout(IDLE_SECONDS)


class _Connection(HTTPConnection):
    RequestHandlerClass = _Request


class _Server(wsgi.Server):
    """Cheroot on a socket that listens already."""

    ConnectionClass = _Connection
    _connections: Any

    # The selector looks for a stop request that often: it bounds how fast the port is closed.
    expiration_interval = 0.1
    keep_alive_conn_limit = 256

    def __init__(self, listening: socket.socket, app: WsgiApp, journal: Journal) -> None:
        self._listening = listening
        self._journal = journal
        address = listening.getsockname()[:2]
        super().__init__(
            address,
            app,
            numthreads=THREADS,
            max=THREADS,
            server_name="tuiflow",
            request_queue_size=BACKLOG,
            timeout=IDLE_SECONDS,
            accepted_queue_size=QUEUE,
            accepted_queue_timeout=1,
        )

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:
        self._listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = self._listening
        return self._listening

    def process_conn(self, conn: HTTPConnection) -> None:
        # Cheroot would have a thread wait for a connection's first byte; silent ones wait in the
        # selector, as kept-alive ones do. What is above their limit goes into the bounded queue.
        if conn.last_used is None and self._connections.can_add_keepalive_connection:
            self._connections.put(conn)
        else:
            super().process_conn(conn)

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        self._journal.line(str(msg))
        if traceback:
            self._journal.trace()


def loading(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """The WSGI application of a server whose model is not there yet."""
    start_response(
        "503 Service Unavailable",
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(_LOADING))),
            ("Retry-After", "1"),
        ],
    )
    return [_LOADING]


def serve(folder: Path, listening: socket.socket, lifeline: int | None, journal: Journal) -> int:
    """Serve the model in `folder` until told to end; returns the exit code."""
    events: SimpleQueue[_Loaded | _Broken | _Leave] = SimpleQueue()

    def on_signal(number: int, frame: object) -> None:
        events.put(_Leave(f"got {signal.Signals(number).name}", DRAIN_SECONDS))

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    traffic = Traffic()
    server = _Server(listening, loading, journal)
    host, port = server.bind_addr
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    journal.line(f"loading model {with_tilde(folder)}")
    _thread("load", _load, folder, events, traffic, journal)
    if lifeline is not None:
        _thread(_LIFELINE, _watch, lifeline, events, journal)
    server.prepare()
    _thread("accept", _accept, server, events, journal)
    while True:
        event = events.get()
        if isinstance(event, _Loaded):
            server.wsgi_app = event.app
            journal.line(f"loaded model in {event.seconds:.1f} s")
            journal.line(f"listening on {shown}")
        elif isinstance(event, _Broken):
            _stop(server, ORPHAN_SECONDS)
            journal.line(ERROR_MARK + event.reason)
            return 1
        else:
            return _drain(server, event, traffic, journal)


def _thread(name: str, target: Callable[..., object], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=target, args=arguments, name=name, daemon=True)
    thread.start()
    return thread


def _accept(
    server: _Server, events: SimpleQueue[_Loaded | _Broken | _Leave], journal: Journal
) -> None:
    try:
        server.serve()
    except BaseException:  # what a thread that answers could not hold, which stops the server
        journal.trace()
    finally:
        # After a stop that was asked for, nobody reads it.
        events.put(_Broken("the server broke while it was answering"))


def _load(
    folder: Path,
    events: SimpleQueue[_Loaded | _Broken | _Leave],
    traffic: Traffic,
    journal: Journal,
) -> None:
    begun = time.monotonic()
    try:
        from tuiflow.models import pyfunc
        from tuiflow.serving.app import create_app, warm_up

        model = pyfunc.load(folder)
        app = create_app(model, traffic=traffic, journal=journal)
        if reason := warm_up(model, _example(model)):
            journal.line(f"the model can't predict its own input example: {reason}")
        events.put(_Loaded(app, time.monotonic() - begun))
    except TuiflowError as error:
        events.put(_Broken(error.message))
    except BaseException as error:  # whatever a model's own code raises while it is loaded
        journal.trace()
        reason = traceback.format_exception_only(error)[-1].strip()
        events.put(_Broken(f"the model can't be loaded: {reason}"))


def _example(model: PyFuncModel) -> Any:
    try:
        return model.mlmodel.serving_input()
    except TuiflowError:  # an unreadable example is no reason not to serve
        return None


def _watch(
    lifeline: int, events: SimpleQueue[_Loaded | _Broken | _Leave], journal: Journal
) -> None:
    try:
        word = os.read(lifeline, 1)
    except OSError:
        word = b""
    os.close(lifeline)
    if word == DETACH:
        journal.line("detached: it stays when tuiflow ends")
    else:
        events.put(_Leave("its owner has ended", ORPHAN_SECONDS))


def _drain(server: _Server, leave: _Leave, traffic: Traffic, journal: Journal) -> int:
    waiting = traffic.in_flight
    journal.line(f"stopping, {leave.why}" + (f"; finishing {_count(waiting)}" if waiting else ""))
    if not _stop(server, leave.grace):
        journal.line(f"gave up on {_count(traffic.in_flight)} after {leave.grace:g} s")
        return 1
    journal.line("stopped")
    return 0


def _stop(server: _Server, grace: float) -> bool:
    """Stop taking requests and wait for those under way; False where they take longer."""
    server.shutdown_timeout = grace
    stopping = _thread("stop", server.stop)
    # Cheroot's own bound only closes sockets and then waits for ever.
    stopping.join(grace + 2 * server.expiration_interval)
    return not stopping.is_alive()


def _count(requests: int) -> str:
    return f"{requests} request{'' if requests == 1 else 's'}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tuiflow.serving.worker")
    parser.add_argument("folder", type=Path, help="the model's folder")
    parser.add_argument("--socket", type=int, required=True, help="descriptor of the socket")
    parser.add_argument("--lifeline", type=int, help="descriptor of the lifeline's reading end")
    options = parser.parse_args(arguments)
    # Neither is for the processes that a model may start: they would keep the port.
    for descriptor in (options.socket, options.lifeline):
        if descriptor is not None:
            os.set_inheritable(descriptor, False)
    # Cheroot would take a socket of systemd's instead of ours.
    os.environ.pop("LISTEN_PID", None)
    return serve(
        options.folder,
        socket.socket(fileno=options.socket),
        options.lifeline,
        Journal(sys.stdout.fileno()),
    )


if __name__ == "__main__":
    code = main()
    busy = {thread.name for thread in threading.enumerate()} - {"MainThread", _LIFELINE}
    if busy:  # a model still loading, a request given up: they must not hold the exit
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
