"""Runs grouped by a key, and a column of runs in a line: what both are, and both of few runs."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tuiflow.errors import InvalidInput
from tuiflow.filters.tree import NUMBER_ATTRIBUTES, Key, Kind, Measure
from tuiflow.store.run_columns import Value

MOST_GROUPS = 2_000
"""So many groups are listed, those of the most runs."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The numbers of a column, NaN left out; there is at least one."""

    count: int
    mean: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Group:
    """The runs that have one value of a key: a number where it reads as one, None where they lack
    the key. `spreads` are those of the columns asked for, None where no run has a number."""

    value: Value
    runs: int
    spreads: tuple[Spread | None, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups by their value: numbers, then texts, then the runs without one.

    There are `distinct` values, of which at most `MOST_GROUPS` are listed.
    """

    key: Key
    groups: tuple[Group, ...]
    distinct: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A column of `runs` runs in a line; `spread` and all else is None where none has a number.

    `lowest` and `highest` are row keys of runs that have the least and the greatest number, the
    newest ones.
    """

    runs: int
    spread: Spread | None = None
    median: float | None = None
    lowest: int | None = None
    highest: int | None = None


def check_key(key: Key) -> None:
    """Raises InvalidInput for a key that runs can't be grouped by."""
    if key.kind is Kind.DATASET:
        raise InvalidInput("Runs can't be grouped by data sets: a run may have read several.")
    if key.kind is Kind.ATTRIBUTE and key.name in ("run_id", "artifact_uri"):
        raise InvalidInput(f"Runs can't be grouped by {key}: no two have the same.")


def check_number(key: Key | Measure) -> None:
    """Raises InvalidInput for a key that has no numbers."""
    if key.kind is Kind.DATASET or (
        key.kind is Kind.ATTRIBUTE and key.name not in NUMBER_ATTRIBUTES
    ):
        raise InvalidInput(f"{key} is no number.")


def grouping(key: Key, groups: Iterable[Group]) -> Grouping:
    """Groups in the order in which they are listed, without the smallest ones of too many."""
    found = sorted(groups, key=lambda group: -group.runs)
    listed = sorted(found[:MOST_GROUPS], key=lambda group: place(group.value))
    return Grouping(key, tuple(listed), len(found))


def place(value: Value) -> tuple[int, float, str]:
    """Sorts values: numbers, then NaN, then texts, then missing."""
    if value is None:
        return 3, 0.0, ""
    if isinstance(value, str):
        return 2, 0.0, value
    return (1, 0.0, "") if math.isnan(value) else (0, value, "")


def group(key: Key, values: Sequence[Value], columns: Sequence[Sequence[Value]]) -> Grouping:
    """Group few runs by their values of a key."""
    members: dict[Value, list[int]] = {}
    for index, value in enumerate(values):
        same = _NAN if isinstance(value, float) and math.isnan(value) else value
        members.setdefault(same, []).append(index)
    return grouping(
        key,
        (
            Group(
                value,
                len(indexes),
                tuple(spread([column[index] for index in indexes]) for column in columns),
            )
            for value, indexes in members.items()
        ),
    )


_NAN = math.nan
"""One object, which a dictionary finds again."""


def spread(values: Iterable[Value]) -> Spread | None:
    """Sum up the numbers among some values."""
    numbers = _numbers(values)
    if not numbers:
        return None
    return Spread(len(numbers), _mean(numbers), min(numbers), max(numbers))


def _mean(numbers: Sequence[float]) -> float:
    if not all(map(math.isfinite, numbers)):
        return sum(numbers) / len(numbers)
    try:
        return math.fsum(numbers) / len(numbers)
    except OverflowError:  # their sum is no float, but their mean is
        return math.fsum(number / len(numbers) for number in numbers)


def summary(rows: array[int], values: Sequence[Value]) -> Summary:
    """Sum up a column of few runs, newest first."""
    numbers = sorted(_numbers(values))
    if not numbers:
        return Summary(len(rows))
    half = len(numbers) // 2
    median = numbers[half] if len(numbers) % 2 else middle(numbers[half - 1], numbers[half])
    return Summary(
        len(rows),
        spread(numbers),
        median,
        rows[values.index(numbers[0])],
        rows[values.index(numbers[-1])],
    )


def middle(low: float, high: float) -> float:
    """Halfway between two numbers, without leaving the range of floats."""
    return low if low == high else low / 2 + high / 2


def _numbers(values: Iterable[Value]) -> list[float]:
    return [
        float(value) for value in values if isinstance(value, int | float) and not math.isnan(value)
    ]
