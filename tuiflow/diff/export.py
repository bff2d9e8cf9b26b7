"""A comparison as Markdown, CSV and JSON."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable

from tuiflow import text
from tuiflow.diff.result import (
    Cell,
    CodeChange,
    Commit,
    Comparison,
    Measure,
    Row,
    Value,
)
from tuiflow.diff.sections import printable
from tuiflow.diff.why import Associations
from tuiflow.diff.wording import (
    column_names,
    commit_log,
    folded,
    label,
    row_texts,
    why_lines,
)
from tuiflow.errors import InvalidInput
from tuiflow.store.export import csv_writer, json_number

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#~&])")
_MARKDOWN_LIMIT = 200


def render_markdown(comparison: Comparison, equal: bool = False) -> str:
    """A table ready for a pull request: the summary, then one row a key, differences first.

    Equal rows are folded into one line a section unless `equal` is true.
    """
    names = [_escape(text.clean(name, 60)) for name in column_names(comparison.runs)]
    head = ["", f"{names[0]} (baseline)", *names[1:]]
    lines = [f"**{_escape(comparison.summary)}**", "", _table_line(head)]
    lines.append("|---|" + "---:|" * len(names))
    for section in comparison.sections:
        lines.append(_table_line([f"**{section.name}**", *("" for _ in names)]))
        for row in section.rows if equal else section.different:
            cells = [_escape(cell.line()) for cell in row_texts(row, _MARKDOWN_LIMIT)]
            lines.append(_table_line([_escape(label(row.key)), *cells]))
        if section.equal and not equal:
            lines.append(_table_line([f"_{_escape(folded(section))}_", *("" for _ in names)]))
    for owner, log in commit_log(comparison):
        lines += [
            "",
            f"Commits of {_escape(owner)}:",
            "",
            *(f"- \\{_escape(line)}" for line in log),
        ]
    if comparison.why is not None:
        lines += ["", f"What goes with {_escape(text.clean(comparison.why.metric))}:", ""]
        lines += [f"- {_escape(line)}" for line in why_lines(comparison.why)]
    lines.extend(["", *(f"{_escape(note)}  " for note in comparison.notes)])
    return "\n".join(lines).rstrip() + "\n"


def _table_line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escape(value: str) -> str:
    return _MARKDOWN.sub(r"\\\1", value)


def render_csv(comparison: Comparison) -> str:
    """All rows with values as recorded: section, key, differs, then the value of each run.

    A run other than the baseline has two columns more: Δ and Δ/|baseline|. Durations are in
    milliseconds, times in epoch milliseconds, sizes in bytes.
    """
    names = column_names(comparison.runs)
    head = ["section", "key", "differs", names[0]]
    for name in names[1:]:
        head += [name, f"{name} Δ", f"{name} Δ/|baseline|"]
    out = io.StringIO()
    writer = csv_writer(out)
    writer.writerow(head)
    for section in comparison.sections:
        for row in section.rows:
            line: list[Value | None] = [section.name, row.key, str(row.differs).lower()]
            line.append(row.cells[0].value)
            for cell in row.cells[1:]:
                line += [cell.value, cell.delta, cell.relative]
            writer.writerow(line)
    return out.getvalue()


def render_as(comparison: Comparison, suffix: str) -> str:
    """The text of a file by its suffix: `.md`, `.csv`, `.json`; InvalidInput for others."""
    match suffix.lower():
        case ".md":
            return render_markdown(comparison)
        case ".csv":
            return render_csv(comparison)
        case ".json":
            return json.dumps(to_json(comparison), indent=2, ensure_ascii=False) + "\n"
    raise InvalidInput("A comparison is written as .md, .csv or .json; end the file's name so.")


def to_json(comparison: Comparison) -> dict[str, object]:
    """The comparison as a dict of plain JSON values.

    ``{"baseline": run_id, "best": run_id | null, "metric": key | null, "summary": text,
    "measure": "last" | "min" | "max" | "best", "notes": [text], "runs": [{run_id, run_name,
    experiment_id, experiment_name, status, start_time, end_time}], "sections": [{"name", "rows":
    [{"key", "kind", "differs", "lower_is_better": bool | null, "cells": [{"value", "delta",
    "relative", "verdict"}]}]}], "code": [{"basis", "ahead_count", "behind_count", "ahead":
    [{"commit", "time", "author", "subject"}], "behind", "files": [{"path", "added", "removed",
    "preview"}], "more_files"} | null], "why": {"metric", "n", "params": [{"param", "n", "share",
    "rho", "eta2", "groups": [{"value", "n", "median"}]}]} | null}``

    `runs` starts with the baseline; `cells` and `code` have their order. A metric's row has beside
    `cells` a `measures` with the cells by "last", "min", "max" and, where the direction is known,
    "best". NaN and infinities are the texts "NaN", "Infinity" and "-Infinity"; everything that is
    missing is null.
    """
    return {
        "baseline": comparison.baseline.run_id,
        "best": comparison.best,
        "metric": comparison.headline,
        "summary": comparison.summary,
        "measure": comparison.measure.value,
        "notes": list(comparison.notes),
        "runs": [
            {
                "run_id": run.run_id,
                "run_name": run.run_name,
                "experiment_id": run.experiment_id,
                "experiment_name": run.experiment_name,
                "status": run.status,
                "start_time": run.start_time,
                "end_time": run.end_time,
            }
            for run in comparison.runs
        ],
        "sections": [
            {"name": section.name, "rows": [_json_row(row) for row in section.rows]}
            for section in comparison.sections
        ],
        "code": [None if change is None else _json_code(change) for change in comparison.code],
        "why": None if comparison.why is None else why_json(comparison.why),
    }


def why_json(why: Associations) -> dict[str, object]:
    """The `why` of `to_json`."""
    return {
        "metric": why.metric,
        "n": why.n,
        "lower_is_better": why.lower_is_better,
        "params": [
            {
                "param": item.param,
                "n": item.n,
                "share": item.share,
                "rho": item.rho,
                "eta2": item.eta2,
                "groups": [
                    {"value": group.value, "n": group.n, "median": json_number(group.median)}
                    for group in item.groups
                ],
            }
            for item in why.items
        ],
    }


def _json_code(change: CodeChange) -> dict[str, object]:
    return {
        "basis": change.basis,
        "ahead_count": change.ahead_count,
        "behind_count": change.behind_count,
        "ahead": [_json_commit(commit) for commit in change.ahead],
        "behind": [_json_commit(commit) for commit in change.behind],
        "files": [
            {
                "path": printable(file.path),
                "added": file.added,
                "removed": file.removed,
                "preview": file.preview,
            }
            for file in change.files
        ],
        "more_files": change.more_files,
    }


def _json_commit(commit: Commit) -> dict[str, object]:
    return {
        "commit": commit.commit,
        "time": commit.time,
        "author": commit.author,
        "subject": commit.subject,
    }


def _json_row(row: Row) -> dict[str, object]:
    record: dict[str, object] = {
        "key": row.key,
        "kind": row.kind.value,
        "differs": row.differs,
        "lower_is_better": row.lower_is_better,
        "cells": [_json_cell(cell) for cell in row.cells],
    }
    if row.measures:
        record["measures"] = {
            measure.value: [_json_cell(cell) for cell in row.measures[measure]]
            for measure in Measure
            if measure in row.measures
        }
    return record


def _json_cell(cell: Cell) -> dict[str, object]:
    return {
        "value": _json_value(cell.value),
        "delta": _json_value(cell.delta),
        "relative": _json_value(cell.relative),
        "verdict": None if cell.verdict is None else cell.verdict.value,
    }


def _json_value(value: Value | None) -> Value | None:
    return json_number(value) if isinstance(value, float) else value
