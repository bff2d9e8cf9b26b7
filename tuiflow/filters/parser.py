"""Filter text → tree, by recursive descent: OR binds weakest, then AND, then NOT.

The language is described in docs/filters.md. MLflow's search grammar
(https://mlflow.org/docs/latest/ml/search/search-runs) is a subset of it, with the same meanings.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from tuiflow.errors import FilterError
from tuiflow.filters.conditions import Conditions, joined, operators
from tuiflow.filters.keys import (
    ARITHMETIC,
    is_arithmetic,
    is_attribute,
    is_call,
    key_length,
    prefix_of,
    take_key,
)
from tuiflow.filters.lexer import Cursor, Token, TokenKind, Wanted, nearest
from tuiflow.filters.operands import MAX_DEPTH, Operands, calls
from tuiflow.filters.subjects import RUNS, Subject
from tuiflow.filters.tree import And, Has, Key, Kind, Node, Not, Or, Relation, Stat, Text
from tuiflow.text import clean

_JOINERS = {"&&": "AND", "&": "AND", "||": "OR", "|": "OR"}
_WORD_OPERATORS = ("IN", "LIKE", "ILIKE", "BETWEEN")
_MODEL = "has:model"
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
        self.operands = Operands(cursor, now_ms, known)
        self.conditions = Conditions(cursor, self.operands)
        self.depth = 0

    def parse(self) -> Node | None:
        if self.cursor.peek().kind is TokenKind.END:
            self.cursor.wanted = self._condition
            return None
        node = self._any_of()
        token = self.cursor.peek()
        if token.kind is TokenKind.CLOSE:
            raise self.cursor.error("expected AND, OR or the end; this ) closes nothing")
        return node

    @property
    def _condition(self) -> Wanted:
        """What a condition could start with."""
        words = ("NOT", *([_MODEL] if self._has_models else []), *calls(self.cursor))
        return Wanted(words, condition=True)

    @property
    def _has_models(self) -> bool:
        return self.cursor.subject is RUNS

    # joining

    def _any_of(self) -> Node:
        parts = [self._all_of()]
        while self.cursor.take_word("OR"):
            parts.append(self._all_of())
        return joined(Or, parts)

    def _all_of(self) -> Node:
        parts = [self._negation()]
        while True:
            token = self.cursor.peek()
            self.cursor.wanted = self._joining(parts[-1])
            if self.cursor.take_word("AND"):
                parts.append(self._negation())
            elif token.is_word("OR") or token.kind in (TokenKind.CLOSE, TokenKind.END):
                return joined(And, parts)
            elif _is_word(parts[-1]) and self._is_word_next(token):
                parts.append(self._negation())  # words side by side: all of them
            else:
                raise self._unjoined_error(token, parts[-1])

    def _joining(self, before: Node) -> Wanted:
        """What could follow a condition; a word alone may have been meant as its key, a computed
        number may go on."""
        words = ("AND", "OR", ")") if self.depth else ("AND", "OR")
        if isinstance(before, Text) and is_attribute(self.cursor, before.text):
            words = (*operators(take_key(Cursor(before.text, self.cursor.subject), ())), *words)
        elif isinstance(before, Relation):
            words = (*words, *ARITHMETIC)
        return Wanted(words)

    def _unjoined_error(self, token: Token, before: Node) -> FilterError:
        end = ")" if self.depth else "the end"
        reason = f"expected AND, OR or {end}"
        word = token.kind is TokenKind.WORD
        if isinstance(before, Text) and token.kind is TokenKind.OPEN and _is_stat(before.text):
            return self.cursor.error(f"{reason}; did you mean {before.text}( without a space?")
        if word and token.value[0] in ARITHMETIC and len(token.value) > 1:
            return self.cursor.error(f"{reason}; {token.value[0]} needs a space behind it")
        # `wine adn metrics.rmse < 1`: the mistake is the word before the place where it shows.
        for suspect in (token, self.cursor.last) if isinstance(before, Text) else (token,):
            guess = _JOINERS.get(suspect.value) or nearest(suspect.value, ("AND", "OR"))
            if guess and suspect.kind is TokenKind.WORD:
                return self.cursor.error(f"{reason}; did you mean {guess}?", suspect)
        return self.cursor.error(reason)

    def _negation(self) -> Node:
        negated = False
        while self.cursor.take_word("NOT") or self.cursor.take_kind(TokenKind.BANG):
            negated = not negated
        node = self._primary()
        if not negated:
            return node
        return node.part if isinstance(node, Not) else Not(node)

    def _primary(self) -> Node:
        token = self.cursor.peek()
        self.cursor.wanted = self._condition
        self.conditions.count()
        if token.kind is TokenKind.OPEN and not self._is_computed_group():
            return self._group()
        if self._is_condition(token):
            return self.conditions.take()
        if self._is_model(token):
            return self._has()
        if self._is_text():
            return Text(self.cursor.take().value)
        raise self._primary_error(token)

    def _is_condition(self, token: Token) -> bool:
        """Does a key or a computed number stand next?"""
        if token.kind in (TokenKind.OPEN, TokenKind.TICKED) or is_call(self.cursor):
            return True
        return token.kind in _STARTERS and (
            (is_arithmetic(token) and token.value in ("+", "-"))
            or self._reads_as_key(token)
            or self.operands.is_signed(token)
            or self._operator_at(max(key_length(self.cursor), 1))
        )

    def _is_computed_group(self) -> bool:
        """Is what stands in parentheses next a number, for an operator follows?"""
        depth = ahead = 0
        while True:
            kind = self.cursor.peek(ahead).kind
            depth += (kind is TokenKind.OPEN) - (kind is TokenKind.CLOSE)
            ahead += 1
            if depth == 0:
                return self._operator_at(ahead)
            if kind is TokenKind.END:
                return False

    def _has(self) -> Node:
        token = self.cursor.peek()
        if token.value.lower() != _MODEL:
            word = clean(token.value, 60)
            raise self.cursor.error(f"expected {_MODEL}; to search for {word}, put it in quotes")
        self.cursor.take()
        return Has("model")

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
            and not is_call(self.cursor)
            and token.value not in ARITHMETIC
        )

    def _is_word_next(self, token: Token) -> bool:
        return token.kind is TokenKind.BANG or self._is_model(token) or self._is_text()

    def _is_model(self, token: Token) -> bool:
        """Is it `has:model`, or another thing that a run might be said to have?"""
        return (
            self._has_models and token.kind is TokenKind.WORD and token.value[:4].lower() == "has:"
        )

    def _reads_as_key(self, token: Token) -> bool:
        kind = prefix_of(token)
        if kind is Kind.ATTRIBUTE:
            return is_attribute(self.cursor, token.value.partition(".")[2])
        return kind is not None

    def _operator_at(self, ahead: int) -> bool:
        token = self.cursor.peek(ahead)
        if token.is_word("NOT"):
            return self.cursor.peek(ahead + 1).is_word(*_WORD_OPERATORS)
        return (
            token.kind is TokenKind.OPERATOR
            or is_arithmetic(token)
            or token.is_word("IS", *_WORD_OPERATORS)
        )

    def _primary_error(self, token: Token) -> FilterError:
        if token.is_word("AND", "OR", "IS", *_WORD_OPERATORS):
            return self.cursor.error(f"expected a condition before {token.value.upper()}")
        example = self.cursor.subject.condition
        return self.cursor.error(f"expected a condition such as {example}, or a word to search for")


def _is_word(node: Node) -> bool:
    return isinstance(node.part if isinstance(node, Not) else node, Text | Has)


def _is_stat(word: str) -> bool:
    return word.lower() in list(Stat)
