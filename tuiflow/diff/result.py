"""What a comparison of runs says, as plain values. Every rendering reads these and adds nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tuiflow.diff.why import Associations


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
    SIZE: bytes. CHANGE: what another run has changed against the baseline, in words; the baseline
    has no value, and neither has a run that changed nothing.
    """

    NUMBER = "number"
    TEXT = "text"
    DURATION = "duration"
    MOMENT = "moment"
    SIZE = "size"
    CHANGE = "change"


class Measure(StrEnum):
    """Which of a metric's points counts; BEST is MIN or MAX, by the metric's direction."""

    LAST = "last"
    MIN = "min"
    MAX = "max"
    BEST = "best"


Value = str | float | int


@dataclass(frozen=True, slots=True)
class Cell:
    """One run's value in a row; `value` None where the run has none.

    `delta` is value - baseline and `relative` is delta / |baseline| (0.1 for +10 %). Each is None
    where it has no meaning: on texts and times of day, in the baseline's own cell, where one of
    the two is missing or NaN, where the difference of infinities is undefined; `relative` also
    where the baseline is 0 or infinite. `verdict` is None in the baseline's own cell, and where
    nothing is known of the run to judge by.
    """

    value: Value | None
    delta: float | None = None
    relative: float | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One key over all runs, in the order of `Comparison.runs`.

    `lower_is_better` is the direction of a metric, None for everything else and for metrics whose
    direction can't be told from the name. `measures` has the cells of a metric by each measure
    (BEST only with a direction); `cells` are those of the measure that was asked for. `opens` says
    that `detail` has more to show of it.
    """

    key: str
    kind: Kind
    differs: bool
    cells: tuple[Cell, ...]
    lower_is_better: bool | None = None
    measures: Mapping[Measure, tuple[Cell, ...]] = field(default_factory=dict)
    opens: bool = False


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
class Commit:
    """A line of the log: `commit` in full, `time` in epoch seconds."""

    commit: str
    time: int
    author: str
    subject: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of the code that differs from the baseline's.

    `added` and `removed` count lines, None where they can't be told (a binary file). `preview` is
    the first place that differs, in one line such as `@@ -31 +31 @@ -scale=False +scale=True`.
    """

    path: str
    added: int | None
    removed: int | None
    preview: str = ""


@dataclass(frozen=True, slots=True)
class CodeChange:
    """How a run's code differs from the baseline's, by what `basis` names.

    `ahead` are the commits that the run has and the baseline lacks, `behind` the other way round,
    the newest first and at most some hundred of each; `ahead_count` and `behind_count` count all
    of them, None where the commits differ and are in no repository here. `files` are those that
    differ, uncommitted changes included; `more_files` were left out.
    """

    basis: str
    files: tuple[FileChange, ...] = ()
    ahead: tuple[Commit, ...] = ()
    behind: tuple[Commit, ...] = ()
    ahead_count: int | None = 0
    behind_count: int | None = 0
    more_files: int = 0

    @property
    def differs(self) -> bool:
        return bool(self.files or self.ahead_count != 0 or self.behind_count != 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs side by side: `runs[0]` is the baseline.

    `headline` is the metric that `summary` speaks of and `best` the run id that wins it, each None
    where there is none. `curves` are the metrics with a history that at least two runs share.
    `code` tells of each run how its code differs from the baseline's, None where that is not
    known. `why` are the params that go with the headline, None under 5 runs. `notes` say what was
    left out. `complete` is false while only what the store's tables hold has been read.
    `summary` and `notes` are safe to print as they are; names, keys and values are as they were
    recorded and must be cleaned by whoever shows them.
    """

    runs: tuple[RunColumn, ...]
    sections: tuple[Section, ...]
    summary: str
    headline: str | None = None
    best: str | None = None
    curves: tuple[str, ...] = ()
    code: tuple[CodeChange | None, ...] = ()
    why: Associations | None = None
    measure: Measure = Measure.LAST
    notes: tuple[str, ...] = ()
    complete: bool = True

    @property
    def baseline(self) -> RunColumn:
        return self.runs[0]

    def section(self, name: str) -> Section:
        """The section of that name; one without rows where there is none."""
        for section in self.sections:
            if section.name == name:
                return section
        return Section(name, ())
