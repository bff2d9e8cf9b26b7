"""A data set of which only the description is logged."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from tuiflow.data.dataset import Dataset
from tuiflow.data.dataset_source import DatasetSource
from tuiflow.data.sources import resolve_source
from tuiflow.models.schema import Schema


class MetaDataset(Dataset):
    """A place, with a name and maybe a schema: nothing is read from it.

    The digest is of these (the first 8 hex digits of a SHA-256, mlflow/data/meta_dataset.py) and
    not of the content.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | DatasetSource,
        name: str | None = None,
        digest: str | None = None,
        schema: Schema | None = None,
    ) -> None:
        self._schema = schema
        super().__init__(resolve_source(source), name, digest)

    def _compute_digest(self) -> str:
        facts = {
            "name": self.name,
            "source": self.source.to_json(),
            "source_type": self.source._get_source_type(),
            "schema": "" if self._schema is None else self._schema.to_dict(),
        }
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:8]

    @property
    def schema(self) -> Schema | None:
        return self._schema

    def schema_dict(self) -> dict[str, Any] | None:
        return None if self._schema is None else {"mlflow_colspec": self._schema.to_dict()}

    @property
    def profile(self) -> None:
        return None

    def to_dict(self) -> dict[str, Any]:
        """As of any data set, without what is not known."""
        return {key: value for key, value in super().to_dict().items() if value is not None}
