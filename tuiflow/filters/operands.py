"""Read a number that may be computed: `metrics.val_loss - metrics.loss * 1.2`, `min(metrics.loss)`.

`*` and `/` bind tighter than `+` and `-`. All four stand between spaces, for names may hold them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable

from tuiflow.errors import FilterError
from tuiflow.filters import literals
from tuiflow.filters.evaluate import ARITHMETIC
from tuiflow.filters.keys import (
    STATS,
    functions,
    is_arithmetic,
    is_attribute,
    is_call,
    kind_of,
    prefix_of,
    take_term,
)
from tuiflow.filters.lexer import Cursor, Token, TokenKind, Wanted, nearest
from tuiflow.filters.tree import (
    Arithmetic,
    Key,
    Kind,
    Measure,
    Node,
    Operand,
    keys_of,
)
from tuiflow.filters.values import holds_text
from tuiflow.text import clean

MAX_STEPS = 200
MAX_DEPTH = 10
"""Limits on the arithmetic of a filter and on the parentheses of a computed number, so that every
accepted filter is one that SQLite accepts too."""

_QUOTES = (TokenKind.TEXT, TokenKind.QUOTED)


class Operands:
    """Reads the operands of one text from its cursor.

    `known` are the keys in use, for suggestions and to tell a name from a forgotten space;
    `moment` is the first time or span that was read as part of a computed number.
    """

    def __init__(self, cursor: Cursor, now_ms: int, known: Iterable[Key]) -> None:
        self.cursor = cursor
        self.now_ms = now_ms
        self.known = tuple(known)
        self.moment: Token | None = None
        self.steps = 0
        self.depth = 0

    @property
    def wanted(self) -> Wanted:
        """What an operand could start with."""
        return Wanted(calls(self.cursor), numbers=True)

    def is_next(self) -> bool:
        """Does more stand next than a single number, text or time?"""
        token = self.cursor.peek()
        if token.kind in (TokenKind.OPEN, TokenKind.TICKED):
            return True
        if is_arithmetic(self.cursor.peek(1)):
            return token.kind in (TokenKind.WORD, *_QUOTES)
        if token.kind is not TokenKind.WORD:
            return False
        if token.value[0].isdigit():
            return self._is_clock(token) and is_arithmetic(self.cursor.peek(2))
        return (
            token.value in ("+", "-")
            or self.is_signed(token)
            or is_call(self.cursor)
            or prefix_of(token) in self.cursor.subject.kinds
            or is_attribute(self.cursor, token.value)
        )

    def is_signed(self, token: Token) -> bool:
        """Is it a sign and a key or call without a space between, such as `-metrics.loss`?"""
        if token.kind is not TokenKind.WORD or token.value[0] not in "+-" or len(token.value) == 1:
            return False
        rest = token.value[1:]
        prefix, dot, _ = rest.partition(".")
        return (
            bool(dot and kind_of(prefix)) or is_call(self.cursor) or is_attribute(self.cursor, rest)
        )

    def take(self) -> Operand:
        """Take an operand; a single key may be of a text. Raises FilterError."""
        left = self._product()
        while self.cursor.peek().value in ("+", "-") and is_arithmetic(self.cursor.peek()):
            left = self._joined(self.cursor.take(), left, self._product)
        return left

    def take_number(self) -> Operand:
        """Take an operand that is, or may be, a number. Raises FilterError."""
        first = self.cursor.peek()
        return self._number(self.take(), first)

    def _product(self) -> Operand:
        left = self._signed()
        while self.cursor.peek().value in ("*", "/") and is_arithmetic(self.cursor.peek()):
            left = self._joined(self.cursor.take(), left, self._signed)
        return left

    def _joined(self, operator: Token, left: Operand, right: Callable[[], Operand]) -> Operand:
        self._number(left, operator)
        self.count(1, operator)
        first = self._after_operator()
        return fold(operator.value, left, self._number(right(), first))

    def _after_operator(self) -> Token:
        self.cursor.wanted = self.wanted
        return self.cursor.peek()

    def _signed(self) -> Operand:
        token = self.cursor.peek()
        if self.is_signed(token):
            self.cursor.split(1)
            token = self.cursor.peek()
        if token.kind is not TokenKind.WORD or token.value not in ("+", "-"):
            return self._term()
        self.count(1, self.cursor.take())
        first = self._after_operator()
        operand = self._number(self._signed(), first)
        return operand if token.value == "+" else fold("*", -1.0, operand)

    def _term(self) -> Operand:
        token = self.cursor.peek()
        if token.kind is TokenKind.OPEN:
            return self._group()
        if token.kind in (TokenKind.WORD, *_QUOTES):
            number = self._literal(token)
            if number is not None:
                return number
        if token.kind not in (TokenKind.WORD, TokenKind.QUOTED, TokenKind.TICKED):
            example = self.cursor.subject.key
            raise self.cursor.error(f"expected a number or a key such as {example}")
        term = take_term(self.cursor, self.known)
        if self.cursor.last is token and isinstance(term, Key):
            self._check_spaces(token, term)
        return term

    def count(self, steps: int, place: Token) -> None:
        """Raises FilterError where so many more operators are too many."""
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise self.cursor.error(f"expected at most {MAX_STEPS} of + - * /", place)

    def _group(self) -> Operand:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.cursor.error(f"expected at most {MAX_DEPTH} parentheses inside each other")
        self.cursor.take()
        self.cursor.wanted = self.wanted
        inner = self.take_number()
        self.cursor.wanted = Wanted(("+", "-", "*", "/", ")"))
        if not self.cursor.take_kind(TokenKind.CLOSE):
            raise self.cursor.error("expected +, -, *, / or )")
        self.depth -= 1
        return inner

    def _literal(self, token: Token) -> float | None:
        """Take a number, span or time as a number (spans and times in ms); None for other words."""
        if token.kind is TokenKind.WORD:
            number = literals.number(token.value)
            if number is not None:
                self.cursor.take()
                return number
            if token.value.lower() == _NAN:
                raise self.cursor.error("expected a number; NaN goes with = and != of a metric")
        if token.value[:1] not in ("+", "-") and not token.value[:1].isdigit():
            return None
        span = literals.span(token.value)
        text, words = token.value, 1
        if self._is_clock(token):
            text, words = f"{text} {self.cursor.peek(1).value}", 2
        moment = literals.moment(text)
        if span is not None and math.isfinite(span):
            value = span if token.value[0] not in "+-" else self.now_ms + span
        elif moment is not None and moment[1] is not None:
            hint = f"such as {clean(text, 60)}T00:00"
            raise self.cursor.error(f"expected a time of day with the date, {hint}, to compute")
        elif moment is not None:
            value = moment[0]
        else:
            return None
        self.moment = self.moment or token
        for _ in range(words):
            self.cursor.take()
        return value

    def _is_clock(self, token: Token) -> bool:
        """Do this word and the next one make a date with a time of day?"""
        clock = self.cursor.peek(1)
        return token.kind is clock.kind is TokenKind.WORD and (
            literals.moment(f"{token.value} {clock.value}") is not None
        )

    def _number(self, operand: Operand, place: Token) -> Operand:
        if isinstance(operand, Key) and not may_be_number(operand):
            raise self.cursor.error(f"expected a number; {operand} is a text", place)
        return operand

    def check_moments(self, node: Node) -> None:
        """Raise FilterError where a span or time is computed with, but no time of the run."""
        moment, self.moment = self.moment, None
        if moment is None or any(map(is_time, keys_of(node))):
            return
        names = [name for name in self.cursor.subject.attributes if _is_time_name(name)]
        raise self.cursor.error(
            f"expected a number; {moment.shown()} goes with {', '.join(names)}", moment
        )

    # mistakes

    def _check_spaces(self, token: Token, key: Key) -> None:
        """Raise FilterError for `metrics.a*2`, unless there is such a name."""
        signs = re.search("[-+*/]", key.name)
        if signs is None or key.kind is Kind.ATTRIBUTE or key in self.known:
            return
        found = re.search(r"[*+]", key.name)
        spaced = None
        if found or self.known:  # `/` and `-` may well be of a name that nobody listed
            spaced = self.spaced(token.value, strict=found is None)
        if spaced is not None:
            raise self.cursor.error(f"expected spaces around + - * /: {clean(spaced, 80)}", token)
        if found is not None:
            ticked = clean(str(key), 80)
            raise self.cursor.error(
                f"expected spaces around {found[0]}, or the name in backticks: {ticked}", token
            )

    def spaced(self, word: str, with_key: bool = False, strict: bool = False) -> str | None:
        """`metrics.a / 2` for `metrics.a/2`, where that can be meant, else None.

        `with_key`: only where there is a key in it; `strict`: only of keys in use.
        """
        parts = self._split(word, strict)
        if not parts or len(parts) == 1:
            return None
        has_key = any(literals.number(part) is None for part in parts[::2])
        return " ".join(parts) if has_key or not (with_key or set(parts[1::2]) == {"-"}) else None

    def _split(self, word: str, strict: bool) -> list[str]:
        """Numbers and keys with the operators between them; empty where it can't be that."""
        if not word or self._reads(word, strict):
            return [word]
        for found in re.finditer(r"[-+*/]", word):
            left, right = word[: found.start()], word[found.end() :]
            if self._reads(left, strict) and (rest := self._split(right, strict)):
                return [left, found[0], *rest] if right else [left, found[0]]
        return []

    def _reads(self, word: str, strict: bool) -> bool:
        if literals.number(word) is not None or _is_time_name(word.lower()):
            return True
        head, _, name = word.partition(".")
        kind = kind_of(head)
        if kind is None or not name or re.search("[*+]", name):
            return False
        return not strict or Key(kind, name) in self.known

    def unknown(self, token: Token) -> FilterError:
        """What is wrong with a word that is no number."""
        word = clean(token.value, 60)
        if spaced := self.spaced(token.value):
            return self.cursor.error(f"expected spaces around + - * /: {clean(spaced, 80)}", token)
        names = {key.name: key for key in reversed(self.known) if key.kind is not Kind.DATASET}
        guess = nearest(word, names) if token.kind is TokenKind.WORD else None
        hint = f"; did you mean {names[guess]}?" if guess else ""
        return self.cursor.error(f"expected a number or a key{hint}", token)


