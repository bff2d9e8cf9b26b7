"""The tree of exceptions: every mistake a user can make ends in one of these.

`error_code` carries MLflow's name for the case, as its REST protocol and `MlflowException` do.
"""

from __future__ import annotations

from typing import Any, Self

ERROR_CODES = {
    "INTERNAL_ERROR": (1, 500),
    "TEMPORARILY_UNAVAILABLE": (2, 503),
    "IO_ERROR": (3, 500),
    "BAD_REQUEST": (4, 400),
    "DEADLINE_EXCEEDED": (7, 504),
    "CANCELLED": (8, 499),
    "RESOURCE_EXHAUSTED": (9, 429),
    "ABORTED": (10, 409),
    "NOT_FOUND": (11, 404),
    "ALREADY_EXISTS": (12, 409),
    "UNAUTHENTICATED": (13, 401),
    "INVALID_PARAMETER_VALUE": (1000, 400),
    "ENDPOINT_NOT_FOUND": (1001, 404),
    "MALFORMED_REQUEST": (1002, 500),
    "INVALID_STATE": (1003, 500),
    "PERMISSION_DENIED": (1004, 403),
    "FEATURE_DISABLED": (1005, 500),
    "CUSTOMER_UNAUTHORIZED": (1006, 401),
    "REQUEST_LIMIT_EXCEEDED": (1007, 429),
    "RESOURCE_CONFLICT": (1008, 409),
    "NOT_IMPLEMENTED": (1010, 501),
    "DATA_LOSS": (1011, 500),
    "INVALID_STATE_TRANSITION": (2001, 500),
    "RESOURCE_ALREADY_EXISTS": (3001, 400),
    "RESOURCE_DOES_NOT_EXIST": (3002, 404),
    "QUOTA_EXCEEDED": (4001, 500),
    "RESOURCE_LIMIT_EXCEEDED": (5002, 500),
}
"""MLflow's error codes: name → (number, HTTP status) (mlflow/protos/databricks.proto,
mlflow/exceptions.py)."""

_NAMES = {number: name for name, (number, _) in ERROR_CODES.items()}


class TuiflowError(Exception):
    """Base of all errors raised by tuiflow; its text is one sentence for a person.

    Scripts know it as `MlflowException`. `error_code` is one of `ERROR_CODES`, taken by name or by
    number; an unknown one is INTERNAL_ERROR. `sqlstate`, `error_class` and what else is given by
    name is written by `serialize_as_json`.
    """

    error_code = "INTERNAL_ERROR"

    def __init__(
        self,
        message: object,
        error_code: str | int | None = None,
        sqlstate: str | None = None,
        error_class: str | None = None,
        **fields: Any,
    ) -> None:
        self.message = str(message)
        super().__init__(self.message)
        if error_code is not None:
            name = _NAMES.get(error_code) if isinstance(error_code, int) else error_code
            self.error_code = name if name in ERROR_CODES else TuiflowError.error_code
        kinds = {"sqlstate": sqlstate, "error_class": error_class}
        self.json_kwargs = {
            name: value for name, value in {**kinds, **fields}.items() if value is not None
        }

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle, which would call the constructor with the message alone."""
        return _restore, (type(self), self.args, self.__dict__)

    def serialize_as_json(self) -> str:
        """`{"error_code": …, "message": …}`, as MLflow's REST protocol has it."""
        import json

        return json.dumps(
            {"error_code": self.error_code, "message": self.message, **self.json_kwargs}
        )

    def get_http_status_code(self) -> int:
        return ERROR_CODES[self.error_code][1]

    @classmethod
    def invalid_parameter_value(cls, message: object, **fields: Any) -> Self:
        """An error of this class with the code INVALID_PARAMETER_VALUE."""
        return cls(message, error_code="INVALID_PARAMETER_VALUE", **fields)


def _restore(
    kind: type[TuiflowError], args: tuple[object, ...], state: dict[str, Any]
) -> TuiflowError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidInput(TuiflowError):
    """A value that was passed in is not acceptable."""

    error_code = "INVALID_PARAMETER_VALUE"


class NotFound(TuiflowError):
    """The named run, experiment, artifact or server does not exist."""

    error_code = "RESOURCE_DOES_NOT_EXIST"


class Ambiguous(InvalidInput):
    """A name or prefix fits more than one object; `candidates` lists them, newest first."""

    def __init__(self, message: str, candidates: tuple[str, ...]) -> None:
        super().__init__(message)
        self.candidates = candidates


class AlreadyExists(TuiflowError):
    """An object of that name is there already."""

    error_code = "RESOURCE_ALREADY_EXISTS"


class InvalidState(TuiflowError):
    """The object exists, but not in a state that allows this (a deleted run, an ended run)."""

    error_code = "INVALID_PARAMETER_VALUE"  # MLflow's for a deleted run or experiment


class StoreError(TuiflowError):
    """The store can't be opened or used: not a tuiflow store, newer version, locked, unreadable."""


class ModelError(TuiflowError):
    """A model can't be saved, loaded or applied."""

    error_code = "BAD_REQUEST"


class ServingError(TuiflowError):
    """A server can't be started, reached or stopped."""


class FilterError(InvalidInput):
    """A mistake in a filter or sort text.

    `start` and `end` are offsets into `text`; `reason` says what was expected there.
    """

    def __init__(self, reason: str, text: str, start: int, end: int) -> None:
        self.reason = reason
        self.text = text
        self.start = start
        self.end = max(end, start + 1)
        # Line breaks and control characters would move the caret away from its place.
        shown = "".join(char if char.isprintable() else " " for char in text)
        super().__init__(f"{reason}\n  {shown}\n  {self.caret()}")

    def caret(self) -> str:
        """A line of `^` to print under `text`."""
        return " " * self.start + "^" * (self.end - self.start)
