"""NumPy arrays as a data set."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuiflow.data.dataset import Dataset
from tuiflow.data.dataset_source import DatasetSource
from tuiflow.data.digest import numpy_digest
from tuiflow.data.sources import resolve_source
from tuiflow.errors import InvalidInput, TuiflowError
from tuiflow.models.schema import Schema

if TYPE_CHECKING:
    from tuiflow.data.digest import Arrays

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TensorDatasetSchema:
    """The tensors of features and targets. Wire format: mlflow/data/schema.py."""

    features: Schema
    targets: Schema | None = None

    def to_dict(self) -> dict[str, Any]:
        targets = None if self.targets is None else self.targets.to_json()
        return {"mlflow_tensorspec": {"features": self.features.to_json(), "targets": targets}}

    @classmethod
    def from_dict(cls, schema_dict: Mapping[str, Any]) -> TensorDatasetSchema:
        """Read MLflow's JSON data; InvalidInput where it is malformed."""
        specs = schema_dict.get("mlflow_tensorspec")
        if not isinstance(specs, Mapping) or not isinstance(specs.get("features"), str):
            raise InvalidInput("The schema is not one of tensors as MLflow writes it.")
        targets = specs.get("targets")
        return cls(
            Schema.from_json(specs["features"]),
            None if targets is None else Schema.from_json(targets),
        )


class NumpyDataset(Dataset):
    """Features and, maybe, targets: each an array or a dictionary of named arrays."""

    def __init__(
        self,
        features: Arrays,
        source: DatasetSource,
        targets: Arrays | None = None,
        name: str | None = None,
        digest: str | None = None,
    ) -> None:
        """Raises InvalidInput for anything but arrays."""
        _check("features", features)
        if targets is not None:
            _check("targets", targets)
        self._features = features
        self._targets = targets
        super().__init__(source, name, digest)

    def _compute_digest(self) -> str:
        return numpy_digest(self._features, self._targets)

    @property
    def features(self) -> Arrays:
        return self._features

    @property
    def targets(self) -> Arrays | None:
        return self._targets

    @functools.cached_property
    def schema(self) -> TensorDatasetSchema | None:
        """Types and shapes; None, and a warning logged, where they can't be told."""
        from tuiflow.models.signature import infer_schema

        try:
            targets = None if self._targets is None else infer_schema(self._targets)
            return TensorDatasetSchema(infer_schema(self._features), targets)
        except TuiflowError as error:
            _log.warning("The data set %s has no schema: %s", self.name, error)
            return None

    @property
    def profile(self) -> dict[str, Any]:
        """Shape, size (values) and bytes of features and targets; of each array in a dictionary."""
        facts: dict[str, Any] = {}
        for what, arrays in (("features", self._features), ("targets", self._targets)):
            if arrays is None:
                continue
            for fact in ("shape", "size", "nbytes"):
                facts[f"{what}_{fact}"] = (
                    {key: getattr(array, fact) for key, array in arrays.items()}
                    if isinstance(arrays, Mapping)
                    else getattr(arrays, fact)
                )
        return facts


def _check(what: str, arrays: object) -> None:
    import numpy as np

    items = list(arrays.values()) if isinstance(arrays, Mapping) else [arrays]
    for item in items:
        if not isinstance(item, np.ndarray):
            raise InvalidInput(
                f"The {what} must be a NumPy array or a dictionary of them, not"
                f" {type(item).__name__}; numpy.asarray makes one."
            )


def from_numpy(
    features: Arrays,
    source: str | os.PathLike[str] | DatasetSource | None = None,
    targets: Arrays | None = None,
    name: str | None = None,
    digest: str | None = None,
) -> NumpyDataset:
    """A data set from NumPy arrays, to be logged with `log_input`.

    `source` is a path or URI, by default the running script; `digest` is computed from the
    content unless given. Raises InvalidInput.
    """
    return NumpyDataset(features, resolve_source(source), targets, name, digest)
