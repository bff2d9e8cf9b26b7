"""Numbers, spans of time and points in time, as written in a filter."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?)", re.ASCII | re.I)
_SPAN = re.compile(r"[+-]?(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d(?P<time>[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII | re.I,
)
_UNITS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 7 * 86_400_000,
}


def number(text: str) -> float | None:
    """A decimal number or ±inf; None where `text` is neither. NaN is not a number here."""
    return float(text) if _NUMBER.fullmatch(text) else None


def span(text: str) -> float | None:
    """Milliseconds of `90s`, `10m`, `1h30m`, `-7d` (units ms, s, m, h, d, w), else None."""
    if not _SPAN.fullmatch(text):
        return None
    total = sum(float(size) * _UNITS[unit] for size, unit in _PART.findall(text))
    return -total if text.startswith("-") else total


def moment(text: str) -> tuple[float, float | None] | None:
    """Epoch ms of an ISO 8601 date or date with time, in local time unless it says otherwise.

    For a date alone, that is its first moment, and the second value is the next day's; otherwise
    None. None for anything else, also for a day that does not exist.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    try:
        start = datetime.fromisoformat(text.upper())
        if match["time"]:
            return _epoch_ms(start), None
        return _epoch_ms(start), _epoch_ms(start + timedelta(days=1))
    except (ValueError, OverflowError, OSError):
        return None


def _epoch_ms(when: datetime) -> float:
    return float(round(when.timestamp() * 1000))
