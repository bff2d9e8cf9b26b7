"""What a client did wrong, as an answer: a 4xx status and MLflow's name for the case."""

from __future__ import annotations

from tuiflow.errors import TuiflowError


class RequestError(TuiflowError):
    """A request that can't be answered; `status` is the HTTP status that says so."""

    error_code = "BAD_REQUEST"

    def __init__(self, message: str, status: int = 400, error_code: str | None = None) -> None:
        super().__init__(message, error_code)
        self.status = status


def mismatch(message: str) -> RequestError:
    """Data that is well formed and doesn't fit the model's signature."""
    return RequestError(message, error_code="INVALID_PARAMETER_VALUE")
