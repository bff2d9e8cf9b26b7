"""MLflow's rules for names and values (mlflow/utils/validation.py)."""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Sequence
from typing import SupportsInt

from tuiflow.config import (
    MAX_EXPERIMENT_NAME_LENGTH,
    MAX_EXPERIMENT_TAG_LENGTH,
    MAX_KEY_LENGTH,
    MAX_PARAM_LENGTH,
    MAX_TAG_LENGTH,
)
from tuiflow.entities import Metric, Param, RunStatus, RunTag
from tuiflow.errors import InvalidInput

_KEY = re.compile(r"[/\w.\- :]+\Z")
_INTEGER_MIN, _INTEGER_MAX = -(2**63), 2**63 - 1
_NUMBER = re.compile(
    r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z|[+-]?inf(inity)?\Z", re.IGNORECASE | re.ASCII
)


def check_key(what: str, key: object) -> None:
    """Raise InvalidInput unless `key` may name a metric, param or tag (`what`)."""
    if not isinstance(key, str) or not key:
        raise InvalidInput(f"A {what} needs a name, a text that is not empty; got {key!r}.")
    if problem := _key_problem(key):
        shown = key if len(key) <= 60 else f"{key[:60]}…"
        raise InvalidInput(f"Invalid {what} name {shown!r}: {problem}.")


@functools.lru_cache(maxsize=1024)
def _key_problem(key: str) -> str | None:
    if not _KEY.match(key):
        return (
            "names may only contain letters, digits, underscores (_), dashes (-), periods (.),"
            " spaces ( ), colons (:) and slashes (/)"
        )
    if posixpath.normpath(key) != key or key == "." or key.startswith(("..", "/")):
        return (
            "names are used as file paths, so they must be in plain form, such as a/b, without"
            " '..', '//' or a '/' at either end"
        )
    if len(key) > MAX_KEY_LENGTH:
        return f"it has {len(key)} characters, and the limit is {MAX_KEY_LENGTH}"
    return None


def check_metric(metric: Metric) -> None:
    """Raise InvalidInput for a bad name, a value that is no number, a step beyond 64 bits or a
    time before 1970."""
    key, value, timestamp, step = metric.key, metric.value, metric.timestamp, metric.step
    check_key("metric", key)
    if type(value) is not float:
        raise InvalidInput(f"Metric {key!r}: the value must be a number, got {value!r}.")
    if type(step) is not int or not _INTEGER_MIN <= step <= _INTEGER_MAX:
        raise InvalidInput(
            f"Metric {key!r}: the step must be a whole number of 64 bits, got {step!r}."
        )
    if type(timestamp) is not int or not 0 <= timestamp <= _INTEGER_MAX:
        raise InvalidInput(
            f"Metric {key!r}: the timestamp must be epoch milliseconds, 0 or more, got"
            f" {timestamp!r}."
        )


def check_param(param: Param) -> None:
    check_key("param", param.key)
    if len(param.value) > MAX_PARAM_LENGTH:
        raise InvalidInput(
            f"Param {param.key!r} has a value of {len(param.value)} characters;"
            f" the limit is {MAX_PARAM_LENGTH}."
        )
    _check_encodable("param", param.key, param.value)


def check_tag(tag: RunTag) -> None:
    check_key("tag", tag.key)
    if len(tag.value) > MAX_TAG_LENGTH:
        raise InvalidInput(
            f"Tag {tag.key!r} has a value of {len(tag.value)} characters;"
            f" the limit is {MAX_TAG_LENGTH}."
        )
    _check_encodable("tag", tag.key, tag.value)


def check_batch(metrics: Sequence[Metric], params: Sequence[Param], tags: Sequence[RunTag]) -> None:
    """Raise InvalidInput for the first item that breaks a rule, or for a param given twice."""
    for metric in metrics:
        check_metric(metric)
    seen: dict[str, str] = {}
    for param in params:
        check_param(param)
        if seen.setdefault(param.key, param.value) != param.value:
            raise InvalidInput(
                f"Param {param.key!r} was given two values in one call:"
                f" {seen[param.key]!r} and {param.value!r}."
            )
    for tag in tags:
        check_tag(tag)


def check_experiment_tag(key: str, value: str) -> None:
    check_key("tag", key)
    if len(value) > MAX_EXPERIMENT_TAG_LENGTH:
        raise InvalidInput(
            f"Tag {key!r} has a value of {len(value)} characters;"
            f" the limit is {MAX_EXPERIMENT_TAG_LENGTH}."
        )
    _check_encodable("tag", key, value)


def read_time(what: str, value: SupportsInt | None) -> int | None:
    """A time as it is stored, in whole epoch ms; scripts pass floats and NumPy's numbers, too."""
    if value is None:
        return None
    try:
        time = int(value)
    except (TypeError, ValueError, OverflowError):
        time = _INTEGER_MAX + 1
    if not _INTEGER_MIN <= time <= _INTEGER_MAX:
        raise InvalidInput(f"{what} is a time in milliseconds since 1970; got {value!r}.")
    return time


def check_final_status(status: str) -> None:
    if not RunStatus.is_terminated(status):
        raise InvalidInput(f"A run can't end as {status!r}; use FINISHED, FAILED or KILLED.")


def check_experiment_name(name: object) -> None:
    if not isinstance(name, str) or not name.strip() or "\0" in name:
        raise InvalidInput(
            "An experiment needs a name, a text that is not blank and has no null character;"
            f" got {name!r}."
        )
    if len(name) > MAX_EXPERIMENT_NAME_LENGTH:
        raise InvalidInput(
            f"The experiment name starting with {name[:40]!r} has {len(name)} characters;"
            f" the limit is {MAX_EXPERIMENT_NAME_LENGTH}."
        )
    _check_encodable("experiment", name[:40], name)


def _check_encodable(what: str, key: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"The value of {what} {key!r} holds a lone surrogate at character {error.start};"
            " it is not valid text."
        ) from None


def read_number(text: str) -> float | None:
    """The number that a param or tag reads as, or None (NaN is not a number here)."""
    if len(text) > 64 or not _NUMBER.match(text):
        return None
    return float(text)


def same_value(one: str, other: str) -> bool:
    """True for equal texts and for two spellings of one number, such as 1 and 1.0."""
    if one == other:
        return True
    if read_number(one) is None or read_number(other) is None:
        return False
    from decimal import Decimal, InvalidOperation  # floats would take long ids for equal

    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:  # an exponent beyond all bounds
        return False
