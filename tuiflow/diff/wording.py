"""How the values of a comparison are written: the same words on the screen, in Markdown and CSV."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tuiflow import text
from tuiflow.config import MAX_KEY_LENGTH
from tuiflow.diff.result import (
    Cell,
    CodeChange,
    Commit,
    Comparison,
    Kind,
    Row,
    RunColumn,
    Section,
    Value,
    Verdict,
)
from tuiflow.diff.why import MIN_RUNS as WHY_RUNS
from tuiflow.diff.why import Association, Associations
from tuiflow.entities import TAG_NOTE

MARKS = {
    Verdict.EQUAL: "=",
    Verdict.BETTER: "▲",
    Verdict.WORSE: "▼",
    Verdict.DIFFERENT: "≠",
    Verdict.ADDED: "+",
    Verdict.REMOVED: "-",
}
"""Better and worse point up and down whatever the sign of the difference."""

LEGEND = "▲ better  ▼ worse  ≠ different"

_COMMIT = re.compile(r"^([0-9a-f]{12})[0-9a-f]{28,52}(?= |$)")
_MOST_DIGITS = 8
_GROUPS_NAMED = 4


@dataclass(frozen=True, slots=True)
class CellText:
    """One cell in words: each part is a clean line, empty where there is nothing to say."""

    value: str
    mark: str = ""
    delta: str = ""
    relative: str = ""

    def line(self) -> str:
        """The parts in one line: `▲ 0.7504 −0.0718 −8.7%`."""
        return " ".join(part for part in (self.mark, self.value, self.delta, self.relative) if part)


def label(key: str) -> str:
    """A row's key for a person."""
    return "note" if key == TAG_NOTE else text.clean(key, MAX_KEY_LENGTH)


def folded(section: Section, named: int = 6) -> str:
    """The line that stands for a section's equal rows: `(3 equal: data, …)`.

    The environment's says what it is: `(57 same: python 3.11.7, scikit-learn 1.9.1, …)`.
    """
    rows = section.equal
    texts = [text.shorten_middle(label(row.key), 40) for row in rows[:named]]
    if section.name == "environment":
        values = (text.clean(str(row.cells[0].value or ""), 40) for row in rows)
        texts = [f"{key} {value}".strip() for key, value in zip(texts, values, strict=False)]
    more = ", …" if len(rows) > named else ""
    word = "same" if section.name == "environment" else "equal"
    return f"({len(rows)} {word}: {', '.join(texts)}{more})"


def commit_line(commit: Commit, limit: int = 120) -> str:
    """A line of the log: `9b1c4e2 2026-11-24 Ann  Scale the inputs`."""
    day = time.strftime("%Y-%m-%d", time.gmtime(min(max(commit.time, 0), 2**36)))
    author = text.clean(commit.author, 24)
    return f"{commit.commit[:7]} {day} {author}  {text.clean(commit.subject, limit)}"


def commit_log(comparison: Comparison, limit: int = 20) -> list[tuple[str, list[str]]]:
    """The commits between the baseline and other runs: for each such log, whose it is and its
    lines, `+` where the runs have a commit and the baseline has not, `-` the other way round."""
    owners: dict[tuple[tuple[Commit, ...], tuple[Commit, ...]], list[str]] = {}
    changes: dict[tuple[tuple[Commit, ...], tuple[Commit, ...]], CodeChange] = {}
    for name, change in zip(column_names(comparison.runs), comparison.code, strict=False):
        if change is not None and (change.ahead or change.behind):
            owners.setdefault((change.ahead, change.behind), []).append(name)
            changes[change.ahead, change.behind] = change
    return [
        (", ".join(names), log_lines(changes[commits], limit)) for commits, names in owners.items()
    ]


def log_lines(change: CodeChange, limit: int = 20) -> list[str]:
    """The lines of one log, the newest first."""
    lines = []
    for sign, commits, count in (
        ("+", change.ahead, change.ahead_count or 0),
        ("-", change.behind, change.behind_count or 0),
    ):
        lines += [f"{sign} {commit_line(commit)}" for commit in commits[:limit]]
        left = count - min(len(commits), limit)
        if left:
            lines.append(f"{sign} and {left:,} more")
    return lines


@dataclass(frozen=True, slots=True)
class WhyText:
    """How a param goes with a metric, in words: `measure` is `ρ −0.83` or `η² 0.71`. `short` is
    what it `says` without their names, and of several groups the first and the last only."""

    param: str
    measure: str
    says: str
    short: str


def why_note(why: Associations) -> str:
    """One sentence that says why no param is told of; empty where one is."""
    if why.n < WHY_RUNS:
        noun = "run has" if why.n == 1 else "runs have"
        metric = text.clean(why.metric, 60)
        return f"{why.n} {noun} {metric}; nothing is told of fewer than {WHY_RUNS}."
    return "" if why.items else f"No param stands out of chance over {why.n:,} runs."


def why_texts(why: Associations) -> list[WhyText]:
    """The words for each of the params, in their order."""
    return [WhyText(_param(item), *_association(item, why)) for item in why.items]


def why_lines(why: Associations) -> list[str]:
    """The params that go with a metric, a line each; one that says why where there are none."""
    texts = why_texts(why)
    width = max((len(item.param) for item in texts), default=0)
    return [
        f"{said.param:<{width}}  {said.measure}  n {item.n:,}  {said.says}"
        for said, item in zip(texts, why.items, strict=True)
    ] or [why_note(why)]


def _param(item: Association) -> str:
    return text.shorten_middle(text.clean(item.param, MAX_KEY_LENGTH), 32)


