"""`tuiflow.exceptions`: the names under which scripts written for MLflow catch errors."""

from __future__ import annotations

from tuiflow.errors import ERROR_CODES, TuiflowError

__all__ = [
    "ExecutionException",
    "InvalidUrlException",
    "MissingConfigException",
    "MlflowException",
    "MlflowNotImplementedException",
    "RestException",
]

MlflowException = TuiflowError

RestException = TuiflowError
"""What scripts catch that were written for a tracking server: the same errors."""


class ExecutionException(MlflowException):
    """A project could not be run."""


class MissingConfigException(MlflowException):
    """A file or folder of settings is missing."""


class InvalidUrlException(MlflowException):
    """A request could not be sent to its address."""


class MlflowNotImplementedException(MlflowException):
    """Something that is not there."""

    error_code = "NOT_IMPLEMENTED"

    def __init__(self, message: object = "") -> None:
        super().__init__(message)


def __getattr__(name: str) -> int:
    """The numbers of error codes, which scripts import from here, too."""
    if name in ERROR_CODES:
        return ERROR_CODES[name][0]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
