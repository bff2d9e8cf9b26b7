"""Names that the caller's code gives to its data."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

UNKNOWN = "unknown_dataset"
MAX_TEXT = 32


def variable_name(value: Any, otherwise: str = UNKNOWN) -> str:
    """What the outermost frame that was given `value` as no argument calls it.

    That is the caller's variable, also where `value` passed through functions (MLflow's rule).
    """
    if value is None:
        return otherwise
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and (_is_own(frame) or _was_given(frame, value)):
        frame = frame.f_back
    if frame is not None:
        for name, found in frame.f_locals.items():
            if found is value:
                return name
    return otherwise


def _is_own(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("tuiflow.")


def _was_given(frame: FrameType, value: Any) -> bool:
    code, known = frame.f_code, frame.f_locals
    named = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames
    if any(known.get(name) is value for name in names[:named]):
        return True
    rest: list[Any] = []
    if code.co_flags & inspect.CO_VARARGS:
        rest += known.get(names[named], ())
        named += 1
    if code.co_flags & inspect.CO_VARKEYWORDS:
        rest += known.get(names[named], {}).values()
    return any(item is value for item in rest)


def call_text(
    name: str, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> str:
    """A call as it may have been written: `f1_score(y_true=y_test, y_pred=pred)`.

    `args` are those of `function`'s parameters in order, from its first.
    """
    parameters = list(inspect.signature(function).parameters)
    given = dict(zip(parameters, args, strict=False)) | dict(kwargs)
    return f"{name}({', '.join(f'{key}={_text(value)}' for key, value in given.items())})"


def _text(value: Any) -> str:
    from numpy import isscalar

    if value is None or isscalar(value):
        if isinstance(value, str) and len(value) > MAX_TEXT:
            value = f"{value[:MAX_TEXT]}..."
        return repr(value)
    return variable_name(value, f"<{type(value).__name__}>")
