"""What the screens of registered models show, read in a worker. No framework."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tuiflow.entities import STAGES, ModelVersion, RegisteredModel, Run, ViewType
from tuiflow.errors import TuiflowError
from tuiflow.filters import Key, Kind, Node, parse_filter
from tuiflow.filters.tree import And, In, Not, Or, Text
from tuiflow.protocols import RunQuery
from tuiflow.store.usage import usage_of
from tuiflow.tui.views import load_view
from tuiflow.tui.widgets.columns import default_columns

if TYPE_CHECKING:
    from tuiflow.models.uri import RegistryModel
    from tuiflow.store import Store

METRICS = 2
"""How many metrics of their runs stand beside versions."""


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A registered model and how many versions it has."""

    model: RegisteredModel
    count: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version and the run that it came from, if that is in the store."""

    version: ModelVersion
    run: Run | None


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of a model, the newest first, and the metrics that tell them apart."""

    model: RegisteredModel
    rows: Sequence[VersionRow]
    metrics: Sequence[str]

    @property
    def staged(self) -> bool:
        """Whether a version is in a stage at all."""
        return any(row.version.current_stage != STAGES[0] for row in self.rows)


def list_models(store: Store) -> list[ModelRow]:
    """All registered models, by name."""
    counts = store.registry.count_versions()
    return [ModelRow(model, counts.get(model.name, 0)) for model in store.registry.list_models()]


def list_versions(store: Store, name: str) -> Versions:
    """Raises NotFound where there is no such model any more."""
    model = store.registry.get_model(name)
    versions = store.registry.list_versions(name)[::-1]
    runs = {run_id: find_run(store, run_id) for run_id in {item.run_id for item in versions}}
    rows = [VersionRow(version, runs[version.run_id]) for version in versions]
    return Versions(model, rows, _metrics(store, [row.run for row in rows if row.run]))


def matching_versions(store: Store, versions: Versions, text: str, now: int) -> frozenset[int]:
    """The numbers of the versions that pass a filter, in the language of runs: its words look in
    what is shown of a version and its tags, its conditions in the version's run.

    `now` is in epoch ms. Raises FilterError.
    """
    node = parse_filter(text, now, store.key_names().keys())
    if node is None:
        return frozenset(row.version.version for row in versions.rows)
    ids = {row.run.info.run_id for row in versions.rows if row.run is not None}
    these = In(Key(Kind.ATTRIBUTE, "run_id"), tuple(sorted(ids)))

    @cache
    def runs_with(condition: Node) -> frozenset[str]:
        query = RunQuery(None, And((these, condition)), view=ViewType.ALL)
        keys = store.search_keys(query) if ids else ()
        return frozenset(run.info.run_id for run in store.load_runs(keys))

    return frozenset(row.version.version for row in versions.rows if _passes(node, row, runs_with))


def _passes(node: Node, row: VersionRow, runs_with: Callable[[Node], frozenset[str]]) -> bool:
    match node:
        case And(parts):
            return all(_passes(part, row, runs_with) for part in parts)
        case Or(parts):
            return any(_passes(part, row, runs_with) for part in parts)
        case Not(part):
            return not _passes(part, row, runs_with)
        case Text(text):
            return any(text.casefold() in other.casefold() for other in _texts(row))
    return row.run is not None and row.run.info.run_id in runs_with(node)


def _texts(row: VersionRow) -> Iterator[str]:
    """What free words look in."""
    version, run = row.version, row.run
    yield from (str(version.version), version.description or "", version.current_stage)
    yield from (f"@{alias}" for alias in version.aliases)
    yield from (f"{key}={value}" for key, value in version.tags.items())
    yield from (version.source,) if run is None else (run.info.run_name, run.note)


def find_run(store: Store, run_id: str) -> Run | None:
    """The run that a version tells of, None where it is none of this store."""
    try:
        return store.get_run(run_id) if run_id else None
    except TuiflowError:  # it is gone, or was another server's with an id of another kind
        return None


def _metrics(store: Store, runs: Sequence[Run]) -> list[str]:
    """The metric by which the newest one's experiment is sorted, then those most runs have."""
    if not runs:
        return []
    order = load_view(store, runs[0].info.experiment_id).first_order
    first = [order.key.name] if order is not None and order.key.kind is Kind.METRIC else []
    columns = [item for item in default_columns(usage_of(runs)) if item.startswith("metrics.")]
    most = [item.removeprefix("metrics.") for item in columns]
    known = [name for name in first if any(name in run.data.metrics for run in runs)]
    return list(dict.fromkeys([*known, *most]))[:METRICS]


def find_served(store: Store, address: RegistryModel) -> tuple[Run, str]:
    """The run and the artifact path that a model's address means.

    Raises InvalidInput where it is no run's, NotFound.
    """
    from tuiflow.errors import InvalidInput
    from tuiflow.models.uri import LocalModel
    from tuiflow.tracking.models import locate_model

    found = locate_model(store, address)
    if isinstance(found, LocalModel):
        raise InvalidInput(
            f"{address} is the folder {found.folder}, of no run here; serve it with:"
            f" tuiflow serve -m {address}"
        )
    return store.get_run(found.run_id), found.path
