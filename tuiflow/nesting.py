"""Runs under their parents: the rows of a list of runs in which children follow, indented."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

_MANY = 2_000
"""From so many children on, arrays are quicker, if numpy is there already."""
DEEPEST = 255


class Links(NamedTuple):
    """Row keys of children, each once, and those of their parents."""

    children: array[int]
    parents: array[int]


@dataclass(frozen=True, slots=True)
class Branch:
    """A run that has children in the list: how many, and whether they are folded away."""

    children: int
    folded: bool


@dataclass(frozen=True, slots=True)
class Nested:
    """Row keys in the order they are shown.

    `depths` tells of each how deep it stands (empty: all are roots), `branches` of those that have
    children; `hidden` are the row keys that are folded away.
    """

    keys: array[int]
    depths: Sequence[int] = b""
    branches: Mapping[int, Branch] = field(default_factory=dict)
    hidden: array[int] = field(default_factory=lambda: array("q"))


def nest(keys: array[int], links: Links, is_folded: Callable[[int], bool]) -> Nested:
    """Put every run whose parent is in `keys`, too, behind it; siblings keep their order.

    A run whose parent is not among `keys` stays where it is. Runs that are each other's ancestors
    count as roots.
    """
    numpy = sys.modules.get("numpy")
    if numpy is not None and len(links.children) > _MANY:
        nested = _nest_many(numpy, keys, links, is_folded)
        if nested is not None:
            return nested
    return _nest(keys, dict(zip(*links, strict=True)), is_folded)


def _nest(keys: array[int], parents: Mapping[int, int], is_folded: Callable[[int], bool]) -> Nested:
    present = set(parents.values()).intersection(keys)
    children: dict[int, list[int]] = {}
    for key in keys if present else ():
        if (parent := parents.get(key)) in present and parent != key:
            children.setdefault(parent, []).append(key)
    if not children:
        return Nested(keys)
    below = {key for found in children.values() for key in found}
    rows, hidden, depths = array("q"), array("q"), bytearray()
    branches: dict[int, Branch] = {}

    def add(root: int) -> None:
        waiting = [(root, 0, False)]
        while waiting:
            key, depth, folded_away = waiting.pop()
            if depth and key not in below:
                continue  # there already: its ancestors go in a circle
            below.discard(key)
            if folded_away:
                hidden.append(key)
            else:
                rows.append(key)
                depths.append(min(depth, DEEPEST))
            if found := children.pop(key, None):
                folded = is_folded(key)
                branches[key] = Branch(len(found), folded)
                away = folded or folded_away
                waiting += [(child, depth + 1, away) for child in reversed(found)]

    for key in [key for key in keys if key not in below]:
        add(key)
    for key in keys:
        if key in below:  # in a circle: nobody's root
            add(key)
    return Nested(rows, bytes(depths), branches, hidden)


def _nest_many(
    np: Any, keys: array[int], links: Links, is_folded: Callable[[int], bool]
) -> Nested | None:
    """The same for many, with arrays; None where a child has children."""
    found = np.frombuffer(keys, np.int64)
    child, parent = (np.frombuffer(side, np.int64) for side in links)
    size = max(int(side.max(initial=0)) for side in (found, child, parent)) + 1
    places = np.full(size, -1, np.int32)
    places[found] = np.arange(len(found), dtype=np.int32)
    linked = (places[child] >= 0) & (places[parent] >= 0) & (child != parent)
    child, parent = places[child[linked]], places[parent[linked]]
    if not len(child):
        return Nested(keys)
    is_child = np.zeros(len(found), np.bool_)
    is_child[child] = True
    if is_child[parent].any():
        return None
    heads, counts = np.unique(parent, return_counts=True)
    branches = {
        key: Branch(count, is_folded(key))
        for key, count in zip(found[heads].tolist(), counts.tolist(), strict=True)
    }
    folded = np.zeros(len(found), np.bool_)
    folded[[place for place in heads.tolist() if branches[keys[place]].folded]] = True
    # A root comes at its place, a child behind its parent's, by its own place.
    ranks = np.arange(len(found), dtype=np.int64) * (len(found) + 1)
    ranks[child] = parent * np.int64(len(found) + 1) + child + 1
    away = np.zeros(len(found), np.bool_)
    away[child] = folded[parent]
    order = np.argsort(ranks, kind="stable")
    shown = order[~away[order]]
    return Nested(
        array("q", found[shown].tobytes()),
        is_child[shown].tobytes(),
        branches,
        array("q", found[order[away[order]]].tobytes()),
    )
