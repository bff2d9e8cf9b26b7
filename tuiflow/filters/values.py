"""Read the right-hand side of a comparison: what may stand there depends on the key."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tuiflow.errors import FilterError
from tuiflow.filters import literals
from tuiflow.filters.lexer import Cursor, Token, TokenKind
from tuiflow.filters.tree import (
    EXPERIMENT_TEXTS,
    TEXT_ATTRIBUTES,
    VERSION_COUNTS,
    VERSION_TEXTS,
    Key,
    Kind,
    Measure,
)
from tuiflow.text import clean


@dataclass(frozen=True, slots=True)
class Day:
    """A date without a time: from `start` up to, not including, `end` (epoch ms)."""

    start: float
    end: float


Value = float | str | Day


def holds_text(key: Key | Measure) -> bool:
    """True for keys whose values can be texts: everything but metrics, times, spans, counts."""
    if key.kind is Kind.ATTRIBUTE:
        return key.name in (*TEXT_ATTRIBUTES, *EXPERIMENT_TEXTS, *VERSION_TEXTS)
    return key.kind is not Kind.METRIC


def take_value(cursor: Cursor, key: Key | Measure, now_ms: int) -> Value:
    """Take one value to compare `key` with; a metric's may be NaN. Raises FilterError."""
    token = cursor.peek()
    if token.kind not in (TokenKind.WORD, TokenKind.TEXT, TokenKind.QUOTED):
        raise cursor.error(f"expected {_expected(key)}")
    if token.is_word("NULL"):
        raise cursor.error("expected a value; did you mean IS NULL or IS NOT NULL?")
    if key.kind is Kind.METRIC:
        return _metric_value(cursor, key, token)
    if _is_count(key):
        return _count(cursor, key, token)
    if key.kind is Kind.ATTRIBUTE and key.name == "duration":
        return _span(cursor, key, token)
    if key.kind is Kind.ATTRIBUTE and not holds_text(key):
        return _time(cursor, key, token, now_ms)
    if token.is_quote:
        cursor.take()
        return token.value.upper() if key == _STATUS else token.value
    number = literals.number(token.value)
    if number is None or key.kind in (Kind.ATTRIBUTE, Kind.DATASET):
        raise _unquoted(cursor, key, token)
    cursor.take()
    return number


_STATUS = Key(Kind.ATTRIBUTE, "status")


def _metric_value(cursor: Cursor, key: Key | Measure, token: Token) -> float:
    number = math.nan if token.is_word("NAN") else literals.number(token.value)
    if token.is_quote:
        hint = f"; did you mean {token.shown()}?" if number is not None else ""
        raise cursor.error(f"expected {_expected(key)}, without quotes{hint}")
    if number is None:
        raise cursor.error(f"expected {_expected(key)}")
    cursor.take()
    return number


def _is_count(key: Key | Measure) -> bool:
    return key.kind is Kind.ATTRIBUTE and key.name in VERSION_COUNTS


def _count(cursor: Cursor, key: Key | Measure, token: Token) -> float:
    number = literals.number(token.value)
    if number is None or not number.is_integer():
        raise cursor.error(f"expected {_expected(key)}")
    cursor.take()
    return number


def _span(cursor: Cursor, key: Key | Measure, token: Token) -> float:
    milliseconds = literals.span(token.value)
    if milliseconds is None and literals.number(token.value) == 0:
        milliseconds = 0.0
    if milliseconds is None or not 0 <= milliseconds < math.inf:
        word = token.shown()
        hint = f"; did you mean {word}s or {word}m?" if word.isdigit() else ""
        raise cursor.error(f"expected {_expected(key)}{hint}")
    cursor.take()
    return milliseconds


def _time(cursor: Cursor, key: Key | Measure, token: Token, now_ms: int) -> float | Day:
    if token.kind is TokenKind.WORD and (number := literals.number(token.value)) is not None:
        cursor.take()
        return number
    span = literals.span(token.value)
    if span is not None and token.value[0] in "+-" and math.isfinite(span):
        cursor.take()
        return now_ms + span
    # An unquoted date and time of day are two words.
    clock = cursor.peek(1)
    both = f"{token.value} {clock.value}"
    if token.kind is clock.kind is TokenKind.WORD and literals.moment(both):
        cursor.take()
    else:
        both = token.value
    found = literals.moment(both)
    if found is None:
        hint = f"; did you mean -{token.shown()}?" if span is not None and span > 0 else ""
        raise cursor.error(f"expected {_expected(key)}{hint}")
    cursor.take()
    start, end = found
    return start if end is None else Day(start, end)


def _expected(key: Key | Measure) -> str:
    if key.kind is Kind.METRIC:
        return "a number"
    if key.kind in (Kind.PARAM, Kind.TAG):
        return "a number or a text in quotes"
    if key.name == "duration":
        return "a time span such as 90s, 10m or 1h30m"
    if _is_count(key):
        return "a whole number"
    if holds_text(key):
        return "a text in quotes"
    return "a time such as -7d, 2026-01-31, '2026-01-31 15:00' or epoch milliseconds"


def _unquoted(cursor: Cursor, key: Key | Measure, token: Token) -> FilterError:
    word = clean(token.value, 60)
    return cursor.error(f"expected {_expected(key)}; did you mean '{word}'?")
