"""Runs under their parents: the rows of a list of runs in which children follow, indented."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Branch:
    """A run that has children in the list: how many, and whether they are folded away."""

    children: int
    folded: bool


@dataclass(frozen=True, slots=True)
class Nested:
    """Row keys in the order they are shown.

    `depths` tells of each that isn't a root how deep it stands, `branches` of each that has
    children; `hidden` are the row keys that are folded away.
    """

    keys: array[int]
    depths: Mapping[int, int] = field(default_factory=dict)
    branches: Mapping[int, Branch] = field(default_factory=dict)
    hidden: array[int] = field(default_factory=lambda: array("q"))


def nest(keys: array[int], parents: Mapping[int, int], is_folded: Callable[[int], bool]) -> Nested:
    """Put every run whose parent is in `keys`, too, behind it; siblings keep their order.

    `parents` maps row keys of children to those of their parents; a run whose parent is not among
    `keys` stays where it is. Runs that are each other's ancestors count as roots.
    """
    present = set(parents.values()).intersection(keys)
    children: dict[int, list[int]] = {}
    if present:
        for key in keys:
            if (parent := parents.get(key)) in present and parent != key:
                children.setdefault(parent, []).append(key)
    if not children:
        return Nested(keys)
    below = {key for found in children.values() for key in found}
    rows, hidden = array("q"), array("q")
    depths: dict[int, int] = {}
    branches: dict[int, Branch] = {}

    def add(root: int) -> None:
        waiting = [(root, 0, False)]
        while waiting:
            key, depth, folded_away = waiting.pop()
            if depth and key not in below:
                continue  # there already: its ancestors go in a circle
            below.discard(key)
            (hidden if folded_away else rows).append(key)
            if depth:
                depths[key] = depth
            if found := children.pop(key, None):
                folded = is_folded(key)
                branches[key] = Branch(len(found), folded)
                away = folded or folded_away
                waiting += [(child, depth + 1, away) for child in reversed(found)]

    roots = [key for key in keys if key not in below]
    for root in roots:
        if root in children:
            add(root)
        else:
            rows.append(root)
    for key in keys:
        if key in below:  # in a circle: nobody's root
            add(key)
    return Nested(rows, depths, branches, hidden)
