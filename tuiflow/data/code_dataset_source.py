"""The script that made the data as a source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from tuiflow.data.dataset_source import DatasetSource
from tuiflow.errors import InvalidInput


class CodeDatasetSource(DatasetSource):
    """The script that made the data, as the tags that runs carry: user, source file, commit."""

    def __init__(self, tags: Mapping[str, str]) -> None:
        self.tags = dict(tags)

    @staticmethod
    def _get_source_type() -> str:
        return "code"

    def to_dict(self) -> dict[str, Any]:
        return {"tags": self.tags}

    @classmethod
    def from_dict(cls, source_dict: Mapping[str, Any]) -> Self:
        return cls(source_dict.get("tags") or {})

    def load(self) -> str:
        raise InvalidInput("Data that a script made can't be loaded; run the script again.")
