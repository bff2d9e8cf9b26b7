"""Reading what is compared from a store: at once what its tables hold, then what takes longer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tuiflow import text
from tuiflow.diff.code import CodeComparer, RecordedCode, read_code
from tuiflow.diff.environment import read_packages
from tuiflow.diff.facts import RunFacts
from tuiflow.diff.files import MAX_FILES, digest_files, list_files
from tuiflow.diff.model_facts import read_models
from tuiflow.diff.result import CodeChange, Comparison, Measure, Row, RunColumn, Section, Value
from tuiflow.diff.sections import build_sections, model_folders
from tuiflow.diff.summary import headline, summarize, winner
from tuiflow.diff.why import MIN_RUNS as WHY_RUNS
from tuiflow.diff.why import associate
from tuiflow.entities import Run, RunStatus
from tuiflow.errors import InvalidInput
from tuiflow.store import Store

MIN_RUNS = 2
MAX_RUNS = 20


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was read of the runs in `facts`, the first of which is the baseline.

    `recorded` is what each run's code is told from, `code` how it differs, by (baseline's id,
    other's id). `said` are directions of metrics. `settled` are the runs that had ended when their
    artifacts were read, and have not changed since. `complete` says that `read_rest` was there.
    """

    facts: tuple[RunFacts, ...]
    said: Mapping[str, bool] = field(default_factory=dict)
    recorded: Mapping[str, RecordedCode] = field(default_factory=dict)
    code: Mapping[tuple[str, str], CodeChange | None] = field(default_factory=dict)
    settled: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    complete: bool = False

    @property
    def run_ids(self) -> tuple[str, ...]:
        return tuple(fact.run.info.run_id for fact in self.facts)

    def compare(self, metric: str | None = None, measure: Measure = Measure.LAST) -> Comparison:
        """The comparison of what was read. Pure; see `compare` for the arguments."""
        base = self.run_ids[0]
        return compare_facts(
            self.facts,
            self.notes,
            metric,
            said=self.said,
            code=[self.code.get((base, run_id)) for run_id in self.run_ids],
            measure=measure,
            complete=self.complete,
        )


def compare(
    store: Store,
    run_ids: Sequence[str],
    baseline: str | None = None,
    metric: str | None = None,
    measure: Measure = Measure.LAST,
) -> Comparison:
    """Compare 2 to 20 runs against a baseline.

    `run_ids` are full ids, each once. `baseline` is the run the others are measured against: the
    first by default; one that is not among `run_ids` joins them. `metric` is the one to choose the
    best run by; by default it is chosen from the metrics that the runs share. `measure` is what
    counts of a metric with a history.

    Reads artifacts' names, sizes and content (within limits that the notes tell), and asks Git
    where a repository of the user has the runs' commits; never loads a model. Raises InvalidInput
    for a wrong number of runs, NotFound for an unknown one.
    """
    gathered = read_facts(store, chosen_runs(run_ids, baseline))
    return read_rest(store, gathered).compare(metric, measure)


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


def read_facts(store: Store, run_ids: Sequence[str], known: Gathered | None = None) -> Gathered:
    """What the store's tables hold of each run, in the order given, in some milliseconds.

    What `known`, read before, has of the same runs beyond that is kept until `read_rest`.
    """
    runs = [store.get_run(run_id) for run_id in run_ids]
    before = {fact.run.info.run_id: fact for fact in known.facts} if known else {}
    facts = []
    for run in runs:
        run_id = run.info.run_id
        metrics = {summary.key: summary for summary in store.metric_summaries(run_id)}
        old = before.get(run_id)
        facts.append(
            RunFacts(run, metrics, old.files, old.packages, old.models)
            if old is not None
            else RunFacts(run, metrics)
        )
    said = store.metric_directions()
    if known is None:
        return Gathered(tuple(facts), said)
    return Gathered(
        tuple(facts),
        said,
        known.recorded,
        known.code,
        _settled(facts, before),
        known.notes,
        known.complete and tuple(run_ids) == known.run_ids,
    )


def _settled(facts: Sequence[RunFacts], before: Mapping[str, RunFacts]) -> frozenset[str]:
    return frozenset(
        fact.run.info.run_id
        for fact in facts
        if fact.files is not None
        and before[fact.run.info.run_id].run == fact.run
        and RunStatus.is_terminated(fact.run.info.status)
    )


def read_rest(store: Store, gathered: Gathered) -> Gathered:
    """Add what takes longer: artifacts, models, packages and code.

    The artifacts of settled runs are not looked at again, nor is the code of runs whose record of
    it is as it was.
    """
    files = []
    for run_id, fact in zip(gathered.run_ids, gathered.facts, strict=True):
        known = fact.files if run_id in gathered.settled else None
        files.append(list_files(store, run_id) if known is None else known)
    runs = [fact.run for fact in gathered.facts]
    old = [fact.files or {} for fact in gathered.facts]
    digested = digest_files(store, gathered.run_ids, files, old, model_folders(runs))
    facts = tuple(
        replace(
            fact,
            files=found,
            models=read_models(store, fact.run, found, fact.models),
            packages=read_packages(store, fact.run.info.run_id),
        )
        for fact, found in zip(gathered.facts, digested.files, strict=True)
    )
    recorded = {run.info.run_id: read_code(store, run) for run in runs}
    code = _compare_code(recorded, gathered)
    notes = _notes(facts, code, digested.unread)
    return replace(gathered, facts=facts, recorded=recorded, code=code, notes=notes, complete=True)


def _compare_code(
    recorded: Mapping[str, RecordedCode], gathered: Gathered
) -> dict[tuple[str, str], CodeChange | None]:
    base, *others = gathered.run_ids
    same = {run_id for run_id, code in recorded.items() if code == gathered.recorded.get(run_id)}
    code = {pair: change for pair, change in gathered.code.items() if same.issuperset(pair)}
    comparer = CodeComparer()
    for run_id in others:
        if (base, run_id) not in code:
            code[base, run_id] = comparer.compare(recorded[base], recorded[run_id])
    return code


def _notes(
    facts: Sequence[RunFacts], code: Mapping[tuple[str, str], CodeChange | None], unread: int
) -> tuple[str, ...]:
    notes = []
    base = facts[0].run.info.run_id
    for place, fact in enumerate(facts):
        name = text.clean(fact.run.info.run_name, 60)
        if fact.files is not None and len(fact.files) == MAX_FILES:
            notes.append(f"{name}: only {MAX_FILES} artifacts are compared.")
        if fact.packages is None and any(other.packages is not None for other in facts):
            notes.append(f"{name}: it recorded no packages.")
        change = code.get((base, fact.run.info.run_id)) if place else None
        if change is not None and change.ahead_count is None:
            notes.append(f"{name}: its code is compared by what was recorded; {_NO_REPOSITORY}")
        if change is not None and change.more_files:
            notes.append(f"{name}: {change.more_files:,} more files of code differ.")
    if unread:
        noun = "artifact is" if unread == 1 else "artifacts are"
        notes.append(f"{unread:,} large {noun} compared by size alone.")
    return tuple(notes)


_NO_REPOSITORY = "no repository of yours here has its commit and the baseline's."


def compare_facts(
    facts: Sequence[RunFacts],
    notes: Sequence[str] = (),
    metric: str | None = None,
    *,
    said: Mapping[str, bool] | None = None,
    code: Sequence[CodeChange | None] = (),
    measure: Measure = Measure.LAST,
    complete: bool = True,
) -> Comparison:
    """The comparison of runs whose facts were read; the first is the baseline. Pure.

    `said` are directions of metrics that somebody has spoken of, `code` is how each run's code
    differs from the baseline's.
    """
    said = said or {}
    runs = tuple(_column(fact.run) for fact in facts)
    sections = build_sections(facts, said, measure, code)
    row = next((row for section in sections if (row := _spoken_of(section, metric))), None)
    if row is not None:
        sections = tuple(_with_first(section, row) for section in sections)
    best = winner(row) if row is not None else None
    why = None
    if row is not None and len(facts) >= WHY_RUNS:
        values = (_as_float(cell.value) for cell in row.cells)
        pairs = zip(values, (fact.run.data.params for fact in facts), strict=True)
        why = associate(pairs, row.key, row.lower_is_better)
    return Comparison(
        runs,
        sections,
        summarize(runs, sections, best, code),
        headline=None if row is None else row.key,
        best=None if best is None else runs[best.index].run_id,
        curves=_curves(facts),
        code=tuple(code),
        why=why,
        measure=measure,
        notes=tuple(notes),
        complete=complete,
    )


def _as_float(value: Value | None) -> float | None:
    return None if value is None else float(value)


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
