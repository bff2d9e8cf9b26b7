"""A comparison as Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable

from tuiflow import text
from tuiflow.diff.result import Cell, Comparison, Row, Section, Value
from tuiflow.diff.wording import column_names, label, row_texts
from tuiflow.errors import InvalidInput
from tuiflow.store.export import json_number

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
    lines.extend(["", *(f"{_escape(note)}  " for note in comparison.notes)])
    return "\n".join(lines).rstrip() + "\n"


def folded(section: Section, named: int = 6) -> str:
    """The line that stands for a section's equal rows: `(3 equal: data, …)`."""
    keys = [text.shorten_middle(label(row.key), 40) for row in section.equal]
    shown = ", ".join(keys[:named]) + (", …" if len(keys) > named else "")
    return f"({len(keys)} equal: {shown})"


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
    writer = csv.writer(out, lineterminator="\n")
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
    "notes": [text], "runs": [{run_id, run_name, experiment_id, experiment_name, status,
    start_time, end_time}], "sections": [{"name", "rows": [{"key", "kind", "differs",
    "lower_is_better": bool | null, "cells": [{"value", "delta", "relative", "verdict"}]}]}]}``

    `runs` starts with the baseline and `cells` has their order. NaN and infinities are the texts
    "NaN", "Infinity" and "-Infinity"; everything that is missing is null.
    """
    return {
        "baseline": comparison.baseline.run_id,
        "best": comparison.best,
        "metric": comparison.headline,
        "summary": comparison.summary,
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
    }


def _json_row(row: Row) -> dict[str, object]:
    return {
        "key": row.key,
        "kind": row.kind.value,
        "differs": row.differs,
        "lower_is_better": row.lower_is_better,
        "cells": [_json_cell(cell) for cell in row.cells],
    }


def _json_cell(cell: Cell) -> dict[str, object]:
    return {
        "value": _json_value(cell.value),
        "delta": _json_value(cell.delta),
        "relative": _json_value(cell.relative),
        "verdict": None if cell.verdict is None else cell.verdict.value,
    }


def _json_value(value: Value | None) -> Value | None:
    return json_number(value) if isinstance(value, float) else value
