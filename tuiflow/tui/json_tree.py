"""A JSON value as rows of a tree that fold. No framework."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tuiflow.text import clean

OPEN_ROWS = 60
"""Rows that are unfolded to begin with, the outer ones first."""
MOST_ITEMS = 500
"""Items of one object or array that are shown at a time."""
INLINE = 48
"""Characters that a folded object or array is told in."""
MOST_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class Node:
    """One row. `path` tells it among all; `folds` is None where there is nothing to fold."""

    path: str
    depth: int
    name: str
    value: str
    folds: bool | None
    is_rest: bool = False


class JsonTree:
    """`value` is what `json.loads` gives."""

    def __init__(self, value: Any) -> None:
        self._value = value
        self._open: set[str] = set()
        self._shown: dict[str, int] = {}
        self._open_some()

    def _open_some(self) -> None:
        rows, level = 1, [("", self._value)]
        while level:
            inner = []
            for path, value in level:
                if not _has_items(value) or (path and _is_flat(value)):
                    continue
                rows += min(len(value), MOST_ITEMS)
                if path and rows > OPEN_ROWS:
                    return
                self._open.add(path)
                items = islice(_items(value), MOST_ITEMS)
                inner += [(f"{path}/{n}", item) for n, (_, item) in enumerate(items)]
            level = inner

    def toggle(self, path: str) -> None:
        """Fold or unfold a row; of one that stands for the rest of a list, show more."""
        parent, _, last = path.rpartition("/")
        if last == "rest":
            self._shown[parent] = self._shown.get(parent, MOST_ITEMS) + MOST_ITEMS
        elif path in self._open:
            self._open.remove(path)
        else:
            self._open.add(path)

    def rows(self) -> list[Node]:
        """The rows that are not folded away."""
        if not _has_items(self._value):
            return [Node("", 0, "", told(self._value), None)]
        found: list[Node] = []
        self._add(found, "", self._value, 0)
        return found

    def _add(self, found: list[Node], path: str, value: Any, depth: int) -> None:
        shown = self._shown.get(path, MOST_ITEMS)
        for number, (name, item) in enumerate(islice(_items(value), shown)):
            inner = f"{path}/{number}"
            if not _has_items(item):
                found.append(Node(inner, depth, name, told(item), None))
                continue
            opened = inner in self._open
            found.append(Node(inner, depth, name, "" if opened else told(item), not opened))
            if opened:
                self._add(found, inner, item, depth + 1)
        if len(value) > shown:
            rest = f"… {len(value) - shown:,} more; enter shows some"
            found.append(Node(f"{path}/rest", depth, rest, "", None, is_rest=True))


def told(value: Any) -> str:
    """A value in one harmless line; of objects and arrays the beginning and the number of items."""
    if not _has_items(value):
        return clean(json.dumps(value, ensure_ascii=False), MOST_TEXT)
    sign, end = ("{", "}") if isinstance(value, dict) else ("[", "]")
    if _is_short(value):
        return clean(json.dumps(value, ensure_ascii=False))
    parts, length = [], 0
    for name, item in _items(value):
        part = "…" if _has_items(item) else told(item)
        part = f"{name}: {part}" if isinstance(value, dict) else part
        length += len(part) + 2
        if length > INLINE:
            break
        parts.append(part)
    inside = ", ".join([*parts, "…"])
    return clean(f"{sign}{inside}{end}  {len(value):,} items")


def _items(value: Any) -> Any:
    if isinstance(value, dict):
        return value.items()
    return ((str(number), item) for number, item in enumerate(value))


def _has_items(value: Any) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _is_flat(value: Any) -> bool:
    """Whether folded it tells as much: it is short, or a list of numbers or words."""
    return _is_short(value) or (isinstance(value, list) and not any(map(_has_items, value)))


def _is_short(value: Any) -> bool:
    """Whether all of it fits into a line."""
    if len(value) > INLINE:
        return False
    inner = value.values() if isinstance(value, dict) else value
    if any(_has_items(item) or (isinstance(item, str) and len(item) > INLINE) for item in inner):
        return False
    return len(json.dumps(value, ensure_ascii=False)) <= INLINE
