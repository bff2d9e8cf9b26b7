"""Read a key: `metrics.rmse`, ``params.`batch size` ``, `attributes.status`, `start_time`."""

from __future__ import annotations

from collections.abc import Iterable

from tuiflow.errors import FilterError
from tuiflow.filters.lexer import Cursor, Token, TokenKind, Wanted, nearest
from tuiflow.filters.tree import DATASET_KEYS, Key, Kind, Measure, Stat
from tuiflow.text import clean

_PREFIXES = {
    "metrics": Kind.METRIC,
    "metric": Kind.METRIC,
    "params": Kind.PARAM,
    "param": Kind.PARAM,
    "parameters": Kind.PARAM,
    "parameter": Kind.PARAM,
    "tags": Kind.TAG,
    "tag": Kind.TAG,
    "attributes": Kind.ATTRIBUTE,
    "attribute": Kind.ATTRIBUTE,
    "attr": Kind.ATTRIBUTE,
    "run": Kind.ATTRIBUTE,
    "dataset": Kind.DATASET,
    "datasets": Kind.DATASET,
}
_ATTRIBUTE_ALIASES = {
    "created": "start_time",
    "run name": "run_name",
    "experiment_name": "experiment",
    "timestamp": "last_updated_timestamp",  # MLflow's word in the order of registered models
}
STATS = (Stat.MIN, Stat.MAX, Stat.FIRST, Stat.LAST, Stat.COUNT)
ARITHMETIC = ("+", "-", "*", "/")
"""Operators where they stand alone; inside of a word they are part of a name."""
_FREE = (Kind.METRIC, Kind.PARAM, Kind.TAG)
"""Kinds whose names are the user's own."""
_NAMED = (TokenKind.QUOTED, TokenKind.TICKED)
_TEXT = TokenKind.TEXT


def kind_of(prefix: str) -> Kind | None:
    """The kind that is written before the dot: METRIC for `metrics` or `metric`; else None."""
    return _PREFIXES.get(prefix.lower())


def prefix_of(token: Token) -> Kind | None:
    """The kind of key that an unquoted `token` starts as, or None."""
    head, dot, _ = token.value.partition(".")
    return kind_of(head) if dot and token.kind is TokenKind.WORD else None


def key_length(cursor: Cursor) -> int:
    """How many of the next tokens could make one key: 0, 1, 2 or, each part quoted, 3."""
    first, second = cursor.peek(), cursor.peek(1)
    if first.kind not in (TokenKind.WORD, *_NAMED):
        return 0
    if first.end != second.start:
        return 1
    if first.kind is TokenKind.TICKED and second.value.startswith("."):
        third = cursor.peek(2)
        dot = second.kind is TokenKind.WORD and second.value == "." and second.end == third.start
        return 3 if dot and third.kind in (*_NAMED, _TEXT) else 2
    if prefix_of(first) and first.value.endswith(".") and second.kind in (*_NAMED, _TEXT):
        return 2
    return 1


def take_key(cursor: Cursor, known: Iterable[Key]) -> Key:
    """Take the key that stands next. Raises FilterError where there is none."""
    count = key_length(cursor)
    if count == 0:
        raise cursor.error(f"expected a key such as {cursor.subject.key}")
    first = cursor.take()
    last = first
    for _ in range(count - 1):
        last = cursor.take()
    if first.kind in _NAMED and count == 1:
        return _attribute(cursor, first.value, known, first, last)
    if first.kind is TokenKind.TICKED:
        head, name = first.value, last.value if count == 3 else last.value[1:]
    else:
        head, dot, name = first.value.partition(".")
        if not dot:
            return _attribute(cursor, first.value, known, first, last)
        if count == 2:
            name += last.value
    kind = kind_of(head)
    if kind not in cursor.subject.kinds:
        raise _unknown_prefix(cursor, head, known, first, last)
    if not name:
        raise cursor.error(f"expected a name after {clean(head, 60)}.", first, last)
    if kind is Kind.ATTRIBUTE:
        return _attribute(cursor, name, (), first, last)
    if kind is Kind.DATASET and name not in DATASET_KEYS:
        names = [f"dataset.{key}" for key in DATASET_KEYS]
        raise cursor.error(f"expected {', '.join(names[:-1])} or {names[-1]}", first, last)
    return Key(kind, name)


def is_call(cursor: Cursor) -> bool:
    """Does a word stand next with a parenthesis right behind it?"""
    token, after = cursor.peek(), cursor.peek(1)
    return (
        token.kind is TokenKind.WORD
        and after.kind is TokenKind.OPEN
        and after.start == token.end
        and token.value not in ARITHMETIC
        and not token.is_word("AND", "OR", "NOT", "IN")
    )


