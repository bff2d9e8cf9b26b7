"""Reading what is compared from a store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from tuiflow import text
from tuiflow.diff.result import Comparison, Row, RunColumn, Section
from tuiflow.diff.sections import FileFact, RunFacts, build_sections, inside, model_folders
from tuiflow.diff.summary import headline, summarize, winner
from tuiflow.entities import Run, RunStatus
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.protocols import TrackingStore

MIN_RUNS = 2
MAX_RUNS = 20

MAX_FILES = 2000
"""Artifacts compared per run; the notes say so where there are as many."""

HASHED_BYTES = 1 << 20
"""Files of equal size up to this are compared by content, larger ones by size alone."""

HASHED_TOTAL = 64 << 20
"""So much is read for one comparison; after that, files are compared by size alone."""


def compare(
    store: TrackingStore,
    run_ids: Sequence[str],
    baseline: str | None = None,
    metric: str | None = None,
) -> Comparison:
    """Compare 2 to 20 runs against a baseline.

    `run_ids` are full ids, each once. `baseline` is the run the others are measured against: the
    first by default; one that is not among `run_ids` joins them. `metric` is the one to choose the
    best run by; by default it is chosen from the metrics that the runs share.

    Reads artifacts' names and sizes, and the content of small files; never loads a model. Raises
    InvalidInput for a wrong number of runs, NotFound for an unknown one.
    """
    facts, notes = read_facts(store, chosen_runs(run_ids, baseline))
    return compare_facts(facts, notes, metric)


def chosen_runs(run_ids: Sequence[str], baseline: str | None = None) -> list[str]:
    """The runs to compare, each once, the baseline first.

    Raises InvalidInput where they are too few or too many.
    """
    ids = list(dict.fromkeys(run_ids))
    if baseline is not None:
        ids = [baseline, *(run_id for run_id in ids if run_id != baseline)]
    if len(ids) < MIN_RUNS:
        raise InvalidInput("A comparison needs two different runs or more; name another one.")
    if len(ids) > MAX_RUNS:
        raise InvalidInput(f"{len(ids)} runs are too many to compare: {MAX_RUNS} is the most.")
    return ids


def read_facts(
    store: TrackingStore, run_ids: Sequence[str], known: Sequence[RunFacts] = ()
) -> tuple[tuple[RunFacts, ...], tuple[str, ...]]:
    """The facts of each run in the order given, and notes on what was left out.

    `known` are facts read before: an ended run that has not changed since keeps its files.
    """
    runs = [store.get_run(run_id) for run_id in run_ids]
    before = {fact.run.info.run_id: fact for fact in known}
    kept: dict[int, Mapping[str, FileFact]] = {}
    notes: list[str] = []
    sizes: list[dict[str, int]] = []
    for index, run in enumerate(runs):
        fact = before.get(run.info.run_id)
        if fact is not None and fact.run == run and RunStatus.is_terminated(run.info.status):
            kept[index] = fact.files
            sizes.append({path: file.size for path, file in fact.files.items()})
        else:
            sizes.append(_file_sizes(store, run))
        if len(sizes[-1]) == MAX_FILES:
            name = text.clean(run.info.run_name, 60)
            notes.append(f"{name}: only {MAX_FILES} artifacts are compared.")
    digests = _digests(store, run_ids, sizes, model_folders(runs), kept)
    return tuple(
        RunFacts(
            run,
            {summary.key: summary for summary in store.metric_summaries(run.info.run_id)},
            {path: FileFact(size, digests.get((index, path))) for path, size in files.items()},
        )
        for index, (run, files) in enumerate(zip(runs, sizes, strict=True))
    ), tuple(notes)


def compare_facts(
    facts: Sequence[RunFacts], notes: Sequence[str] = (), metric: str | None = None
) -> Comparison:
    """The comparison of runs whose facts were read; the first is the baseline. Pure."""
    runs = tuple(_column(fact.run) for fact in facts)
    sections = build_sections(facts)
    row = next((row for section in sections if (row := _spoken_of(section, metric))), None)
    if row is not None:
        sections = tuple(_with_first(section, row) for section in sections)
    best = winner(row) if row is not None else None
    return Comparison(
        runs,
        sections,
        summarize(runs, sections, best),
        headline=None if row is None else row.key,
        best=None if best is None else runs[best.index].run_id,
        curves=_curves(facts),
        notes=tuple(notes),
    )


def _spoken_of(section: Section, metric: str | None) -> Row | None:
    if section.name != "metrics":
        return None
    return next((row for row in section.rows if row.key == metric), None) or headline(section)


def _with_first(section: Section, first: Row) -> Section:
    """The section with a row of its own in front of those that differ, or don't, as it does."""
    rows = sorted(section.rows, key=lambda row: (not row.differs, row is not first))
    return Section(section.name, tuple(rows))


def _column(run: Run) -> RunColumn:
    info = run.info
    return RunColumn(
        info.run_id,
        info.run_name,
        info.experiment_id,
        info.experiment_name,
        info.shown_status,
        info.start_time,
        info.end_time,
    )


def _curves(facts: Sequence[RunFacts]) -> tuple[str, ...]:
    counts: dict[str, list[int]] = {}
    for fact in facts:
        for key, summary in fact.metrics.items():
            counts.setdefault(key, []).append(summary.count)
    return tuple(sorted(key for key, n in counts.items() if len(n) > 1 and max(n) > 1))


def _file_sizes(store: TrackingStore, run: Run) -> dict[str, int]:
    """Sizes of up to MAX_FILES artifacts; a folder that can't be read counts as empty."""
    files: dict[str, int] = {}
    folders = [""]
    while folders:
        try:
            entries = store.list_artifacts(run.info.run_id, folders.pop())
        except (OSError, NotFound, InvalidInput):
            continue
        for entry in entries:
            if entry.is_dir:
                folders.append(entry.path)
            else:
                files[entry.path] = entry.file_size or 0
                if len(files) == MAX_FILES:
                    return files
    return files


def _digests(
    store: TrackingStore,
    run_ids: Sequence[str],
    sizes: Sequence[Mapping[str, int]],
    folders: frozenset[str],
    kept: Mapping[int, Mapping[str, FileFact]],
) -> dict[tuple[int, str], bytes]:
    """Digests of the small files that the baseline has with another run, at the same size.

    Files in `folders` hold a model and are not read; those in `kept` are as they were.
    """
    digests: dict[tuple[int, str], bytes] = {}
    left = HASHED_TOTAL
    for path, size in sizes[0].items():
        if any(inside(path, folder) for folder in folders):
            continue
        rivals = [i for i, files in enumerate(sizes) if files.get(path) == size]
        cost = size * len(rivals)
        if len(rivals) < 2 or size > HASHED_BYTES or cost > left:
            continue
        left -= cost
        for index in rivals:
            before = kept[index].get(path) if index in kept else None
            digest = (before and before.digest) or _digest(store, run_ids[index], path)
            if digest is not None:
                digests[index, path] = digest
    return digests


def _digest(store: TrackingStore, run_id: str, path: str) -> bytes | None:
    try:
        file = store.artifact_path(run_id, path)
        if not file.is_file():
            return None
        with file.open("rb") as stream:
            # One byte more than was announced: a file that is growing then differs.
            return hashlib.sha256(stream.read(HASHED_BYTES + 1)).digest()
    except (OSError, NotFound, InvalidInput):
        return None
