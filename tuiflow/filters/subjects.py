"""What can be searched, and by which keys."""

from __future__ import annotations

from dataclasses import dataclass

from tuiflow.filters.tree import (
    ATTRIBUTES,
    EXPERIMENT_ATTRIBUTES,
    MODEL_ATTRIBUTES,
    VERSION_ATTRIBUTES,
    Kind,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Things of one sort: their kinds of keys and their attributes; the rest is for messages."""

    noun: str
    kinds: tuple[Kind, ...]
    attributes: tuple[str, ...]
    key: str
    condition: str


RUNS = Subject("a run", tuple(Kind), ATTRIBUTES, "metrics.rmse", "metrics.rmse < 0.8")
EXPERIMENTS = Subject(
    "an experiment", (Kind.TAG, Kind.ATTRIBUTE), EXPERIMENT_ATTRIBUTES, "name", "name = 'wine'"
)
REGISTERED_MODELS = Subject(
    "a registered model", (Kind.TAG, Kind.ATTRIBUTE), MODEL_ATTRIBUTES, "name", "name = 'wine'"
)
MODEL_VERSIONS = Subject(
    "a model version", (Kind.TAG, Kind.ATTRIBUTE), VERSION_ATTRIBUTES, "name", "name = 'wine'"
)
