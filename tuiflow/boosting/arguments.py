"""What a call of a library's `train` was given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any


def bound(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Parameter → its argument or default. Raises TypeError for a call that can't be."""
    found = inspect.signature(function).bind(*args, **kwargs)
    found.apply_defaults()
    return dict(found.arguments)


def to_log(given: Mapping[str, Any], left_out: Iterable[str]) -> dict[str, Any]:
    """The params to log: the library's own, and what `train` was told beside them."""
    rest = {key: value for key, value in given.items() if key not in {*left_out, "params"}}
    return {**rest, **dict(given["params"] or {})}


def metric_key(data: str, metric: str) -> str:
    """`validation_0-logloss`; `train-ndcg_at_3` for `ndcg@3`, which MLflow takes no `@` in."""
    return f"{data}-{metric}".replace("@", "_at_")
