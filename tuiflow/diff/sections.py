"""From the facts of several runs to sections of rows; the first run is the baseline. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tuiflow import directions
from tuiflow.diff import environment
from tuiflow.diff.facts import FileFact, ModelFact, RunFacts
from tuiflow.diff.files import inside
from tuiflow.diff.result import Cell, CodeChange, FileChange, Kind, Measure, Row, Section, Verdict
from tuiflow.diff.values import number_cell, text_cell
from tuiflow.entities import (
    TAG_ENTRY_POINT,
    TAG_GIT_BRANCH,
    TAG_GIT_COMMIT,
    TAG_GIT_REPO_URL,
    TAG_MODELS,
    TAG_NOTE,
    TAG_PARENT,
    TAG_PROJECT_BACKEND,
    TAG_RUN_NAME,
    TAG_SOURCE_NAME,
    TAG_SOURCE_TYPE,
    TAG_USER,
    MetricSummary,
    Run,
)

TAG_COMMAND = "tuiflow.command"
TAG_DIRTY = "mlflow.source.git.dirty"
COMMITS = "commits"
"""The row of the code section that opens the log."""

_SYSTEM_TAGS = ("mlflow.", "tuiflow.")
_CODE = {
    TAG_SOURCE_NAME: "source",
    TAG_SOURCE_TYPE: "source type",
    TAG_GIT_COMMIT: "commit",
    TAG_GIT_BRANCH: "branch",
    TAG_GIT_REPO_URL: "repository",
    TAG_ENTRY_POINT: "entry point",
    TAG_PROJECT_BACKEND: "backend",
}
_SHOWN_ELSEWHERE = frozenset(
    (TAG_RUN_NAME, TAG_NOTE, TAG_MODELS, TAG_USER, TAG_PARENT, TAG_DIRTY, TAG_COMMAND)
)
_LONG = 60
"""Characters from which on a text is worth a view of its own."""


def build_sections(
    facts: Sequence[RunFacts],
    said: Mapping[str, bool],
    measure: Measure,
    code: Sequence[CodeChange | None],
) -> tuple[Section, ...]:
    """The sections that have rows. What has not been read yet has none.

    `said` are the directions of metrics that somebody has spoken of; `code` is, of each run, how
    its code differs from the baseline's.
    """
    runs = [fact.run for fact in facts]
    builders: dict[str, Callable[[], Iterable[Row]]] = {
        "metrics": lambda: _metrics(facts, said, measure),
        "params": lambda: _texts([run.data.params for run in runs]),
        "code": lambda: [*_texts([_code(run) for run in runs], keep_order=True), *_changes(code)],
        "environment": lambda: _environment(facts),
        "data": lambda: _texts([_data(run) for run in runs]),
        "model": lambda: _models(facts),
        "tags": lambda: _texts([_user_tags(run) for run in runs]),
        "attributes": lambda: _attributes(runs),
        "artifacts": lambda: _artifacts(facts),
    }
    sections = []
    for name, build in builders.items():
        rows = tuple(build())
        if rows:
            # A stable sort: inside each half the builder's order stays.
            sections.append(Section(name, tuple(sorted(rows, key=lambda row: not row.differs))))
    return tuple(sections)


def _row(key: str, kind: Kind, cells: Iterable[Cell], opens: bool = False) -> Row:
    first, *others = cells
    return Row(key, kind, _differs(others), (Cell(first.value), *others), opens=opens)


def _differs(others: Iterable[Cell]) -> bool:
    return any(cell.verdict not in (Verdict.EQUAL, None) for cell in others)


def _keys(mappings: Iterable[Mapping[str, object]], keep_order: bool = False) -> list[str]:
    seen = {key: None for mapping in mappings for key in mapping}
    return list(seen) if keep_order else sorted(seen)


def _metrics(
    facts: Sequence[RunFacts], said: Mapping[str, bool], measure: Measure
) -> Iterable[Row]:
    for key in _keys(fact.metrics for fact in facts):
        summaries = [fact.metrics.get(key) for fact in facts]
        lower = directions.direction(key, said)
        measures = {}
        for each in Measure:
            if each is Measure.BEST and lower is None:
                continue
            values = [None if item is None else _measured(item, each, lower) for item in summaries]
            first, *others = (number_cell(value, values[0], lower) for value in values)
            measures[each] = (Cell(first.value), *others)
        cells = measures.get(measure, measures[Measure.LAST])
        yield Row(key, Kind.NUMBER, _differs(cells[1:]), cells, lower, measures)


def _measured(summary: MetricSummary, measure: Measure, lower: bool | None) -> float:
    if measure is Measure.LAST:
        return summary.value
    if measure is Measure.MIN or (measure is Measure.BEST and lower):
        return summary.min
    return summary.max


def _texts(mappings: Sequence[Mapping[str, str]], keep_order: bool = False) -> Iterable[Row]:
    for key in _keys(mappings, keep_order):
        yield _text_row(key, [mapping.get(key) for mapping in mappings])


def _text_row(key: str, values: Sequence[str | None]) -> Row:
    opens = any(value is not None and (len(value) > _LONG or "\n" in value) for value in values)
    return _row(key, Kind.TEXT, [text_cell(value, values[0]) for value in values], opens)


def _data(run: Run) -> dict[str, str]:
    """What a run read, by context: name and digest, which tells the content."""
    found: dict[str, list[str]] = {}
    for item in run.inputs.dataset_inputs:
        text = f"{item.dataset.name} {item.dataset.digest}"
        found.setdefault(item.context or "no context", []).append(text)
    return {context: ", ".join(sorted(texts)) for context, texts in found.items()}


def _user_tags(run: Run) -> dict[str, str]:
    tags = {key: value for key, value in run.data.tags.items() if not key.startswith(_SYSTEM_TAGS)}
    if run.note:
        tags[TAG_NOTE] = run.note
    return tags


def _code(run: Run) -> dict[str, str]:
    tags = run.data.tags
    known = {name: tags[key] for key, name in _CODE.items() if key in tags}
    if "commit" in known and tags.get(TAG_DIRTY) == "true":
        known["commit"] += " +dirty"
    others = {
        key: tags[key]
        for key in sorted(tags)
        if key.startswith(_SYSTEM_TAGS)
        and key not in _CODE
        and key not in _SHOWN_ELSEWHERE
        and not environment.is_environment(key)
    }
    return known | others


def _changes(code: Sequence[CodeChange | None]) -> Iterable[Row]:
    """The commits between, and the files that differ."""
    others = code[1:]
    if any(change is not None and _commit_words(change) for change in others):
        words = [None if change is None else _commit_words(change) for change in others]
        yield _change_row(COMMITS, others, words)
    files = [{file.path: file for file in change.files} if change else {} for change in others]
    for path in _keys(files):
        row_words = [_file_words(found[path]) if path in found else "" for found in files]
        # A name that is not UTF-8 comes with surrogates, which no output can encode.
        yield _change_row(printable(path), others, row_words)


def _change_row(key: str, code: Sequence[CodeChange | None], words: Sequence[str | None]) -> Row:
    cells = [Cell(None)]
    for change, text in zip(code, words, strict=True):
        if change is None:
            cells.append(Cell(None))
        elif text:
            cells.append(Cell(text, verdict=Verdict.DIFFERENT))
        else:
            cells.append(Cell(None, verdict=Verdict.EQUAL))
    return Row(key, Kind.CHANGE, _differs(cells[1:]), tuple(cells), opens=True)


def _commit_words(change: CodeChange) -> str:
    if change.ahead_count is None or change.behind_count is None:
        return ""  # the commits themselves are a row
    return commit_count(change.ahead_count, change.behind_count)


def commit_count(ahead: int, behind: int) -> str:
    """`3 commits`, `1 commit behind`, `3 commits, 1 behind`; empty where there are none."""
    noun = "commit" if (ahead or behind) == 1 else "commits"
    if ahead and behind:
        return f"{ahead} {noun}, {behind} behind"
    if behind:
        return f"{behind} {noun} behind"
    return f"{ahead} {noun}" if ahead else ""


def _file_words(file: FileChange) -> str:
    if file.added is None or file.removed is None:
        return file.preview or "changed"
    counts = " ".join(sign + str(n) for sign, n in (("+", file.added), ("−", file.removed)) if n)
    return f"{counts} {file.preview}".strip() or "changed"


def printable(path: str) -> str:
    """A path with `?` for what is not UTF-8."""
    return path.encode("utf-8", "replace").decode()


def _environment(facts: Sequence[RunFacts]) -> Iterable[Row]:
    rows = list(_texts([environment.facts_of(fact.run) for fact in facts], keep_order=True))
    places = [row for row in rows if environment.is_place(row.key)]
    yield from (row for row in rows if row not in places)
    yield from _packages(facts)
    yield from places


def _packages(facts: Sequence[RunFacts]) -> Iterable[Row]:
    packages = [fact.packages for fact in facts]
    base = packages[0]
    if base is None:
        return
    for name in environment.in_order(_keys(items for items in packages if items is not None)):
        cells = [
            Cell(None) if items is None else text_cell(items.get(name), base.get(name))
            for items in packages
        ]
        yield _row(name, Kind.TEXT, cells)


def _attributes(runs: Sequence[Run]) -> Iterable[Row]:
    infos = [run.info for run in runs]
    yield _text_row("status", [info.shown_status for info in infos])
    durations = [info.took() for info in infos]
    yield _row("duration", Kind.DURATION, [number_cell(value, durations[0]) for value in durations])
    starts = [info.start_time for info in infos]
    same = [Verdict.EQUAL if start == starts[0] else Verdict.DIFFERENT for start in starts]
    yield _row(
        "start",
        Kind.MOMENT,
        [Cell(start, verdict=verdict) for start, verdict in zip(starts, same, strict=True)],
    )
    yield _text_row("experiment", [info.experiment_name for info in infos])
    for key, values in (
        ("user", [info.user_id or None for info in infos]),
        ("parent run", [run.parent_run_id for run in runs]),
        ("command", [run.data.tags.get(TAG_COMMAND) for run in runs]),
    ):
        if any(values):
            yield _text_row(key, values)


def _models(facts: Sequence[RunFacts]) -> Iterable[Row]:
    models = [fact.models for fact in facts]
    read = [items for items in models if items is not None]
    if len(read) < len(models):
        return
    for path in _keys(read):
        here = [items.get(path) for items in read]
        sizes = [None if model is None else model.size for model in here]
        yield _row(path, Kind.SIZE, [number_cell(size, sizes[0]) for size in sizes], opens=True)
        yield from _model_says(path, here)


def _model_says(path: str, models: Sequence[ModelFact | None]) -> Iterable[Row]:
    said = [{} if model is None else model.says for model in models]
    for name in _keys(said, keep_order=True):
        cells = [
            # A run without the model is told once, in the model's own row.
            Cell(None, verdict=Verdict.EQUAL)
            if model is None or models[0] is None
            else text_cell(says.get(name), said[0].get(name))
            for model, says in zip(models, said, strict=True)
        ]
        cells = [
            Cell(says.get(name), cell.delta, cell.relative, cell.verdict)
            for cell, says in zip(cells, said, strict=True)
        ]
        opens = any(len(says.get(name, "")) > _LONG for says in said)
        yield _row(f"{path} {name}", Kind.TEXT, cells, opens)


def model_folders(runs: Iterable[Run]) -> frozenset[str]:
    """The artifact folders that hold a model in any of the runs."""
    return frozenset(path for run in runs for path in run.model_paths)


def _artifacts(facts: Sequence[RunFacts]) -> Iterable[Row]:
    # A model's files carry its run's id and times: the model section speaks for the folder.
    folders = model_folders(fact.run for fact in facts)
    read = [fact.files for fact in facts if fact.files is not None]
    if len(read) < len(facts):
        return
    for path in _keys(read):
        if any(inside(path, folder) for folder in folders):
            continue
        files = [items.get(path) for items in read]
        cells = [_file_cell(file, files[0]) for file in files]
        yield _row(printable(path), Kind.SIZE, cells, opens=True)


def _size(file: FileFact | None) -> int | None:
    return None if file is None else file.size


def _file_cell(file: FileFact | None, baseline: FileFact | None) -> Cell:
    cell = number_cell(_size(file), _size(baseline))
    if file is None or baseline is None or file.size != baseline.size:
        return cell
    same = file.digest is None or baseline.digest is None or file.digest == baseline.digest
    verdict = Verdict.EQUAL if same else Verdict.DIFFERENT
    return Cell(cell.value, cell.delta, cell.relative, verdict)
