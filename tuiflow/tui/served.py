"""What the Servers screen asks about the servers of a store. No framework."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuiflow.entities import ServerInfo
from tuiflow.errors import TuiflowError
from tuiflow.serving import hints, process
from tuiflow.serving.traffic import ServerStats
from tuiflow.serving.watch import Health, HealthState, failure

if TYPE_CHECKING:
    from tuiflow.store import Store

LOG_LINES = 500


@dataclass(frozen=True, slots=True)
class Served:
    """A server as it is now. `owned`: it ends with this app. `failure` says why it ended, where it
    did not end in order."""

    info: ServerInfo
    health: Health
    owned: bool = False
    stats: ServerStats | None = None
    failure: str = ""

    @property
    def running(self) -> bool:
        return self.health.state is not HealthState.STOPPED


@dataclass(frozen=True, slots=True)
class Lines:
    """What is copied to reach a server, and a request that it understands."""

    curl: str
    tunnel: str
    request: str


def look(store: Store, since_ms: int) -> list[Served]:
    """The servers that run, and those that ended after `since_ms`, newest first.

    Asks each of them over HTTP: for a worker.
    """
    found = []
    for info in process.list_servers(store, include_stopped=True):
        if info.stopped_at is None:
            health = process.health(info)
            stats = process.stats(info) if health.state is HealthState.HEALTHY else None
            found.append(Served(info, health, process.is_owned(info), stats))
        elif info.stopped_at >= since_ms:
            found.append(Served(info, Health(HealthState.STOPPED), failure=failure(info)))
    return found


def lines_of(store: Store, server: ServerInfo) -> Lines:
    """The curl line, the tunnel and the example request of a server. Reads its MLmodel file."""
    from tuiflow.models import read_mlmodel

    try:
        mlmodel = read_mlmodel(store.artifact_path(server.run_id, server.model_path))
    except TuiflowError:
        mlmodel = None
    return Lines(
        hints.curl_example(server, mlmodel),
        hints.ssh_tunnel(server),
        hints.request_example(mlmodel),
    )
