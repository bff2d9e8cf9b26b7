"""Filter text → tree, by recursive descent: OR binds weakest, then AND, then NOT.

The language is described in docs/filters.md. MLflow's search grammar
(https://mlflow.org/docs/latest/ml/search/search-runs) is a subset of it, with the same meanings.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable

from tuiflow.errors import FilterError
from tuiflow.filters.keys import is_attribute, key_length, prefix_of, take_key
from tuiflow.filters.lexer import Cursor, Token, TokenKind, Wanted, nearest
from tuiflow.filters.literals import number
from tuiflow.filters.subjects import RUNS, Subject
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
    Text,
)
from tuiflow.filters.values import Day, Value, holds_text, take_value

MAX_DEPTH = 10
MAX_CONDITIONS = 500
MAX_LIST = 10_000
"""Limits on nested parentheses, conditions and the values of all IN lists, so that every accepted
filter is one that SQLite accepts too."""

_JOINERS = {"&&": "AND", "&": "AND", "||": "OR", "|": "OR"}
_WORD_OPERATORS = ("IN", "LIKE", "ILIKE", "BETWEEN")
_CONDITION = Wanted(("NOT",), condition=True)
_STARTERS = (TokenKind.WORD, TokenKind.TEXT, TokenKind.QUOTED, TokenKind.TICKED)


def parse_filter(
    text: str, now_ms: int | None = None, known: Iterable[Key] = (), subject: Subject = RUNS
) -> Node | None:
    """Parse a filter; None for an empty one, which everything passes.

    `now_ms` (epoch ms) is what `-7d` counts from, by default the clock. `known` are the keys in
    use, for suggestions only. Raises FilterError with the place and what was expected there.
    """
    now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    return Parser(Cursor(text, subject), now, known).parse()


class Parser:
    """One reading of a text; when it fails at the end, `cursor.wanted` says what could follow."""

    def __init__(self, cursor: Cursor, now_ms: int, known: Iterable[Key]) -> None:
        self.cursor = cursor
        self.now_ms = now_ms
        self.known = known
        self.depth = 0
        self.conditions = 0
        self.listed = 0

    def parse(self) -> Node | None:
        if self.cursor.peek().kind is TokenKind.END:
            self.cursor.wanted = _CONDITION
            return None
        node = self._any_of()
        token = self.cursor.peek()
        if token.kind is TokenKind.CLOSE:
            raise self.cursor.error("expected AND, OR or the end; this ) closes nothing")
        return node

    # joining

    def _any_of(self) -> Node:
        parts = [self._all_of()]
        while self.cursor.take_word("OR"):
            parts.append(self._all_of())
        return _joined(Or, parts)

    def _all_of(self) -> Node:
        parts = [self._negation()]
        while True:
            token = self.cursor.peek()
            self.cursor.wanted = self._joining(parts[-1])
            if self.cursor.take_word("AND"):
                parts.append(self._negation())
            elif token.is_word("OR") or token.kind in (TokenKind.CLOSE, TokenKind.END):
                return _joined(And, parts)
            elif isinstance(parts[-1], Text) and self._is_text():
                parts.append(self._primary())  # words side by side: all of them
            else:
                raise self._unjoined_error(token, parts[-1])

    def _joining(self, before: Node) -> Wanted:
        """What could follow a condition; a word alone may have been meant as its key."""
        words = ("AND", "OR", ")") if self.depth else ("AND", "OR")
        if isinstance(before, Text) and is_attribute(self.cursor, before.text):
            words = (*operators(take_key(Cursor(before.text, self.cursor.subject), ())), *words)
        return Wanted(words)

    def _unjoined_error(self, token: Token, before: Node) -> FilterError:
        end = ")" if self.depth else "the end"
        reason = f"expected AND, OR or {end}"
        # `wine adn metrics.rmse < 1`: the mistake is the word before the place where it shows.
        for suspect in (token, self.cursor.last) if isinstance(before, Text) else (token,):
            guess = _JOINERS.get(suspect.value) or nearest(suspect.value, ("AND", "OR"))
            if guess and suspect.kind is TokenKind.WORD:
                return self.cursor.error(f"{reason}; did you mean {guess}?", suspect)
        return self.cursor.error(reason)

    def _negation(self) -> Node:
        negated = False
        while self.cursor.take_word("NOT"):
            negated = not negated
        node = self._primary()
        if not negated:
            return node
        return node.part if isinstance(node, Not) else Not(node)

    def _primary(self) -> Node:
        token = self.cursor.peek()
        self.cursor.wanted = _CONDITION
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise self.cursor.error(f"expected at most {MAX_CONDITIONS} conditions")
        if token.kind is TokenKind.OPEN:
            return self._group()
        if token.kind in _STARTERS and self._operator_at(max(key_length(self.cursor), 1)):
            return self._condition()
        if self._is_text():
            return Text(self.cursor.take().value)
        raise self._primary_error(token)

    def _group(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.cursor.error(f"expected at most {MAX_DEPTH} parentheses inside each other")
        self.cursor.take()
        node = self._any_of()
        if not self.cursor.take_kind(TokenKind.CLOSE):
            raise self.cursor.error("expected AND, OR or )")
        self.depth -= 1
        return node

    def _is_text(self) -> bool:
        """Is the next token a word or phrase to search for?"""
        token = self.cursor.peek()
        if token.is_quote:
            return bool(token.value) and not self._operator_at(1)
        return (
            token.kind is TokenKind.WORD
            and not token.is_word("AND", "OR", "NOT", "IS", *_WORD_OPERATORS)
            and token.value not in _JOINERS
            and not self._reads_as_key(token)
            and not self._operator_at(1)
            and not self._is_call(token)
        )

    def _reads_as_key(self, token: Token) -> bool:
        kind = prefix_of(token)
        if kind is Kind.ATTRIBUTE:
            return is_attribute(self.cursor, token.value.partition(".")[2])
        return kind is not None

    def _is_call(self, token: Token) -> bool:
        after = self.cursor.peek(1)
        return after.kind is TokenKind.OPEN and after.start == token.end

    def _operator_at(self, ahead: int) -> bool:
        token = self.cursor.peek(ahead)
        if token.is_word("NOT"):
            return self.cursor.peek(ahead + 1).is_word(*_WORD_OPERATORS)
        return token.kind is TokenKind.OPERATOR or token.is_word("IS", *_WORD_OPERATORS)

    def _primary_error(self, token: Token) -> FilterError:
        error = self.cursor.error
        if token.kind is TokenKind.WORD and self._is_call(token):
            return error(
                f"expected a key such as {self.cursor.subject.key};"
                f" there is no function {token.shown()}()"
            )
        if token.kind is TokenKind.TICKED or self._reads_as_key(token):
            after = self.cursor.peek(max(key_length(self.cursor), 1))
            words = ["IN", "BETWEEN", "IS"]
            if prefix_of(token) is not Kind.METRIC:
                words[:0] = ["LIKE", "ILIKE"]
            self.cursor.wanted = self._after_key()
            reason = f"expected =, !=, <, <=, >, >=, {', '.join(words[:-1])} or IS NULL"
            guess = nearest(after.value, words)
            return error(reason + (f"; did you mean {guess}?" if guess else ""), after)
        if token.is_word("AND", "OR", "IS", *_WORD_OPERATORS):
            return error(f"expected a condition before {token.value.upper()}")
        example = self.cursor.subject.condition
        return error(f"expected a condition such as {example}, or a word to search for")

    def _after_key(self) -> Wanted:
        try:
            return Wanted(operators(take_key(self.cursor, self.known)))
        except FilterError:
            return Wanted()  # the operator isn't what is wrong

    # one condition

    def _condition(self) -> Node:
        start = self.cursor.peek()
        if start.kind is TokenKind.WORD and number(start.value) is not None:
            example = self.cursor.subject.key
            raise self.cursor.error(f"expected a key such as {example} before the operator")
        key = take_key(self.cursor, self.known)
        negated = self.cursor.take_word("NOT")
        operator = self.cursor.take()
        if operator.is_word("IS"):
            return self._is_null(key)
        if operator.is_word("IN"):
            return self._in(key, negated)
        if operator.is_word("BETWEEN"):
            return self._between(key, negated)
        if operator.is_word("LIKE", "ILIKE"):
            return self._like(key, operator, negated)
        return self._compare(key, Op(operator.value))

    def _is_null(self, key: Key) -> Node:
        negated = self.cursor.take_word("NOT")
        self.cursor.wanted = Wanted(("NULL",) if negated else ("NULL", "NOT NULL"))
        if not self.cursor.take_word("NULL"):
            raise self.cursor.error("expected NULL" if negated else "expected NULL or NOT NULL")
        return IsNull(key, negated)

    def _in(self, key: Key, negated: bool) -> Node:
        opening = self.cursor.peek()
        self.cursor.wanted = Wanted(("(",))
        if not self.cursor.take_kind(TokenKind.OPEN):
            raise self.cursor.error("expected a list in parentheses, such as (1, 2)")
        values: list[Value] = []
        # A comma before the closing one is fine: MLflow accepts Python's one-element tuple.
        while not (values and self.cursor.peek().kind is TokenKind.CLOSE):
            if self.listed >= MAX_LIST:
                raise self.cursor.error(f"expected at most {MAX_LIST:,} values", opening)
            self.listed += 1
            values.append(self._value(key))
            self.cursor.wanted = Wanted((",", ")"))
            if not self.cursor.take_kind(TokenKind.COMMA):
                break
        if not self.cursor.take_kind(TokenKind.CLOSE):
            raise self.cursor.error("expected a comma or )")
        if any(isinstance(value, Day) for value in values):
            parts = [_compared(key, Op.NE if negated else Op.EQ, value) for value in values]
            return _joined(And if negated else Or, parts)
        return In(key, tuple(v for v in values if not isinstance(v, Day)), negated)

    def _between(self, key: Key, negated: bool) -> Node:
        low = self._ordered_value(key)
        self.cursor.wanted = Wanted(("AND",))
        if not self.cursor.take_word("AND"):
            raise self.cursor.error("expected AND and the upper end")
        upper = self.cursor.peek()
        high = self._ordered_value(key)
        if isinstance(low, str) is not isinstance(high, str):
            raise self.cursor.error("expected two numbers or two texts", upper)
        if negated:
            return _joined(Or, [_compared(key, Op.LT, low), _compared(key, Op.GT, high)])
        if isinstance(low, Day) or isinstance(high, Day):
            return _joined(And, [_compared(key, Op.GE, low), _compared(key, Op.LE, high)])
        return Between(key, low, high)

    def _like(self, key: Key, operator: Token, negated: bool) -> Node:
        if not holds_text(key):
            raise self.cursor.error(f"expected =, !=, <, <=, >, >=; {key} is a number", operator)
        token = self.cursor.peek()
        self.cursor.wanted = Wanted()
        if not token.is_quote:
            raise self.cursor.error("expected a pattern in quotes, such as '%forest%'")
        pattern = self._value(key)
        assert isinstance(pattern, str)
        compare = Compare(key, Op(operator.value.upper()), pattern)
        return And((IsNull(key, negated=True), Not(compare))) if negated else compare

    def _compare(self, key: Key, op: Op) -> Node:
        if op in (Op.EQ, Op.NE):
            return _compared(key, op, self._value(key, nan_too=True))
        return _compared(key, op, self._ordered_value(key))

    def _ordered_value(self, key: Key) -> Value:
        """A value for < and the like, where '10' would silently come before '9'."""
        token = self.cursor.peek()
        value = self._value(key)
        if isinstance(value, str) and number(value) is not None:
            raise self.cursor.error(
                f"expected a number without quotes; did you mean {token.shown()}?", token
            )
        return value

    def _value(self, key: Key, *, nan_too: bool = False) -> Value:
        token = self.cursor.peek()
        self.cursor.wanted = Wanted(("NaN",) if nan_too and not holds_text(key) else (), False, key)
        value = take_value(self.cursor, key, self.now_ms)
        if not nan_too and isinstance(value, float) and math.isnan(value):
            raise self.cursor.error("expected a number; NaN goes with = and != only", token)
        after = self.cursor.peek()
        if after.kind is TokenKind.WORD and after.value in ("+", "-", "*", "/"):
            raise self.cursor.error("expected AND, OR or the end; there is no arithmetic here")
        return value


def operators(key: Key) -> tuple[str, ...]:
    """What could stand between this key and a value."""
    compared = ("=", "!=", "<", "<=", ">", ">=")
    if not holds_text(key):
        return (*compared, "BETWEEN", "IN", "NOT IN", "IS NULL", "IS NOT NULL")
    like = ("LIKE", "ILIKE", "NOT LIKE")
    if key.kind in (Kind.PARAM, Kind.TAG):
        return (*compared, *like, "IN", "NOT IN", "BETWEEN", "IS NULL", "IS NOT NULL")
    return ("=", "!=", *like, "IN", "NOT IN", "IS NULL", "IS NOT NULL")


def _joined(node: type[And] | type[Or], parts: list[Node]) -> Node:
    if len(parts) == 1:
        return parts[0]
    flat: list[Node] = []
    for part in parts:
        if isinstance(part, node):
            flat.extend(part.parts)
        else:
            flat.append(part)
    return node(tuple(flat))


def _compared(key: Key, op: Op, value: Value) -> Node:
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
