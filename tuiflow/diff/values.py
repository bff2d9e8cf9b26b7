"""How one value stands against another. Pure arithmetic; every float is fair input."""

from __future__ import annotations

import math
import re
from decimal import Decimal, InvalidOperation

from tuiflow.diff.result import Cell, Verdict

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,6})?", re.ASCII | re.IGNORECASE)


def difference(value: float, baseline: float) -> float | None:
    """`value - baseline`, None where that is undefined; antisymmetric for all floats."""
    delta = value - baseline
    return None if math.isnan(delta) else delta


def relative(value: float, baseline: float) -> float | None:
    """`(value - baseline) / |baseline|`: its sign is the difference's, also below zero.

    None where the baseline is 0 or not finite, or the result is not finite.
    """
    if baseline == 0 or not math.isfinite(baseline):
        return None
    ratio = (value - baseline) / abs(baseline)
    return ratio if math.isfinite(ratio) else None


def same_number(one: float, other: float) -> bool:
    """Equality in which NaN equals NaN."""
    return one == other or (math.isnan(one) and math.isnan(other))


def same_text(one: str, other: str) -> bool:
    """Whether two recorded texts say the same: as numbers where both are (`0.10`, `1e-1`)."""
    if one == other:
        return True
    first, second = _decimal(one), _decimal(other)
    return first is not None and first == second


def _decimal(text: str) -> Decimal | None:
    # Decimal, not float: two long integers must not become equal by rounding.
    if len(text) > 400 or _NUMBER.fullmatch(text) is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def judge(value: float, baseline: float, lower_is_better: bool | None) -> Verdict:
    """The verdict on a metric; a NaN is worse than any number, whatever the direction."""
    if same_number(value, baseline):
        return Verdict.EQUAL
    if lower_is_better is None:
        return Verdict.DIFFERENT
    if math.isnan(value):
        return Verdict.WORSE
    if math.isnan(baseline):
        return Verdict.BETTER
    return Verdict.BETTER if (value < baseline) == lower_is_better else Verdict.WORSE


def number_cell(
    value: float | None, baseline: float | None, lower_is_better: bool | None = None
) -> Cell:
    """A number's cell against the baseline's."""
    if value is None or baseline is None:
        return Cell(value, verdict=_presence(value, baseline))
    return Cell(
        value,
        difference(value, baseline),
        relative(value, baseline),
        judge(value, baseline, lower_is_better),
    )


def text_cell(value: str | None, baseline: str | None) -> Cell:
    """A text's cell against the baseline's."""
    if value is None or baseline is None:
        return Cell(value, verdict=_presence(value, baseline))
    return Cell(value, verdict=Verdict.EQUAL if same_text(value, baseline) else Verdict.DIFFERENT)


def _presence(value: object | None, baseline: object | None) -> Verdict:
    if value is None:
        return Verdict.EQUAL if baseline is None else Verdict.REMOVED
    return Verdict.ADDED
