"""Wall-clock times of calls. Knows neither tuiflow nor MLflow, so that both are timed by it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter


def timed(
    action: Callable[[], object],
    repeats: int = 7,
    budget: float = 5.0,
    warm: bool = True,
    between: Callable[[], object] = lambda: None,
) -> list[float]:
    """Seconds of `repeats` calls, of fewer once they have taken `budget` seconds, of one at least.

    A call before them is not counted where `warm` says so and it takes no longer than the budget.
    `between` is called before each that is.
    """
    spent: list[float] = []
    before = 0.0
    if warm:
        start = perf_counter()
        action()
        before = perf_counter() - start
        if before > budget:
            return [before]
    while len(spent) < repeats and (not spent or before + sum(spent) < budget):
        between()
        start = perf_counter()
        action()
        spent.append(perf_counter() - start)
    return spent
