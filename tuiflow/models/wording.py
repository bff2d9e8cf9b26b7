"""Words for what a value or column is, shared by the messages of enforcement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_MAX_NAMED = 10
KIND_NAMES = {
    "b": "boolean",
    "i": "integer",
    "u": "integer",
    "f": "double",
    "U": "string",
    "S": "binary",
    "M": "datetime",
    "m": "timedelta",
    "c": "complex",
    "O": "object",
}


def is_null(value: Any) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value is pd.NaT or value != value


def column_is(series: pd.Series[Any], wanted: type | None = None) -> str:
    """What a column of the wrong type holds, with the first offending value of a mixed one."""
    if series.dtype.kind not in "OU":
        return f"got {KIND_NAMES.get(series.dtype.kind, str(series.dtype))}"
    present = [(row, value) for row, value in enumerate(series) if not is_null(value)]
    kinds = {type(value) for _, value in present}
    for row, value in present:
        bad = not isinstance(value, wanted) if wanted else not isinstance(value, int | float)
        if bad and len(kinds) > 1:
            return f"row {row} holds {value_is(value)}"
        if bad:
            return f"got {value_is(value)}"
    return "got missing values"


def value_is(value: Any) -> str:
    if isinstance(value, str):
        return f"string {value[:40]!r}"
    if isinstance(value, bool):
        return "boolean"
    if value is None:
        return "a missing value"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "double"
    if isinstance(value, list | tuple):
        return "a list"
    return "an object" if isinstance(value, Mapping) else type(value).__name__


def listed(names: Iterable[object]) -> str:
    """`'a', 'b' and 3 more`."""
    texts = [repr(str(name)) for name in names]
    shown = ", ".join(texts[:_MAX_NAMED])
    more = len(texts) - _MAX_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def first_line(error: BaseException) -> str:
    """The kind of an error of a library's, and the first line of what it says."""
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
