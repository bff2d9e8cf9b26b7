"""What MLflow's entities can do: be iterated over and become dictionaries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, ClassVar


class Fields:
    """Base of the dataclasses that MLflow has, too: `dict(run.info)`, `run.to_dictionary()`."""

    __slots__ = ()

    _not_listed: ClassVar[frozenset[str]] = frozenset()
    """Fields that MLflow's entity does not have."""

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        for item in fields(self):  # type: ignore[arg-type]
            if item.name not in self._not_listed:
                yield item.name, getattr(self, item.name)

    def to_dictionary(self) -> dict[str, Any]:
        """The fields by name, with dictionaries and lists in place of entities."""
        return {name: _plain(value) for name, value in self}


def _plain(value: Any) -> Any:
    if isinstance(value, Fields):
        return value.to_dictionary()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, dict) else value
