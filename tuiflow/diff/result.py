"""What a comparison of runs says, as plain values. Every rendering reads these and adds nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a run's value stands against the baseline's."""

    EQUAL = "equal"
    BETTER = "better"
    WORSE = "worse"
    DIFFERENT = "different"
    ADDED = "added"
    REMOVED = "removed"


class Kind(StrEnum):
    """What the values of a row are, and so how they are written.

    NUMBER: a metric. TEXT: a string as it was recorded. DURATION: milliseconds. MOMENT: epoch ms.
    SIZE: bytes.
    """

    NUMBER = "number"
    TEXT = "text"
    DURATION = "duration"
    MOMENT = "moment"
    SIZE = "size"


Value = str | float | int


@dataclass(frozen=True, slots=True)
class Cell:
    """One run's value in a row; `value` None where the run has none.

    `delta` is value - baseline and `relative` is delta / |baseline| (0.1 for +10 %). Each is None
    where it has no meaning: on texts and times of day, in the baseline's own cell, where one of
    the two is missing or NaN, where the difference of infinities is undefined; `relative` also
    where the baseline is 0 or infinite. `verdict` is None in the baseline's own cell.
    """

    value: Value | None
    delta: float | None = None
    relative: float | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One key over all runs, in the order of `Comparison.runs`.

    `lower_is_better` is the direction of a metric, None for everything else and for metrics whose
    direction can't be told from the name.
    """

    key: str
    kind: Kind
    differs: bool
    cells: tuple[Cell, ...]
    lower_is_better: bool | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of one sort: those that differ first."""

    name: str
    rows: tuple[Row, ...]

    @property
    def different(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.differs)

    @property
    def equal(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.differs)


@dataclass(frozen=True, slots=True)
class RunColumn:
    """A run as the head of its column; `status` is the one to show (STALE for a dead run)."""

    run_id: str
    run_name: str
    experiment_id: str
    experiment_name: str
    status: str
    start_time: int
    end_time: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs side by side: `runs[0]` is the baseline.

    `headline` is the metric that `summary` speaks of and `best` the run id that wins it, each None
    where there is none. `curves` are the metrics with a history that at least two runs share.
    `notes` say what was left out. `summary` and `notes` are safe to print as they are; names, keys
    and values are as they were recorded and must be cleaned by whoever shows them.
    """

    runs: tuple[RunColumn, ...]
    sections: tuple[Section, ...]
    summary: str
    headline: str | None = None
    best: str | None = None
    curves: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def baseline(self) -> RunColumn:
        return self.runs[0]

    def section(self, name: str) -> Section:
        """The section of that name; one without rows where there is none."""
        for section in self.sections:
            if section.name == name:
                return section
        return Section(name, ())
