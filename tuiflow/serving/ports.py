"""Claiming a port: a server's listening socket is made here and handed to its process."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket

from tuiflow.errors import InvalidInput, ServingError

BACKLOG = 128
_TRIES = 200


class PortTaken(ServingError):
    """The port is in use; `next_port` is the first free one after it."""

    def __init__(self, port: int, next_port: int, holder: str = "") -> None:
        by = f" by {holder}" if holder else ""
        super().__init__(f"Port {port} is taken{by}; the next free one is {next_port}.")
        self.port = port
        self.next_port = next_port


def claim(host: str, port: int) -> socket.socket:
    """A socket that listens on `host`:`port`; 0 takes any free port.

    It listens at once: a port that is merely bound could be bound, and believed to be theirs, by
    two. Raises PortTaken, ServingError where the address is not this machine's, InvalidInput for a
    port out of range.
    """
    if not host:
        raise InvalidInput("A server needs an address to listen on; 0.0.0.0 means all of them.")
    if not 0 <= port <= 65535:
        raise InvalidInput(f"Port {port} is out of range; give one from 1 to 65535.")
    try:
        return _listen(host, port)
    except socket.gaierror:
        raise ServingError(
            f"Host {host!r} is not known; give an address of this machine."
        ) from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(port, free_port(port + 1, host)) from None
        if error.errno == errno.EACCES:
            raise ServingError(
                f"Port {port} may not be used by an ordinary user; take one from 1024 on."
            ) from None
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ServingError(f"Can't listen on {host}, port {port}: {reason}.") from None


def free_port(port: int, host: str = "127.0.0.1") -> int:
    """The first free port from `port` on. Raises ServingError when there is none nearby."""
    for candidate in range(port, min(port + _TRIES, 65536)):
        try:
            _listen(host, candidate).close()
        except OSError:
            continue
        return candidate
    raise ServingError(f"No free port from {port} on; give another one.")


def reachable(host: str) -> str:
    """The address at which a client on this machine reaches a server bound to `host`."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "::1"
    return host


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        # Connections of an earlier server that linger in TIME_WAIT don't keep the port; one that
        # listens does.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock
