"""Which runs a command is to change: those that are named, or those that a filter finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tuiflow.cli.options import experiment_ids
from tuiflow.entities import LifecycleStage, Run, RunStatus, ViewType
from tuiflow.errors import InvalidInput, InvalidState
from tuiflow.filters import Key, Kind, Node, keys_of, parse_filter
from tuiflow.protocols import RunQuery
from tuiflow.store import Store
from tuiflow.store.many import count_running, nested_in
from tuiflow.text import clean, did_you_mean, shorten_middle

FIRST = 200
"""Runs that are read to be shown or looked at, however many a filter finds."""
NAMES_SHOWN = 5
NAME_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Selected:
    """The row keys of runs, and the first of them: all that were named, `FIRST` of a filter's."""

    keys: Sequence[int]
    first: Sequence[Run]

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def title(self) -> str:
        """`run NAME (ID)`, or `12 runs` and the first names."""
        if len(self) == 1:
            return f"run {title(self.first[0])}"
        shown = self.first[:NAMES_SHOWN]
        names = ", ".join(shorten_middle(clean(run.info.run_name), NAME_WIDTH) for run in shown)
        more = ", …" if len(self) > len(shown) else ""
        return f"{len(self):,} runs ({names}{more})"

    def with_nested(self, store: Store, deleted: bool = False) -> Selected:
        """These and the runs nested in them, at any depth."""
        nested = nested_in(store, self.keys, deleted)
        return Selected([*self.keys, *nested], self.first) if nested else self

    def running(self, store: Store) -> int:
        """How many of them go on."""
        if len(self.first) == len(self):
            return sum(run.info.shown_status == RunStatus.RUNNING for run in self.first)
        return count_running(store, self.keys)


def select(
    store: Store,
    names: Sequence[str],
    filter_text: str,
    experiments: list[str] | None,
    view: ViewType = ViewType.ACTIVE_ONLY,
) -> Selected:
    """The runs of `view` that are named or that a filter finds.

    Raises InvalidInput where nothing is selected, or both ways at once, NotFound, Ambiguous, and
    InvalidState for a run that is not of `view`.
    """
    if names and (filter_text or experiments):
        raise InvalidInput("Name the runs, or select them with --filter and -x; not both.")
    if not names and not filter_text and not experiments:
        raise InvalidInput("Name the runs, or select them with --filter or -x EXPERIMENT.")
    if names:
        ids = dict.fromkeys(store.resolve_run(name, view=view) for name in names)
        found = [store.get_run(run_id) for run_id in ids]
        for run in found:
            _check(run, view)
        return Selected([store.row_key(run_id) for run_id in ids], found)
    known = store.key_names().keys()
    node = parse_filter(filter_text, known=known)
    keys = store.search_keys(RunQuery(experiment_ids(store, experiments), node, (), view))
    if not keys:
        kind = "deleted runs" if view is ViewType.DELETED_ONLY else "runs"
        raise InvalidInput(f"No {kind} match.{unknown_keys(node, known)}")
    return Selected(keys, store.load_runs(keys[:FIRST]))


def _check(run: Run, view: ViewType) -> None:
    deleted = run.info.lifecycle_stage == LifecycleStage.DELETED
    if deleted and view is ViewType.ACTIVE_ONLY:
        raise InvalidState(
            f"Run {title(run)} is deleted; restore it with:"
            f" tuiflow runs restore {run.info.run_id[:8]}"
        )
    if not deleted and view is ViewType.DELETED_ONLY:
        raise InvalidState(f"Run {title(run)} is not deleted.")


def unknown_keys(node: Node | None, known: Sequence[Key]) -> str:
    """What to add to `No runs match.`: keys of the filter that no run has."""
    if node is None:
        return ""
    names = [str(key) for key in known]
    missing = {
        str(key): did_you_mean(str(key), names) or "."
        for key in keys_of(node)
        if key.kind is not Kind.ATTRIBUTE and key not in known
    }
    return "".join(f" No run has {clean(key, 60)}{hint}" for key, hint in missing.items())


def title(run: Run) -> str:
    """A run for a person: `rare-goat-234 (2c127514)`."""
    return f"{shorten_middle(clean(run.info.run_name), NAME_WIDTH)} ({run.info.run_id[:8]})"


def counted(count: int, noun: str = "run") -> str:
    """`1 run`, `12 runs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def assignment(text: str) -> tuple[str, str]:
    """A tag as it is written on the command line. Raises InvalidInput."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise InvalidInput(f"{text!r} is no tag to set; write it as KEY=VALUE.")
    return key, value