def is_arithmetic(token: Token) -> bool:
    return token.kind is TokenKind.WORD and token.value in ARITHMETIC


def take_term(cursor: Cursor, known: Iterable[Key]) -> Key | Measure:
    """Take a key or a function of a metric, such as `min(metrics.rmse)`. Raises FilterError.

    `last(metrics.rmse)` is the metric itself.
    """
    if not is_call(cursor):
        return take_key(cursor, known)
    name = cursor.take()
    stat = next((stat for stat in functions(cursor) if stat.value == name.value.lower()), None)
    if stat is None:
        raise _no_function(cursor, name)
    cursor.take()
    cursor.wanted = Wanted(metrics=True)
    first = cursor.peek()
    key = _metric(cursor, tuple(known), name)
    cursor.wanted = Wanted((")",))
    if cursor.peek().kind is not TokenKind.CLOSE:
        raise cursor.error(f"expected ) after {clean(str(key), 60)}")
    cursor.take()
    if key.kind is not Kind.METRIC:
        raise cursor.error(f"expected a metric; {name.shown()}() is of a metric's points", first)
    return key if stat is Stat.LAST else Measure(key, stat)


def functions(cursor: Cursor) -> tuple[Stat, ...]:
    """The functions there are: only metrics have any."""
    return STATS if Kind.METRIC in cursor.subject.kinds else ()


def _metric(cursor: Cursor, known: tuple[Key, ...], function: Token) -> Key:
    token = cursor.peek()
    if key_length(cursor) == 0 or token.value in ARITHMETIC:
        raise cursor.error(f"expected a metric such as metrics.rmse in {function.shown()}()")
    if token.kind is not TokenKind.TICKED and "." not in token.value:
        names = {key.name: key for key in reversed(known) if key.kind is Kind.METRIC}
        guess = token.value if token.value in names else nearest(token.value, names)
        hint = f"did you mean {names[guess]}?" if guess else "with metrics. before its name"
        raise cursor.error(f"expected a metric; {hint}")
    return take_key(cursor, known)


def _no_function(cursor: Cursor, name: Token) -> FilterError:
    names = [stat.value for stat in functions(cursor)]
    if not names:
        return cursor.error(
            f"expected a key such as {cursor.subject.key}; there is no function {name.shown()}()",
            name,
        )
    guess = nearest(name.value, names)
    hint = f"did you mean {guess}()?" if guess else f"there are {', '.join(names)}"
    return cursor.error(f"there is no function {name.shown()}(); {hint}", name)


def is_attribute(cursor: Cursor, name: str) -> bool:
    lower = name.lower()
    return _ATTRIBUTE_ALIASES.get(lower, lower) in cursor.subject.attributes


def _attribute(cursor: Cursor, name: str, known: Iterable[Key], first: Token, last: Token) -> Key:
    subject = cursor.subject
    lower = name.lower()
    lower = _ATTRIBUTE_ALIASES.get(lower, lower)
    if lower in subject.attributes:
        return Key(Kind.ATTRIBUTE, lower)
    shown = clean(name, 60) or "this"
    by_name = {key.name: key for key in reversed(list(known))}
    if name in by_name:
        hint = f"did you mean {by_name[name]}?"
    elif guess := nearest(name, [*subject.attributes, *by_name]):
        hint = f"did you mean {by_name.get(guess, guess)}?"
    elif cursor.text[first.start : last.end] == name and not name[0].isdigit():
        prefixed = [f"{kind.value}.{shown}" for kind in subject.kinds if kind in _FREE]
        hint = f"expected a prefix: {' or '.join(', '.join(prefixed).rsplit(', ', 1))}"
    else:
        hint = f"expected one of {', '.join(subject.attributes)}"
    raise cursor.error(f"{shown} is not an attribute of {subject.noun}; {hint}", first, last)


def _unknown_prefix(
    cursor: Cursor, head: str, known: Iterable[Key], first: Token, last: Token
) -> FilterError:
    whole = cursor.text[first.start : last.end]
    names = [kind.value for kind in cursor.subject.kinds]
    reason = f"expected {', '.join(names[:-1])} or {names[-1]} before the dot"
    for key in known:
        if key.name == whole:
            return cursor.error(f"{reason}; did you mean {key}?", first, last)
    if guess := nearest(head, names):
        reason += f"; did you mean {guess}.{clean(whole[len(head) + 1 :], 60)}?"
    return cursor.error(reason, first, last)
