"""Read one condition: a key or computed number, an operator, and what it is held against."""

from __future__ import annotations

import math

from tuiflow.errors import FilterError
from tuiflow.filters.keys import ARITHMETIC
from tuiflow.filters.lexer import Cursor, Token, TokenKind, Wanted, nearest
from tuiflow.filters.literals import number
from tuiflow.filters.operands import Operands, calls, may_be_number, size
from tuiflow.filters.tree import (
    And,
    Arithmetic,
    Between,
    Compare,
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
    Relation,
    keys_of,
)
from tuiflow.filters.values import Day, Value, holds_text, take_value

MAX_CONDITIONS = 500
MAX_LIST = 10_000
"""Limits on the conditions and on the values of all IN lists of a filter, so that every accepted
filter is one that SQLite accepts too."""

_RELATIONS = ("=", "!=", "<", "<=", ">", ">=")
_MIRRORED = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE}
_NO_VALUE = Arithmetic("/", 1.0, 0.0)


class Conditions:
    """Reads the conditions of one text from its cursor, and counts them."""

    def __init__(self, cursor: Cursor, operands: Operands) -> None:
        self.cursor = cursor
        self.operands = operands
        self.counted = 0
        self.listed = 0

    def count(self) -> None:
        """Raises FilterError where another condition is too many."""
        self.counted += 1
        if self.counted > MAX_CONDITIONS:
            raise self.cursor.error(f"expected at most {MAX_CONDITIONS} conditions")

    def take(self) -> Node:
        """Take one condition. Raises FilterError."""
        first = self.cursor.peek()
        left = self.operands.take()
        self.cursor.wanted = Wanted(operators(left))
        node = self._node(left, first)
        if next(keys_of(node), None) is None:
            raise self._no_key(first)
        self.operands.check_moments(node)
        return node

    def _node(self, left: Operand, first: Token) -> Node:
        place = self.cursor.peek()
        negated = self.cursor.take_word("NOT")
        operator = self.cursor.take()
        if operator.kind is TokenKind.OPERATOR and not negated:
            op = Op(operator.value)
            equal = op in (Op.EQ, Op.NE)
            right = self._side(left, ordered=not equal, nan_too=equal)
            return self._related(left, op, right, first)
        if isinstance(left, float) and operator.is_word("IS", "IN", "BETWEEN", "LIKE", "ILIKE"):
            raise self._no_key(first)
        if operator.is_word("IS") and not negated:
            return self._is_null(left)
        if operator.is_word("IN"):
            return self._in(left, negated)
        if operator.is_word("BETWEEN"):
            return self._between(left, negated, first)
        if operator.is_word("LIKE", "ILIKE"):
            return self._like(left, operator, negated)
        raise self._no_operator(left, place)

    def _no_key(self, first: Token) -> FilterError:
        example = self.cursor.subject.key
        return self.cursor.error(f"expected a key such as {example} before the operator", first)

    def _no_operator(self, left: Operand, place: Token) -> FilterError:
        words = ["IN", "BETWEEN", "IS"]
        if isinstance(left, Key) and holds_text(left):
            words[:0] = ["LIKE", "ILIKE"]
        reason = f"expected {', '.join(_RELATIONS)}, {', '.join(words[:-1])} or IS NULL"
        if place.kind is TokenKind.WORD and place.value[0] in ARITHMETIC and len(place.value) > 1:
            reason = f"expected an operator; {place.value[0]} needs a space behind it"
        elif guess := nearest(place.value, words):
            reason += f"; did you mean {guess}?"
        return self.cursor.error(reason, place)

    def _is_null(self, left: Operand) -> Node:
        negated = self.cursor.take_word("NOT")
        self.cursor.wanted = Wanted(("NULL",) if negated else ("NULL", "NOT NULL"))
        if not self.cursor.take_word("NULL"):
            raise self.cursor.error("expected NULL" if negated else "expected NULL or NOT NULL")
        if isinstance(left, Key | Measure):
            return IsNull(left, negated)
        # NaN is unequal to whatever there is.
        there = Relation(left, Op.NE, math.nan)
        return there if negated else Not(there)

    def _in(self, left: Operand, negated: bool) -> Node:
        opening = self.cursor.peek()
        self.cursor.wanted = Wanted(("(",))
        if not self.cursor.take_kind(TokenKind.OPEN):
            raise self.cursor.error("expected a list in parentheses, such as (1, 2)")
        values: list[Value | Operand] = []
        # A comma before the closing one is fine: MLflow accepts Python's one-element tuple.
        while not (values and self.cursor.peek().kind is TokenKind.CLOSE):
            if self.listed >= MAX_LIST:
                raise self.cursor.error(f"expected at most {MAX_LIST:,} values", opening)
            self.listed += 1
            values.append(self._side(left, ordered=False, nan_too=False))
            self.cursor.wanted = Wanted((",", ")"))
            if not self.cursor.take_kind(TokenKind.COMMA):
                break
        if not self.cursor.take_kind(TokenKind.CLOSE):
            raise self.cursor.error("expected a comma or )")
        plain = tuple(value for value in values if isinstance(value, float | str))
        if isinstance(left, Key | Measure) and len(plain) == len(values):
            return In(left, plain, negated)
        parts = []
        for value in values:
            self.count()
            self.operands.count(size(left), opening)
            parts.append(self._related(left, Op.NE if negated else Op.EQ, value, opening))
        return joined(And if negated else Or, parts)

    def _between(self, left: Operand, negated: bool, first: Token) -> Node:
        low = self._side(left, ordered=True)
        self.cursor.wanted = Wanted(("AND",))
        if not self.cursor.take_word("AND"):
            raise self.cursor.error("expected AND and the upper end")
        upper = self.cursor.peek()
        high = self._side(left, ordered=True)
        if isinstance(low, str) is not isinstance(high, str):
            raise self.cursor.error("expected two numbers or two texts", upper)
        if (
            isinstance(left, Key | Measure)
            and isinstance(low, float | str)
            and isinstance(high, float | str)
            and not negated
        ):
            return Between(left, low, high)
        self.operands.count(size(left), first)
        below, above = (Op.LT, Op.GT) if negated else (Op.GE, Op.LE)
        parts = [self._related(left, below, low, first), self._related(left, above, high, first)]
        return joined(Or if negated else And, parts)

    def _like(self, left: Operand, operator: Token, negated: bool) -> Node:
        if not isinstance(left, Key) or not holds_text(left):
            name = left if isinstance(left, Key | Measure) else "what is computed"
            raise self.cursor.error(f"expected =, !=, <, <=, >, >=; {name} is a number", operator)
        token = self.cursor.peek()
        self.cursor.wanted = Wanted()
        if not token.is_quote:
            raise self.cursor.error("expected a pattern in quotes, such as '%forest%'")
        self._value(left)  # checks it
        compare = Compare(left, Op(operator.value.upper()), token.value)
        return And((IsNull(left, negated=True), Not(compare))) if negated else compare

    # the right-hand side

    def _side(
        self, left: Operand, *, ordered: bool = False, nan_too: bool = False
    ) -> Value | Operand:
        """What a side is held against: a value of a key, or a computed number."""
        if not isinstance(left, Key | Measure):
            self.cursor.wanted = self.operands.wanted
            return self.operands.take_number()
        self._want(left, nan_too=nan_too)
        if may_be_number(left) and self.operands.is_next():
            return self.operands.take_number()
        token = self.cursor.peek()
        value = self._value(left, nan_too=nan_too)
        if ordered and isinstance(value, str) and number(value) is not None:
            # As texts, '10' would silently come before '9'.
            raise self.cursor.error(
                f"expected a number without quotes; did you mean {token.shown()}?", token
            )
        return value

    def _want(self, left: Key | Measure, *, nan_too: bool) -> None:
        computed = may_be_number(left)
        words = ("NaN",) if nan_too and left.kind is Kind.METRIC else ()
        words = (*words, *(calls(self.cursor) if computed else ()))
        key = left.key if isinstance(left, Measure) else left
        self.cursor.wanted = Wanted(words, value_of=key, numbers=computed)

    def _value(self, left: Key | Measure, *, nan_too: bool = False) -> Value:
        token = self.cursor.peek()
        if left.kind is not Kind.ATTRIBUTE and token.kind is TokenKind.WORD:
            unread = number(token.value) is None and not token.is_word("NAN", "NULL")
            if unread and (left.kind is Kind.METRIC or self.operands.spaced(token.value, True)):
                raise self.operands.unknown(token)
        value = take_value(self.cursor, left, self.operands.now_ms)
        if not nan_too and isinstance(value, float) and math.isnan(value):
            raise self.cursor.error("expected a number; NaN goes with = and != only", token)
        return value

    def _related(self, left: Operand, op: Op, right: Value | Operand, first: Token) -> Node:
        if isinstance(right, Day | str | float):
            if isinstance(left, Key | Measure):
                return _compared(left, op, right)
            if isinstance(left, float) or isinstance(right, Day | str):
                raise self._no_key(first)
        elif isinstance(left, float) and isinstance(right, Key | Measure):
            return Compare(right, _MIRRORED.get(op, op), left)
        return Relation(left, op, right)


