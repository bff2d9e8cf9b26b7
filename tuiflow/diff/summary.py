"""A comparison in one line of words: which run wins, and what was done differently."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tuiflow import text
from tuiflow.diff.result import Row, RunColumn, Section
from tuiflow.diff.wording import label, percent
from tuiflow.entities import RunStatus

_NAMED = 4
_NAME_WIDTH = 40

_EVALUATION = {"val", "valid", "validation", "test", "eval", "evaluation", "dev", "holdout", "cv"}
_OTHER_SPLITS = {"train", "training", "system"}
_HEADLINES = (
    *("rmse", "mse", "mae", "mape", "r2", "accuracy", "acc", "auc", "roc", "f1", "precision"),
    *("recall", "map", "iou", "bleu", "rouge", "wer", "perplexity", "loss", "score", "error"),
)


_FATES: dict[str, str] = {
    RunStatus.RUNNING: "is running",
    RunStatus.FAILED: "failed",
    RunStatus.KILLED: "was killed",
    RunStatus.STALE: "is stale",
}


@dataclass(frozen=True, slots=True)
class Winner:
    """The run at `index` has the best finite value of `row`'s metric, shared by `ties` others."""

    row: Row
    index: int
    ties: int


def headline(metrics: Section) -> Row | None:
    """The metric that stands for the comparison, None where no two runs share a number.

    Of the metrics with a known direction: one that most runs have, that differs, of an evaluation
    set rather than of training, by the usual names (rmse before mae, accuracy before loss).
    """
    rows = [row for row in metrics.rows if row.lower_is_better is not None and _shared(row) > 1]
    return min(rows, key=_headline_order, default=None)


def _shared(row: Row) -> int:
    return sum(1 for cell in row.cells if _finite(cell.value) is not None)


def _finite(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _headline_order(row: Row) -> tuple[int, bool, bool, bool, int, str]:
    words = set(re.split(r"[^a-z0-9]+", row.key.lower()))
    usual = [place for place, name in enumerate(_HEADLINES) if name in words]
    return (
        -_shared(row),
        not row.differs,
        bool(words & _OTHER_SPLITS),
        not words & _EVALUATION,
        min(usual, default=len(_HEADLINES)),
        row.key,
    )


def winner(row: Row) -> Winner | None:
    """Which run is best by `row`; None without a direction or a finite value."""
    if row.lower_is_better is None:
        return None
    sign = 1 if row.lower_is_better else -1
    ranked = [
        (sign * value, index)
        for index, cell in enumerate(row.cells)
        if (value := _finite(cell.value)) is not None
    ]
    if not ranked:
        return None
    best, index = min(ranked)
    return Winner(row, index, sum(1 for value, _ in ranked if value == best) - 1)


def summarize(runs: Sequence[RunColumn], sections: Sequence[Section], best: Winner | None) -> str:
    """The line itself, safe to print."""
    by_name = {section.name: section for section in sections}
    parts = [_best_words(runs, best)]
    if "params" in by_name:
        parts.append(_param_words(by_name["params"]))
    for name in ("data", "tags", "code", "model", "artifacts"):
        section = by_name.get(name)
        if section is not None and section.different:
            parts.append(f"{name}: {_names(section.different)}")
    parts.append(_unfinished_words(runs))
    return " · ".join(part for part in parts if part)


def _best_words(runs: Sequence[RunColumn], best: Winner | None) -> str:
    if best is None:
        return "no metric to choose the best run by"
    key = text.clean(best.row.key, _NAME_WIDTH)
    cell = best.row.cells[best.index]
    value = text.number(_finite(cell.value))
    if not best.row.differs:
        return f"{key} is equal: {value}"
    name = _name(runs[best.index])
    change = percent(cell, space=" ")
    if best.index == 0:
        name += " (baseline)"
    if best.ties:
        name += f" and {best.ties} more are best"
    else:
        name += " is best"
    return f"{name}: {key} {value}" + (f" ({change})" if change else "")


def _unfinished_words(runs: Sequence[RunColumn]) -> str:
    unfinished = [run for run in runs if run.status != RunStatus.FINISHED]
    if len(unfinished) > 2:
        return f"{len(unfinished)} runs are not finished"
    return " · ".join(f"{_name(run)} {_FATES.get(run.status, 'has not run')}" for run in unfinished)


def _name(run: RunColumn) -> str:
    return text.clean(run.run_name, _NAME_WIDTH)


def _param_words(params: Section) -> str:
    different, total = params.different, len(params.rows)
    if not different:
        return "params: same"
    noun = "param" if total == 1 else "params"
    verb = "differs" if len(different) == 1 else "differ"
    return f"{len(different)} of {total} {noun} {verb}: {_names(different)}"


def _names(rows: Sequence[Row]) -> str:
    names = [text.shorten_middle(label(row.key), _NAME_WIDTH) for row in rows[:_NAMED]]
    more = len(rows) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
