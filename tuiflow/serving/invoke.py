"""Ask a server for a prediction, from a screen or anywhere else on its machine."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass

from tuiflow.entities import ServerInfo
from tuiflow.errors import ServingError
from tuiflow.serving.ports import reachable

INVOKE_SECONDS = 60.0
MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is cut to `MOST_BYTES`, `cut` says so; `milliseconds` is until all of it was there."""

    status: int
    milliseconds: float
    content_type: str
    body: bytes
    cut: bool


def invoke(
    server: ServerInfo,
    body: bytes,
    content_type: str = "application/json",
    timeout: float = INVOKE_SECONDS,
) -> Answer:
    """POST `body` to the server's `/invocations`; any HTTP status is an answer.

    Blocks up to `timeout` seconds. Raises ServingError where there is no answer.
    """
    import http.client

    begun = time.monotonic()
    try:
        # A host that is none is an error from here on, too.
        host = reachable(server.host)
        with closing(http.client.HTTPConnection(host, server.port, timeout=timeout)) as connection:
            headers = {"Content-Type": content_type, "Connection": "close"}
            connection.request("POST", "/invocations", body, headers)
            answer = connection.getresponse()
            data = answer.read(MOST_BYTES + 1)
            milliseconds = (time.monotonic() - begun) * 1000
            return Answer(
                answer.status,
                milliseconds,
                answer.getheader("Content-Type", ""),
                data[:MOST_BYTES],
                len(data) > MOST_BYTES,
            )
    except TimeoutError:
        raise ServingError(f"No answer within {timeout:g} s; the log may say why.") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ServingError(
            f"The server on port {server.port} does not answer: {reason}."
        ) from error
