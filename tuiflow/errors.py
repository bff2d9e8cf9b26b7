"""The tree of exceptions: every mistake a user can make ends in one of these.

`error_code` carries MLflow's name for the case, as its REST protocol and `MlflowException` do.
"""

from __future__ import annotations


class TuiflowError(Exception):
    """Base of all errors raised by tuiflow; its text is one sentence for a person."""

    error_code = "INTERNAL_ERROR"

    def __init__(self, message: str, error_code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if error_code is not None:
            self.error_code = error_code


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
