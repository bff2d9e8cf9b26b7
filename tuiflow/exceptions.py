"""`tuiflow.exceptions`: the names under which scripts written for MLflow catch errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuiflow.errors import TuiflowError

__all__ = [
    "ExecutionException",
    "InvalidUrlException",
    "MissingConfigException",
    "MlflowException",
    "MlflowNotImplementedException",
    "RestException",
]

MlflowException = TuiflowError


class RestException(MlflowException):
    """An answer of a server that is an error. Nothing in tuiflow raises it; scripts name it."""

    def __init__(self, json: Mapping[str, Any]) -> None:
        self.json = json
        code = json.get("error_code") or "INTERNAL_ERROR"
        super().__init__(f"{code}: {json.get('message', json)}", error_code=code)


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
