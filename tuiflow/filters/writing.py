"""Conditions as the text of a filter: what `parse_filter` reads back."""

from __future__ import annotations

import math

from tuiflow.filters.tree import Key, Kind


def condition(key: Key, value: float | str | None) -> str:
    """`params.alpha = 0.1`, `tags.team = 'it''s'`; None is a run without the key."""
    if value is None:
        return f"{key} IS NULL"
    if isinstance(value, str):
        quoted = value.replace("'", "''")
        return f"{key} = '{quoted}'"
    if math.isnan(value) and key.kind is not Kind.METRIC:
        return f"{key} = 'nan'"
    return f"{key} = {'NaN' if math.isnan(value) else _number(value)}"


def both(text: str, more: str) -> str:
    """The filter that both texts say; either may be empty."""
    parts = [part.strip() for part in (text, more) if part.strip()]
    return " AND ".join(f"({part})" if " or " in part.lower() else part for part in parts)


def _number(value: float) -> str:
    whole = abs(value) < 2**53 and value == int(value)
    return str(int(value)) if whole else repr(value)