def operators(left: Operand) -> tuple[str, ...]:
    """What could stand behind a key or number."""
    if not isinstance(left, Key) or not holds_text(left):
        tests = (*_RELATIONS, "BETWEEN", "IN", "NOT IN", "IS NULL", "IS NOT NULL")
        return (*tests, *ARITHMETIC)
    like = ("LIKE", "ILIKE", "NOT LIKE")
    if left.kind in (Kind.PARAM, Kind.TAG):
        return (*_RELATIONS, *like, "IN", "NOT IN", "BETWEEN", "IS NULL", "IS NOT NULL")
    return ("=", "!=", *like, "IN", "NOT IN", "IS NULL", "IS NOT NULL")


def joined(node: type[And] | type[Or], parts: list[Node]) -> Node:
    """The parts as one node; those of the same sort are taken apart."""
    if len(parts) == 1:
        return parts[0]
    flat: list[Node] = []
    for part in parts:
        if isinstance(part, node):
            flat.extend(part.parts)
        else:
            flat.append(part)
    return node(tuple(flat))


def _compared(key: Key | Measure, op: Op, value: Value) -> Node:
    """A comparison; a date alone stands for its whole day."""
    if not isinstance(value, Day):
        return Compare(key, op, value)
    starts, ended = Compare(key, Op.GE, value.start), Compare(key, Op.GE, value.end)
    before, within = Compare(key, Op.LT, value.start), Compare(key, Op.LT, value.end)
    match op:
        case Op.EQ:
            return And((starts, within))
        case Op.NE:
            return Or((before, ended))
        case Op.LT:
            return before
        case Op.LE:
            return within
        case Op.GT:
            return ended
        case _:
            return starts
