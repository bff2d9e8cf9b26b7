"""Which way metrics are better, where somebody has said so against their names."""

from __future__ import annotations

import sqlite3

from tuiflow import directions
from tuiflow.store import state

_NAME = "metric directions"


def said(conn: sqlite3.Connection) -> dict[str, bool]:
    """True where lower is better, by metric; only those that somebody has spoken of."""
    value = state.get(conn, _NAME)
    if not isinstance(value, dict):
        return {}
    return {key: lower for key, lower in value.items() if isinstance(lower, bool)}


def say(conn: sqlite3.Connection, metric: str, lower_is_better: bool | None) -> None:
    """Remember it; None goes back to what the name says."""
    known = said(conn)
    known.pop(metric, None)
    if lower_is_better is not None:
        known[metric] = lower_is_better
    state.put(conn, _NAME, known)


def lower_is_better(conn: sqlite3.Connection, metric: str) -> bool:
    """What was said, else what the name says."""
    told = said(conn).get(metric)
    return directions.lower_is_better(metric) if told is None else told
