"""From the facts of several runs to sections of rows; the first run is the baseline. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tuiflow import directions
from tuiflow.diff.result import Cell, Kind, Row, Section, Verdict
from tuiflow.diff.values import number_cell, text_cell
from tuiflow.entities import (
    TAG_ENTRY_POINT,
    TAG_GIT_COMMIT,
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

SECTIONS = ("metrics", "params", "data", "tags", "code", "attributes", "model", "artifacts")

_SYSTEM_TAGS = ("mlflow.", "tuiflow.")
_CODE = {
    TAG_SOURCE_NAME: "source",
    TAG_SOURCE_TYPE: "source type",
    TAG_GIT_COMMIT: "commit",
    TAG_ENTRY_POINT: "entry point",
    TAG_PROJECT_BACKEND: "backend",
}
_SHOWN_ELSEWHERE = (TAG_RUN_NAME, TAG_NOTE, TAG_MODELS, TAG_USER, TAG_PARENT)


@dataclass(frozen=True, slots=True)
class FileFact:
    """An artifact: bytes, and the digest of its content where that was worth reading."""

    size: int
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """All that is compared of one run. `files` are keyed by their path in the artifact folder."""

    run: Run
    metrics: Mapping[str, MetricSummary] = field(default_factory=dict)
    files: Mapping[str, FileFact] = field(default_factory=dict)


def build_sections(facts: Sequence[RunFacts]) -> tuple[Section, ...]:
    """The sections that have rows, in the order of `SECTIONS`."""
    builders: dict[str, Callable[[Sequence[RunFacts]], Iterable[Row]]] = {
        "metrics": _metrics,
        "params": lambda facts: _texts([fact.run.data.params for fact in facts]),
        "data": lambda facts: _texts([_data(fact.run) for fact in facts]),
        "tags": lambda facts: _texts([_user_tags(fact.run) for fact in facts]),
        "code": lambda facts: _texts([_code(fact.run) for fact in facts], keep_order=True),
        "attributes": _attributes,
        "model": _models,
        "artifacts": _artifacts,
    }
    sections = []
    for name in SECTIONS:
        rows = tuple(builders[name](facts))
        if rows:
            # A stable sort: inside each half the builder's order stays.
            sections.append(Section(name, tuple(sorted(rows, key=lambda row: not row.differs))))
    return tuple(sections)


def _row(key: str, kind: Kind, cells: Iterable[Cell], lower_is_better: bool | None = None) -> Row:
    first, *others = cells
    differs = any(cell.verdict is not Verdict.EQUAL for cell in others)
    return Row(key, kind, differs, (Cell(first.value), *others), lower_is_better)


def _keys(mappings: Iterable[Mapping[str, object]], keep_order: bool = False) -> list[str]:
    seen = {key: None for mapping in mappings for key in mapping}
    return list(seen) if keep_order else sorted(seen)


def _metrics(facts: Sequence[RunFacts]) -> Iterable[Row]:
    for key in _keys(fact.metrics for fact in facts):
        summaries = [fact.metrics.get(key) for fact in facts]
        values = [None if summary is None else summary.value for summary in summaries]
        lower = directions.told_direction(key)
        cells = [number_cell(value, values[0], lower) for value in values]
        yield _row(key, Kind.NUMBER, cells, lower)


def _texts(mappings: Sequence[Mapping[str, str]], keep_order: bool = False) -> Iterable[Row]:
    for key in _keys(mappings, keep_order):
        yield _text_row(key, [mapping.get(key) for mapping in mappings])


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
    others = {
        key: tags[key]
        for key in sorted(tags)
        if key.startswith(_SYSTEM_TAGS) and key not in _CODE and key not in _SHOWN_ELSEWHERE
    }
    return known | others


def _attributes(facts: Sequence[RunFacts]) -> Iterable[Row]:
    infos = [fact.run.info for fact in facts]
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
        ("parent run", [fact.run.parent_run_id for fact in facts]),
    ):
        if any(values):
            yield _text_row(key, values)


def _text_row(key: str, values: Sequence[str | None]) -> Row:
    return _row(key, Kind.TEXT, [text_cell(value, values[0]) for value in values])


def _models(facts: Sequence[RunFacts]) -> Iterable[Row]:
    sizes = [{path: _folder_size(fact, path) for path in fact.run.model_paths} for fact in facts]
    for path in _keys(sizes):
        baseline = sizes[0].get(path)
        yield _row(path, Kind.SIZE, [number_cell(size.get(path), baseline) for size in sizes])


def _folder_size(fact: RunFacts, path: str) -> int:
    return sum(file.size for name, file in fact.files.items() if inside(name, path))


def model_folders(runs: Iterable[Run]) -> frozenset[str]:
    """The artifact folders that hold a model in any of the runs."""
    return frozenset(path for run in runs for path in run.model_paths)


def inside(name: str, folder: str) -> bool:
    """Whether an artifact lies in a folder, at any depth."""
    return name.startswith(folder.rstrip("/") + "/")


def _artifacts(facts: Sequence[RunFacts]) -> Iterable[Row]:
    # A model's files carry its run's id and times: the model section speaks for the folder.
    folders = model_folders(fact.run for fact in facts)
    for path in _keys(fact.files for fact in facts):
        if any(inside(path, folder) for folder in folders):
            continue
        files = [fact.files.get(path) for fact in facts]
        # A name that is not UTF-8 comes from the disk with surrogates, which no output can encode.
        name = path.encode("utf-8", "replace").decode()
        yield _row(name, Kind.SIZE, [_file_cell(file, files[0]) for file in files])


def _size(file: FileFact | None) -> int | None:
    return None if file is None else file.size


def _file_cell(file: FileFact | None, baseline: FileFact | None) -> Cell:
    cell = number_cell(_size(file), _size(baseline))
    if file is None or baseline is None or file.size != baseline.size:
        return cell
    same = file.digest is None or baseline.digest is None or file.digest == baseline.digest
    verdict = Verdict.EQUAL if same else Verdict.DIFFERENT
    return Cell(cell.value, cell.delta, cell.relative, verdict)
