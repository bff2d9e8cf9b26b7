"""What differs between runs, as data: screens, commands and files only render it."""

from __future__ import annotations

from tuiflow.diff.export import folded, render_as, render_csv, render_markdown, to_json
from tuiflow.diff.gather import MAX_RUNS, MIN_RUNS, chosen_runs, compare, compare_facts, read_facts
from tuiflow.diff.result import Cell, Comparison, Kind, Row, RunColumn, Section, Verdict
from tuiflow.diff.sections import FileFact, RunFacts
from tuiflow.diff.wording import LEGEND, CellText, column_names, label, percent, row_texts

__all__ = [
    "LEGEND",
    "MAX_RUNS",
    "MIN_RUNS",
    "Cell",
    "CellText",
    "Comparison",
    "FileFact",
    "Kind",
    "Row",
    "RunColumn",
    "RunFacts",
    "Section",
    "Verdict",
    "chosen_runs",
    "column_names",
    "compare",
    "compare_facts",
    "folded",
    "label",
    "percent",
    "read_facts",
    "render_as",
    "render_csv",
    "render_markdown",
    "row_texts",
    "to_json",
]
