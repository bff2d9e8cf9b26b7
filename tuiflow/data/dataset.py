"""What all data sets have in common."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any

from tuiflow.data.dataset_source import DatasetSource


class Dataset(ABC):
    """A data set to log: its name, its digest, where it is from, its schema and a profile.

    A subclass sets what `_compute_digest` reads before it calls this constructor.
    """

    def __init__(
        self, source: DatasetSource, name: str | None = None, digest: str | None = None
    ) -> None:
        self._source = source
        self._name = name
        self._digest = digest or self._compute_digest()

    @abstractmethod
    def _compute_digest(self) -> str:
        """A short text that tells the content; called where no digest was given."""

    @property
    def name(self) -> str:
        """The name it was given, else `dataset`."""
        return "dataset" if self._name is None else self._name

    @property
    def digest(self) -> str:
        return self._digest

    @property
    def source(self) -> DatasetSource:
        return self._source

    @property
    @abstractmethod
    def schema(self) -> Any:
        """Names and types of what is in it; None where that can't be told."""

    @property
    @abstractmethod
    def profile(self) -> dict[str, Any] | None:
        """How large it is, as JSON data."""

    def schema_dict(self) -> dict[str, Any] | None:
        """The schema as JSON data in MLflow's form; None where there is none."""
        schema: dict[str, Any] | None = None if self.schema is None else self.schema.to_dict()
        return schema

    def to_dict(self) -> dict[str, Any]:
        """Name, digest, source and source type, schema and profile, each as a text or None."""
        schema = self.schema_dict()
        return {
            "name": self.name,
            "digest": self.digest,
            "source": self.source.to_json(),
            "source_type": self.source._get_source_type(),
            "schema": None if schema is None else json.dumps(schema),
            "profile": None if self.profile is None else json.dumps(self.profile),
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict())
