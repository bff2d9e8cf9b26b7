"""The typed tree that a filter text becomes. `evaluate.py` says what it means, in memory; the store
turns it into SQL or looks through columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Where a key lives."""

    METRIC = "metrics"
    PARAM = "params"
    TAG = "tags"
    ATTRIBUTE = "attributes"
    DATASET = "dataset"


_PLAIN = re.compile(r"""[^\s'"`(),=<>!+*]+""")


@dataclass(frozen=True, slots=True)
class Key:
    """`metrics.rmse` is `Key(Kind.METRIC, "rmse")`; attributes use the names in `ATTRIBUTES`, or
    in those of experiments, registered models or their versions where these are searched."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        """The key as it is written in a filter, quoted where that is needed."""
        if self.kind is Kind.ATTRIBUTE:
            return self.name
        if self.kind is Kind.DATASET:
            return f"dataset.{self.name}"
        if _PLAIN.fullmatch(self.name):
            return f"{self.kind.value}.{self.name}"
        return f"{self.kind.value}.`{self.name.replace('`', '``')}`"


class Stat(StrEnum):
    """What of a metric's history is meant; `last` is the value at the highest step, as in MLflow.

    `min` and `max` pass over NaN, `first` is the value at the lowest step, `count` counts points.
    """

    LAST = "last"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Measure:
    """`min(metrics.rmse)`: one number of a metric's history."""

    key: Key
    stat: Stat

    @property
    def kind(self) -> Kind:
        return self.key.kind

    @property
    def name(self) -> str:
        """The metric's."""
        return self.key.name

    def __str__(self) -> str:
        return f"{self.stat.value}({self.key})"


TEXT_ATTRIBUTES = (
    "run_id",
    "run_name",
    "status",
    "user_id",
    "artifact_uri",
    "experiment",
    "parent",
)
NUMBER_ATTRIBUTES = ("start_time", "end_time", "duration")
"""Times in epoch ms; duration in ms, up to now while the run goes on. `parent` is a run's id."""
ATTRIBUTES = TEXT_ATTRIBUTES + NUMBER_ATTRIBUTES
DATASET_KEYS = ("name", "digest", "context")
"""Of each data set that a run read: a condition holds where it holds of any of them."""
EXPERIMENT_TEXTS = ("name", "experiment_id")
EXPERIMENT_ATTRIBUTES = (*EXPERIMENT_TEXTS, "creation_time", "last_update_time")
MODEL_ATTRIBUTES = ("name", "creation_timestamp", "last_updated_timestamp")
VERSION_TEXTS = ("name", "run_id", "source_path", "current_stage")
VERSION_COUNTS = ("version_number",)
VERSION_ATTRIBUTES = (
    *VERSION_TEXTS,
    *VERSION_COUNTS,
    "creation_timestamp",
    "last_updated_timestamp",
)


class Op(StrEnum):
    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    LIKE = "LIKE"
    ILIKE = "ILIKE"


@dataclass(frozen=True, slots=True)
class Compare:
    """`key op value`; false where the run has no such key.

    Of params and tags, a number is compared with those that read as numbers, a text with the text
    as it was logged. A metric that is NaN is unequal to every number and neither less nor greater;
    `= NaN` and `!= NaN` ask whether it is.
    """

    key: Key | Measure
    op: Op
    value: float | str


@dataclass(frozen=True, slots=True)
class In:
    """`key IN (…)`, or NOT IN with `negated` (false, too, where the run has no such key)."""

    key: Key | Measure
    values: tuple[float | str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """`key BETWEEN low AND high`, both ends included and of one type."""

    key: Key | Measure
    low: float | str
    high: float | str


@dataclass(frozen=True, slots=True)
class IsNull:
    """`key IS NULL`: the run has no such key; IS NOT NULL with `negated`."""

    key: Key | Measure
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A bare word or quoted phrase: found, ignoring case, in names, params, tags or the note."""

    text: str


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numbers joined by `+`, `-`, `*` or `/`."""

    op: str
    left: Operand
    right: Operand


Operand = Key | Measure | float | Arithmetic
"""A number: of a metric, of a time or span, of a param or tag that reads as one, or as written."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Two computed numbers compared (never LIKE); false where a part is missing, is a text or is
    divided by zero. NaN is unequal to everything, itself too, and neither less nor greater."""

    left: Operand
    op: Op
    right: Operand


@dataclass(frozen=True, slots=True)
class Has:
    """`has:model`: the run logged a model."""

    what: str


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


Condition = Compare | In | Between | IsNull
"""What is asked of one key."""
Node = Condition | Relation | Text | Has | Not | And | Or


def keys_of(node: Node | Operand) -> Iterator[Key]:
    """The keys that a filter asks for, as they stand in it; of a measure, the metric's."""
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from keys_of(part)
        case Not(part):
            yield from keys_of(part)
        case Relation(left, _, right) | Arithmetic(_, left, right):
            yield from keys_of(left)
            yield from keys_of(right)
        case Key():
            yield node
        case Measure(key):
            yield key
        case Text() | Has() | float() | int():
            return
        case _:
            yield from keys_of(node.key)


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One sort key. NaN, then missing, always come last, whichever the direction."""

    key: Key | Measure
    descending: bool = False

    def __str__(self) -> str:
        return f"{self.key} DESC" if self.descending else str(self.key)
