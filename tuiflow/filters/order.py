"""Sort text → sort keys: `metrics.rmse DESC, start_time`, or MLflow's list of such clauses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tuiflow.filters.keys import is_arithmetic, take_term
from tuiflow.filters.lexer import Cursor, TokenKind, nearest
from tuiflow.filters.subjects import RUNS, Subject
from tuiflow.filters.tree import Key, Kind, OrderKey

MAX_KEYS = 16
"""SQLite joins no more than 64 tables."""


def parse_order(
    text: str | Sequence[str], known: Iterable[Key] = (), subject: Subject = RUNS
) -> tuple[OrderKey, ...]:
    """Parse `key [ASC|DESC], …`, or several such texts; empty texts give no keys.

    A key may be a function: `min(metrics.rmse)`. `known` are the keys in use, for suggestions only.
    Raises FilterError.
    """
    known = tuple(known)
    texts = (text,) if isinstance(text, str) else text
    keys: list[OrderKey] = []
    for part in texts:
        _parse_into(keys, Cursor(part, subject), known)
    return tuple(keys)


def _parse_into(keys: list[OrderKey], cursor: Cursor, known: tuple[Key, ...]) -> None:
    while cursor.peek().kind is not TokenKind.END:
        if len(keys) == MAX_KEYS:
            raise cursor.error(f"expected at most {MAX_KEYS} sort keys")
        first = cursor.peek()
        key = take_term(cursor, known)
        if key.kind is Kind.DATASET:
            raise cursor.error("a run may have several data sets, so it can't sort by one", first)
        descending = cursor.take_word("DESC")
        if not descending:
            cursor.take_word("ASC")
        keys.append(OrderKey(key, descending))
        token = cursor.peek()
        if token.kind is TokenKind.END:
            return
        if not cursor.take_kind(TokenKind.COMMA):
            if is_arithmetic(token):
                raise cursor.error("expected ASC, DESC, a comma or the end; no order is computed")
            guess = nearest(token.value, ("ASC", "DESC"))
            hint = f"; did you mean {guess}?" if guess else ""
            raise cursor.error(f"expected ASC, DESC, a comma or the end{hint}")
        if cursor.peek().kind is TokenKind.END:
            raise cursor.error("expected another key after the comma")
