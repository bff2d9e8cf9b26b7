"""Filters and sort keys asked of values in memory: for what is too few to need SQL."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from tuiflow.filters.literals import number
from tuiflow.filters.tree import (
    And,
    Between,
    Compare,
    In,
    IsNull,
    Key,
    Kind,
    Node,
    Not,
    Op,
    Or,
    OrderKey,
    Text,
)

Item = TypeVar("Item")
Value = float | str | None
"""None is "missing"."""


def matches(node: Node, value_of: Callable[[Key], Value], texts: Iterable[str]) -> bool:
    """Does a thing with these values pass the filter? `texts` are what free words look in."""
    match node:
        case And(parts):
            return all(matches(part, value_of, texts) for part in parts)
        case Or(parts):
            return any(matches(part, value_of, texts) for part in parts)
        case Not(part):
            return not matches(part, value_of, texts)
        case Text(text):
            return any(text.lower() in other.lower() for other in texts)
    return holds(node, value_of(node.key))


def holds(node: Compare | In | Between | IsNull, value: Value) -> bool:
    """One condition, asked of one value."""
    if isinstance(node, IsNull):
        return (value is None) is not node.negated
    if value is None:
        return False
    match node:
        case In(_, values):
            return any(_compare(value, Op.EQ, item) for item in values) is not node.negated
        case Between(_, low, high):
            return _compare(value, Op.GE, low) and _compare(value, Op.LE, high)
        case Compare(_, op, other):
            return _compare(value, op, other)


def _compare(value: float | str, op: Op, other: float | str) -> bool:
    if isinstance(value, str) and not isinstance(other, str):
        read = number(value)
        if read is None:
            return op is Op.NE
        value = read
    return _OPERATORS[op](value, other)


def sort(
    items: list[Item], order: Sequence[OrderKey], value_of: Callable[[Item, Key], Value]
) -> None:
    """Sort in place as a search does: numbers, then texts, then missing; ties stay as they are."""
    for by in reversed(order):

        def rank(item: Item, key: Key = by.key) -> tuple[int, float | str]:
            value = value_of(item, key)
            if value is None:
                return 2, 0
            if isinstance(value, str) and key.kind in (Kind.PARAM, Kind.TAG):
                read = number(value)
                value = value if read is None else read
            return (1, value) if isinstance(value, str) else (0, value)

        items.sort(key=rank, reverse=by.descending)
        items.sort(key=lambda item: rank(item)[0])


def like_regex(pattern: str) -> str:
    """The regular expression of a LIKE pattern."""
    wild = {"%": ".*", "_": "."}
    return rf"(?s:\A{''.join(wild.get(char) or re.escape(char) for char in pattern)}\Z)"


@functools.lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def regex_match(pattern: str, text: str) -> bool:
    """Is the pattern found in the text? Compiled patterns are kept."""
    return _compiled(pattern).search(text) is not None


_OPERATORS: dict[Op, Callable[..., bool]] = {
    Op.EQ: operator.eq,
    Op.NE: operator.ne,
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
    Op.LIKE: lambda text, pattern: regex_match(like_regex(pattern), text),
    Op.ILIKE: lambda text, pattern: regex_match("(?i)" + like_regex(pattern), text),
}
