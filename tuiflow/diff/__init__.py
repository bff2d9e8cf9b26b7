"""What differs between runs, as data: screens, commands and files only render it."""

from __future__ import annotations

from tuiflow.diff.detail import Detail, read_detail
from tuiflow.diff.export import render_as, render_csv, render_markdown, to_json, why_json
from tuiflow.diff.facts import FileFact, ModelFact, RunFacts
from tuiflow.diff.gather import (
    MAX_RUNS,
    MIN_RUNS,
    Gathered,
    chosen_runs,
    compare,
    compare_facts,
    read_facts,
    read_rest,
)
from tuiflow.diff.over import associations
from tuiflow.diff.result import (
    Cell,
    CodeChange,
    Commit,
    Comparison,
    FileChange,
    Kind,
    Measure,
    Row,
    RunColumn,
    Section,
    Verdict,
)
from tuiflow.diff.why import Association, Associations, Group, associate
from tuiflow.diff.wording import (
    LEGEND,
    CellText,
    column_names,
    commit_log,
    folded,
    label,
    percent,
    row_texts,
    why_lines,
    why_note,
    why_texts,
)

__all__ = [
    "LEGEND",
    "MAX_RUNS",
    "MIN_RUNS",
    "Association",
    "Associations",
    "Cell",
    "CellText",
    "CodeChange",
    "Commit",
    "Comparison",
    "Detail",
    "FileChange",
    "FileFact",
    "Gathered",
    "Group",
    "Kind",
    "Measure",
    "ModelFact",
    "Row",
    "RunColumn",
    "RunFacts",
    "Section",
    "Verdict",
    "associate",
    "associations",
    "chosen_runs",
    "column_names",
    "commit_log",
    "compare",
    "compare_facts",
    "folded",
    "label",
    "percent",
    "read_detail",
    "read_facts",
    "read_rest",
    "render_as",
    "render_csv",
    "render_markdown",
    "row_texts",
    "to_json",
    "why_json",
    "why_lines",
    "why_note",
    "why_texts",
]
