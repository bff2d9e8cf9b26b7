"""What filters and sort keys mean, said in memory: of things too few to need SQL, and in tests of
what the store answers."""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from tuiflow.filters.literals import number
from tuiflow.filters.tree import (
    And,
    Arithmetic,
    Between,
    Compare,
    Condition,
    Has,
    In,
    IsNull,
    Key,
    Kind,
    Measure,
    Node,
    Not,
    Op,
    Operand,
    Or,
    OrderKey,
    Relation,
    Text,
)

Item = TypeVar("Item")
Value = float | str | None
"""None is "missing"."""
Values = Callable[[Key | Measure], Value | tuple[Value, ...]]
"""What a thing has by a key; a tuple where it may have several, as of data sets."""


def matches(
    node: Node,
    values: Values,
    texts: Iterable[str],
    has: Callable[[str], bool] = lambda what: False,
) -> bool:
    """Does a thing with these values pass the filter? `texts` are what free words look in, `has`
    answers `has:model`."""
    match node:
        case And(parts):
            return all(matches(part, values, texts, has) for part in parts)
        case Or(parts):
            return any(matches(part, values, texts, has) for part in parts)
        case Not(part):
            return not matches(part, values, texts, has)
        case Text(text):
            return any(re.search(re.escape(text), other, in_any_case(text)) for other in texts)
        case Has(what):
            return has(what)
        case Relation(left, op, right):
            a, b = reckon(left, values), reckon(right, values)
            return a is not None and b is not None and _OPERATORS[op](a, b)
    value = values(node.key)
    if not isinstance(value, tuple):
        return holds(node, value)
    if isinstance(node, IsNull):
        return any(item is not None for item in value) is node.negated
    return any(holds(node, item) for item in value)


def holds(node: Condition, value: Value) -> bool:
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
    if isinstance(other, str):
        return _OPERATORS[op](value, other)
    if isinstance(value, str):
        read = number(value)
        if read is None:
            return op is Op.NE
        value = read
    if math.isnan(other):
        return math.isnan(value) is (op is Op.EQ)
    return _OPERATORS[op](value, other)


def reckon(operand: Operand, values: Values) -> float | None:
    """The number that an operand comes to, by IEEE 754; None where a part is missing, is a text or
    is divided by zero."""
    if isinstance(operand, float | int):
        return float(operand)
    if isinstance(operand, Arithmetic):
        left, right = reckon(operand.left, values), reckon(operand.right, values)
        if left is None or right is None or (operand.op == "/" and right == 0):
            return None
        return float(ARITHMETIC[operand.op](left, right))
    value = values(operand)
    if isinstance(value, str):
        return number(value)
    return None if value is None or isinstance(value, tuple) else float(value)


def sort(
    items: list[Item],
    order: Sequence[OrderKey],
    value_of: Callable[[Item, Key | Measure], Value],
) -> None:
    """Sort in place as a search does: numbers, then NaN or texts, then missing; ties stay as they
    are."""
    for by in reversed(order):

        def rank(item: Item, key: Key | Measure = by.key) -> tuple[int, float | str]:
            value = value_of(item, key)
            if value is None:
                return 2, 0
            if isinstance(value, str) and key.kind in (Kind.PARAM, Kind.TAG):
                read = number(value)
                value = value if read is None else read
            if isinstance(value, str):
                return 1, value
            return (1, "") if math.isnan(value) else (0, value)

        items.sort(key=rank, reverse=by.descending)
        items.sort(key=lambda item: rank(item)[0])


def in_any_case(pattern: str) -> re.RegexFlag:
    """How ILIKE and free words ignore case: SQLite folds the letters A to Z alone, so only a
    pattern with others in it folds them all."""
    return re.IGNORECASE | re.ASCII if pattern.isascii() else re.IGNORECASE


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


COMPARISONS: dict[Op, Callable[[Any, Any], Any]] = {
    Op.EQ: operator.eq,
    Op.NE: operator.ne,
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
}
"""Of two values, or of arrays of them one by one."""
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
"""Of two numbers, or of arrays of them."""
_OPERATORS: dict[Op, Callable[..., bool]] = {
    **COMPARISONS,
    Op.LIKE: lambda text, pattern: regex_match(like_regex(pattern), text),
    Op.ILIKE: lambda text, pattern: bool(
        re.search(like_regex(pattern), text, in_any_case(pattern))
    ),
}
