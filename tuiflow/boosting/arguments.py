"""How what a library's `train` is given, and what it tells, is named in a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def to_log(given: Mapping[str, Any], left_out: Iterable[str]) -> dict[str, Any]:
    """The params to log: the library's own, and what `train` was told beside them."""
    rest = {key: value for key, value in given.items() if key not in {*left_out, "params"}}
    return {**rest, **dict(given["params"] or {})}


def metric_key(data: str, metric: str) -> str:
    """`validation_0-logloss`; `train-ndcg_at_3` for `ndcg@3`, which MLflow takes no `@` in."""
    return f"{data}-{metric}".replace("@", "_at_")
