"""A run as sections of rows, for tables of any kind, and as a report in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuiflow.entities import TAG_MODELS, TAG_NOTE, Run
from tuiflow.store.export import Sink
from tuiflow.store.processes import now_ms
from tuiflow.text import MISSING, clean, duration, moment, number, size

if TYPE_CHECKING:
    from tuiflow.store.store import Store

_HIDDEN_TAGS = (TAG_NOTE, TAG_MODELS)
_RIGHT = frozenset(("last", "min", "max", "step", "points", "rows", "size"))


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of text under titles; the columns in `right` hold numbers."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def right(self) -> frozenset[str]:
        return _RIGHT


def sections(store: Store, run: Run) -> list[Section]:
    """What is known of a run: attributes, params, metrics, data, tags, what is kept with it and the
    artifacts of its top folder; a section without rows is left out."""
    info = run.info
    facts = [
        ["run", info.run_id],
        ["name", info.run_name],
        ["experiment", info.experiment_name],
        ["status", info.shown_status],
        ["user", info.user_id],
        ["started", moment(info.start_time)],
        ["took", duration(info.took(now_ms()))],
        ["host", f"{info.process.host} (pid {info.process.pid})" if info.process else MISSING],
        ["artifacts", info.artifact_uri],
        *([["models", ", ".join(run.model_paths)]] if run.model_paths else []),
        *([["note", run.note]] if run.note else []),
        *([["lifecycle", info.lifecycle_stage]] if info.lifecycle_stage != "active" else []),
    ]
    metrics = [
        [item.key, number(item.value, 6), number(item.min, 6), number(item.max, 6),
         str(item.step), str(item.count)]
        for item in store.metric_summaries(info.run_id)
    ]  # fmt: skip
    data = [
        [
            item.dataset.name,
            item.context or MISSING,
            MISSING if item.dataset.rows is None else f"{item.dataset.rows:,}",
            item.dataset.digest,
            item.dataset.place,
        ]
        for item in run.inputs.dataset_inputs
    ]
    tags = {key: value for key, value in run.data.tags.items() if key not in _HIDDEN_TAGS}
    kept = [
        [item.kind, item.name or MISSING, size(item.size)]
        for item in store.contents.list(info.run_id)
    ]
    artifacts = [
        [item.path + ("/" if item.is_dir else ""), size(item.file_size)]
        for item in store.list_artifacts(info.run_id)
    ]
    found = (
        Section(("attribute", "value"), facts),
        Section(("param", "value"), _pairs(run.data.params)),
        Section(("metric", "last", "min", "max", "step", "points"), metrics),
        Section(("data", "context", "rows", "digest", "source"), data),
        Section(("tag", "value"), _pairs(tags)),
        Section(("kept", "name", "size"), kept),
        Section(("artifact", "size"), artifacts),
    )
    return [section for section in found if section.rows]


def _pairs(values: Mapping[str, str]) -> list[list[str]]:
    return [[key, values[key]] for key in sorted(values)]


def write_report(store: Store, run: Run, stream: Sink) -> None:
    """The run in Markdown: its name as the title, and a table a section."""
    stream.write(f"# {markdown_cell(run.info.run_name)}\n")
    for section in sections(store, run):
        stream.write("\n")
        right = [title in section.right for title in section.titles]
        write_markdown_table(section.titles, right, section.rows, stream)


def write_markdown_table(
    titles: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[str]], stream: Sink
) -> None:
    """A table in GitHub's Markdown; `right` says which columns are aligned so."""
    stream.write("| " + " | ".join(map(markdown_cell, titles)) + " |\n")
    stream.write("|" + "|".join("---:" if here else "---" for here in right) + "|\n")
    for row in rows:
        stream.write("| " + " | ".join(map(markdown_cell, row)) + " |\n")


def markdown_cell(text: str) -> str:
    """A text that Markdown shows as it is inside a table."""
    text = clean(text)
    for char in "\\`*_[]<>|":
        text = text.replace(char, "\\" + char)
    return text