def _association(item: Association, why: Associations) -> tuple[str, str, str]:
    if item.rho is not None:
        end = "higher" if item.rho > 0 else "lower"
        if why.lower_is_better is not None:
            end = "better" if (item.rho < 0) == why.lower_is_better else "worse"
        sign = "−" if item.rho < 0 else "+"
        outcome = f"higher {_param(item)}, {end} {text.clean(why.metric, 32)}"
        return f"ρ {sign}{abs(item.rho):.2f}", outcome, f"the higher, the {end}"
    groups = [
        f"{text.clean(group.value, 24)} {text.number(group.median)} ({group.n:,})"
        for group in (*item.groups[:_GROUPS_NAMED], item.groups[-1])
    ]
    more = ", …" if len(item.groups) > _GROUPS_NAMED else ""
    says = f"medians {', '.join(groups[:-1])}{more}"
    return f"η² {item.eta2 or 0:.2f}", says, f"{groups[0]} … {groups[-1]}"


def column_names(runs: Sequence[RunColumn]) -> list[str]:
    """The runs' names as heads of columns; a name that several runs have gets the id's start."""
    names = [text.clean(run.run_name, MAX_KEY_LENGTH) for run in runs]
    return [
        f"{name} {run.run_id[:6]}" if names.count(name) > 1 else name
        for name, run in zip(names, runs, strict=True)
    ]


def row_texts(row: Row, limit: int | None = None) -> list[CellText]:
    """Write the cells of a row so that they compare by eye; texts are cut to `limit` characters.

    Marks stand on metrics (better, worse, different), on artifacts and models (added, removed,
    changed) and on texts that differ; an equal cell has none.
    """
    values = _values(row, limit)
    places = max((len(v.partition(".")[2]) for v in values if "e" not in v), default=0)
    return [
        CellText(value, _mark(row, cell), *_change(row, cell, places))
        for value, cell in zip(values, row.cells, strict=True)
    ]


def _values(row: Row, limit: int | None) -> list[str]:
    if row.kind is Kind.NUMBER:
        return _numbers([None if cell.value is None else float(cell.value) for cell in row.cells])
    if row.kind is Kind.CHANGE:
        return [_change_value(row, index, limit) for index in range(len(row.cells))]
    values = [_value(row.kind, cell.value, limit) for cell in row.cells]
    return [_COMMIT.sub(r"\1", value) for value in values] if row.key == "commit" else values


def _change_value(row: Row, index: int, limit: int | None) -> str:
    cell = row.cells[index]
    if cell.value is None and not index:
        return ""
    return "=" if cell.verdict is Verdict.EQUAL else _value(row.kind, cell.value, limit)


def _numbers(values: list[float | None]) -> list[str]:
    """A column with as many digits as tell different values apart, from 4 to 8 (else 4)."""
    distinct = len({value for value in values if value is not None and not math.isnan(value)})
    for digits in range(4, _MOST_DIGITS + 1):
        texts = text.number_column(values, digits)
        pairs = zip(texts, values, strict=True)
        if len({t for t, v in pairs if v is not None and not math.isnan(v)}) >= distinct:
            return texts
    return text.number_column(values)


def _value(kind: Kind, value: Value | None, limit: int | None) -> str:
    if value is None:
        return text.MISSING
    if isinstance(value, str):
        return text.clean(value, limit)
    if kind is Kind.DURATION:
        return text.duration(int(value))
    if kind is Kind.MOMENT:
        return text.moment(int(value))
    return text.size(int(value))


def _mark(row: Row, cell: Cell) -> str:
    if cell.verdict is None or cell.verdict is Verdict.EQUAL or row.kind is Kind.MOMENT:
        return ""
    if cell.verdict in (Verdict.ADDED, Verdict.REMOVED):
        return MARKS[cell.verdict] if row.kind is Kind.SIZE else ""
    if row.kind in (Kind.DURATION, Kind.CHANGE):
        return ""
    return MARKS[cell.verdict]


def _change(row: Row, cell: Cell, places: int) -> tuple[str, str]:
    if cell.delta is None or cell.verdict is Verdict.EQUAL:
        return "", ""
    if row.kind is Kind.DURATION:
        if abs(cell.delta) < 50:  # less than what is written of a duration
            return "", ""
        return _signed(cell.delta, text.duration(int(abs(cell.delta)))), percent(cell)
    if row.kind is Kind.SIZE:
        return (_signed(cell.delta, text.size(int(abs(cell.delta)))) if cell.delta else ""), ""
    return _signed(cell.delta, _magnitude(abs(cell.delta), places)), percent(cell)


def _magnitude(delta: float, places: int) -> str:
    plain = f"{delta:.{places}f}"
    if delta >= 1e6 or (delta and float(plain) == 0):
        return text.number(delta, 3)
    return plain


def _signed(delta: float, magnitude: str) -> str:
    return ("−" if delta < 0 else "+") + magnitude


def percent(cell: Cell, space: str = "") -> str:
    """The relative difference in words: `−8.7%`, `+70.1%`, from a doubling on `×2.15`.

    Empty where there is none; `space` is put before the percent sign.
    """
    ratio = cell.relative
    if ratio is None or cell.delta is None or not isinstance(cell.value, (int, float)):
        return ""
    if ratio >= 1 and cell.delta < cell.value:
        return f"×{text.number(1 + ratio, 3)}"
    share = abs(ratio) * 100
    if share < 0.01:
        return f"≈0{space}%"
    if share >= 1000:
        magnitude = text.number(share, 3)
    else:
        magnitude = f"{share:.1f}" if share >= 0.1 else f"{share:.2f}"
    return _signed(ratio, magnitude) + f"{space}%"
