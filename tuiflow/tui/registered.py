"""What the screens of registered models show, read in a worker. No framework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuiflow.entities import STAGES, ModelVersion, RegisteredModel, Run
from tuiflow.errors import TuiflowError
from tuiflow.filters import Kind
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
