"""A comparison in one line of words: which run wins, and what was done differently."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tuiflow import text
from tuiflow.diff.environment import is_fact, is_place
from tuiflow.diff.result import CodeChange, Kind, Row, RunColumn, Section
from tuiflow.diff.sections import commit_count, printable
from tuiflow.diff.wording import label, percent
from tuiflow.entities import RunStatus

_NAMED = 4
_NAME_WIDTH = 40

_PACKAGES = 3
_DATA = frozenset("data dataset datasets datafile csv parquet".split())
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


def summarize(
    runs: Sequence[RunColumn],
    sections: Sequence[Section],
    best: Winner | None,
    code: Sequence[CodeChange | None] = (),
) -> str:
    """The line itself, safe to print. `code` is of each run; the baseline's is not looked at."""
    by_name = {section.name: section for section in sections}
    params = by_name.get("params", Section("params", ()))
    parts = [_best_words(runs, best)]
    if params.rows:
        parts.append(_param_words(params))
    parts.append(_code_words(by_name.get("code"), code[1:]))
    if "environment" in by_name:
        parts.append(_environment_words(by_name["environment"]))
    parts.append(_data_words(by_name.get("data"), params))
    parts.append(_model_words(by_name.get("model")))
    for name in ("tags", "artifacts"):
        section = by_name.get(name)
        if section is not None and section.different:
            parts.append(f"{name}: {_names(section.different)}")
    parts.append(_unfinished_words(runs))
    return " · ".join(part for part in parts if part)


def _code_words(section: Section | None, changes: Sequence[CodeChange | None]) -> str:
    known = [change for change in changes if change is not None]
    if not known or len(known) < len(changes):
        if section is None or not section.different:
            return ""
        return f"code: {_names(section.different)}"
    words = {_change_words(change) for change in known if change.differs}
    if not words:
        return "code: same"
    if len(words) == 1:
        return f"code: {words.pop()}"
    same = len(known) > sum(change.differs for change in known)
    return f"code: {len(words)} other versions" + (", some same" if same else "")


def _change_words(change: CodeChange) -> str:
    if change.ahead_count is None or change.behind_count is None:
        head = "another commit"
    else:
        head = commit_count(change.ahead_count, change.behind_count)
    count = len(change.files) + change.more_files
    if not count or (head and head != "another commit"):
        return head
    names = [printable(file.path) for file in change.files]
    files = _listed([*names, *[""] * (count - len(names))])
    return f"{head}, {files}" if head else files


def _environment_words(section: Section) -> str:
    different = [row for row in section.different if not is_place(row.key)]
    if not different:
        if any(row.key == "host" for row in section.different):
            return "env: other host"
        packages = any(not is_fact(row.key) for row in section.rows)
        return "env: same" if packages else ""  # without the packages little is known
    shown = different[:_PACKAGES]
    names = ", ".join(_old_and_new(row) for row in shown)
    more = len(different) - len(shown)
    return f"env: {names}" + (f" and {more} more" if more else "")


def _old_and_new(row: Row) -> str:
    """`scikit-learn 1.8 → 1.9` for two runs, the key alone for more."""
    key = text.shorten_middle(label(row.key), _NAME_WIDTH)
    if len(row.cells) > 2:
        return key
    old, new = (
        "none" if cell.value is None else text.shorten_middle(text.clean(str(cell.value)), 24)
        for cell in row.cells
    )
    return f"{key} {old} → {new}"


def _data_words(data: Section | None, params: Section) -> str:
    """Data sets, and the params that name data."""
    about = [row for row in params.rows if names_data(row.key)]
    different = [row for row in (*(data.rows if data else ()), *about) if row.differs]
    if different:
        return f"data: {_names(different)}"
    return "data: same" if data else ""  # a name in a param says little of the content


def _model_words(section: Section | None) -> str:
    """What of the model differs; its folder is left out where there is only one."""
    if section is None or not section.different:
        return ""
    folders = [row.key for row in section.rows if row.kind is Kind.SIZE]
    names = []
    for row in section.different:
        if row.kind is not Kind.SIZE:
            only = len(folders) == 1
            names.append(row.key.removeprefix(f"{folders[0]} ") if only else row.key)
        elif any(cell.value is None for cell in row.cells):
            names.append(f"{row.key} only in some")
        else:
            names.append("size" if len(folders) == 1 else f"size of {row.key}")
    return f"model: {_listed(names)}"


def names_data(param: str) -> bool:
    """Whether a param says which data a run read, by its name: `data`, `train_dataset`."""
    return not _DATA.isdisjoint(re.split(r"[^a-z]+", param.lower()))


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
    return _listed([row.key for row in rows])


def _listed(keys: Sequence[str]) -> str:
    names = [text.shorten_middle(label(key), _NAME_WIDTH) for key in keys[:_NAMED]]
    more = len(keys) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
