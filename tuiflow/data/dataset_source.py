"""Where a data set is from."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from tuiflow.errors import InvalidInput


class DatasetSource(ABC):
    """Where a data set is from; subclasses say it in JSON and may know how to fetch it."""

    @staticmethod
    @abstractmethod
    def _get_source_type() -> str:
        """MLflow's name of the sort of place, such as `local`, `http`, `s3` or `code`."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The place as JSON data."""

    @classmethod
    @abstractmethod
    def from_dict(cls, source_dict: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""

    @abstractmethod
    def load(self) -> Any:
        """The path of a local copy."""

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, source_json: str) -> Self:
        return cls.from_dict(json.loads(source_json))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.to_json()})"


def required(facts: Mapping[str, Any], key: str) -> str:
    """A text that a source's JSON must hold. Raises InvalidInput."""
    value = facts.get(key)
    if not isinstance(value, str):
        raise InvalidInput(f"The source of a data set has no {key!r}.")
    return value