_NAN = "nan"
_CALLS = tuple(f"{stat.value}(" for stat in STATS)


def calls(cursor: Cursor) -> tuple[str, ...]:
    """How the functions that there are begin: `min(`."""
    return _CALLS if functions(cursor) else ()


def may_be_number(key: Key | Measure) -> bool:
    return key.kind in (Kind.PARAM, Kind.TAG) or not holds_text(key)


def is_time(key: Key) -> bool:
    """Is it a time or a span?"""
    return key.kind is Kind.ATTRIBUTE and _is_time_name(key.name)


def _is_time_name(name: str) -> bool:
    return "time" in name or name == "duration"


def size(operand: Operand) -> int:
    """How many operators there are in it."""
    if not isinstance(operand, Arithmetic):
        return 0
    return 1 + size(operand.left) + size(operand.right)


def fold(op: str, left: Operand, right: Operand) -> Operand:
    """The operands joined; two numbers are one at once, but for NaN and division by zero, and two
    signs are none."""
    if isinstance(left, float) and isinstance(right, float) and not (op == "/" and right == 0):
        value = float(ARITHMETIC[op](left, right))
        if not math.isnan(value):
            return value
    match (op, left, right):
        case ("*", -1.0, Arithmetic("*", -1.0, inner)):
            return inner
    return Arithmetic(op, left, right)
