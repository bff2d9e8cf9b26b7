"""Sort text → sort keys: `metrics.rmse DESC, start_time`, or MLflow's list of such clauses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tuiflow.filters.keys import take_key
from tuiflow.filters.lexer import Cursor, TokenKind, nearest
from tuiflow.filters.tree import Key, OrderKey


def parse_order(text: str | Sequence[str], known: Iterable[Key] = ()) -> tuple[OrderKey, ...]:
    """Parse `key [ASC|DESC], …`, or several such texts; empty texts give no keys.

    `known` are the keys in use, for suggestions only. Raises FilterError.
    """
    known = tuple(known)
    texts = (text,) if isinstance(text, str) else text
    return tuple(key for part in texts for key in _parse_one(part, known))


def _parse_one(text: str, known: tuple[Key, ...]) -> list[OrderKey]:
    cursor = Cursor(text)
    keys: list[OrderKey] = []
    while cursor.peek().kind is not TokenKind.END:
        key = take_key(cursor, known)
        descending = cursor.take_word("DESC")
        if not descending:
            cursor.take_word("ASC")
        keys.append(OrderKey(key, descending))
        token = cursor.peek()
        if token.kind is TokenKind.END:
            break
        if not cursor.take_kind(TokenKind.COMMA):
            reason = "expected ASC, DESC, a comma or the end"
            if guess := nearest(token.value, ("ASC", "DESC")):
                reason += f"; did you mean {guess}?"
            raise cursor.error(reason)
        if cursor.peek().kind is TokenKind.END:
            raise cursor.error("expected another key after the comma")
    return keys
