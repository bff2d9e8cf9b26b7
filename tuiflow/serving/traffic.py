"""What a server has answered: counts and the latest latencies, for the log and the screens."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass

RING = 1024
SHOWN = 60
RATE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ServerStats:
    """Scoring requests since the server started, health checks left out.

    `errors` counts answers of 400 and above; `rate` is requests per second over the last
    `RATE_SECONDS`; `p50_ms` and `p99_ms` are of the last `RING` requests, None before the first;
    `recent_ms` holds the last `SHOWN` latencies, oldest first; `in_flight` is being answered now.
    """

    requests: int
    errors: int
    in_flight: int
    rate: float
    p50_ms: float | None
    p99_ms: float | None
    recent_ms: tuple[float, ...]
    uptime_s: float


class Traffic:
    """Counts requests; safe from any thread. `clock` gives seconds, monotonically."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self._requests = 0
        self._errors = 0
        self._in_flight = 0
        self._ring: deque[tuple[float, float]] = deque(maxlen=RING)

    def begin(self, *, scoring: bool = True) -> float:
        """Note that a request came in; the result is for `end`. Only scoring ones are counted."""
        with self._lock:
            self._in_flight += scoring
        return self._clock()

    def end(self, begun: float, status: int, *, scoring: bool = True) -> float:
        """Note the answer to a request that began at `begun`; returns its milliseconds."""
        now = self._clock()
        milliseconds = (now - begun) * 1000
        if not scoring:
            return milliseconds
        with self._lock:
            self._in_flight -= 1
            self._requests += 1
            self._errors += status >= 400
            self._ring.append((now, milliseconds))
        return milliseconds

    @property
    def in_flight(self) -> int:
        return self._in_flight

    def stats(self) -> ServerStats:
        with self._lock:
            ring = list(self._ring)
            requests, errors, in_flight = self._requests, self._errors, self._in_flight
        now = self._clock()
        latencies = [milliseconds for _, milliseconds in ring]
        ordered = sorted(latencies)
        recent = sum(1 for ended, _ in ring if now - ended <= RATE_SECONDS)
        window = RATE_SECONDS
        if recent == RING:  # the ring is shorter than the window: it tells of a shorter one
            window = max(now - ring[0][0], 1e-3)
        return ServerStats(
            requests=requests,
            errors=errors,
            in_flight=in_flight,
            rate=recent / min(window, max(now - self._started, 1e-3)),
            p50_ms=_quantile(ordered, 0.50),
            p99_ms=_quantile(ordered, 0.99),
            recent_ms=tuple(round(value, 3) for value in latencies[-SHOWN:]),
            uptime_s=now - self._started,
        )

    def as_json(self) -> dict[str, object]:
        """`stats` as JSON values; `stats_from_json` reads them back."""
        return asdict(self.stats())


def stats_from_json(data: object) -> ServerStats | None:
    """Read what `Traffic.as_json` wrote; None for anything else."""
    if not isinstance(data, dict):
        return None
    try:
        return ServerStats(**{**data, "recent_ms": tuple(data["recent_ms"])})
    except (KeyError, TypeError):
        return None


def _quantile(ordered: list[float], share: float) -> float | None:
    """The nearest-rank quantile of an ascending list; None of an empty one."""
    if not ordered:
        return None
    return round(ordered[math.ceil(share * len(ordered)) - 1], 3)
