"""Long series by NumPy: what `line` and `peaks` do number by number, at once.

Takes and gives `array`s, which NumPy reads and fills in place.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONG, WORTH_IMPORTING = 4_096, 100_000
"""From so many numbers on NumPy is faster, where it is loaded and where it is not."""


def are_long(count: int) -> bool:
    """Whether a series of so many points is one for this module."""
    if count < (LONG if "numpy" in sys.modules else WORTH_IMPORTING):
        return False
    try:
        import numpy  # noqa: F401
    except ImportError:
        return False
    return True


def _floats(numbers: array[float]) -> NDArray[np.float64]:
    import numpy as np

    return np.frombuffer(numbers, np.float64)


def _integers(numbers: array[int]) -> NDArray[np.int64]:
    import numpy as np

    return np.frombuffer(numbers, np.int64)


def _filled(numbers: NDArray[np.float64]) -> array[float]:
    result = array("d", [0.0]) * len(numbers)
    if len(numbers):
        _floats(result)[:] = numbers
    return result


def rises(numbers: array[int], start: int) -> bool:
    """Whether the numbers from the `start`-th on never fall."""
    part = _integers(numbers)[start:]
    return bool((part[1:] >= part[:-1]).all())


def order(numbers: array[int]) -> NDArray[np.int64]:
    """The places of the numbers, the least first; equal ones as they are."""
    import numpy as np

    return np.argsort(_integers(numbers), kind="stable")


def taken(numbers: array[float], places: NDArray[np.int64]) -> array[float]:
    """The numbers at these places."""
    return _filled(_floats(numbers)[places])


def scaled(numbers: array[int], start: int, origin: int = 0, unit: int = 1) -> array[float]:
    """(number - origin) / unit of the numbers from the `start`-th on."""
    part = _integers(numbers)[start:]
    return _filled((part - origin) / unit if origin or unit != 1 else part.astype(float))


def logarithms(numbers: array[float]) -> array[float]:
    """log10 of numbers above 0."""
    import numpy as np

    return _filled(np.log10(_floats(numbers)))


def buckets(
    lows: array[float], highs: array[float], start: int, fan: int
) -> tuple[array[float], array[float]]:
    """The least and the greatest of each `fan` numbers, from the `start`-th such bucket on."""
    import numpy as np

    end = len(lows) // fan * fan
    if start * fan >= end:
        return array("d"), array("d")
    starts = np.arange(start * fan, end, fan)
    return (
        _filled(np.minimum.reduceat(_floats(lows)[:end], starts)),
        _filled(np.maximum.reduceat(_floats(highs)[:end], starts)),
    )


def least(numbers: array[float]) -> float:
    """The least of them, NaN where one of them is."""
    return float(_floats(numbers).min())


def are_finite(numbers: array[float]) -> bool:
    import numpy as np

    return bool(np.isfinite(_floats(numbers)).all())


_BLOCK = 64


def averaged(
    values: array[float], weight: float, mean: float, remaining: float
) -> tuple[array[float], tuple[float, float]]:
    """The moving average that `line` takes, of finite values: of blocks by a matrix, then the
    blocks one after the other."""
    import numpy as np

    numbers = _floats(values)
    whole = len(numbers) // _BLOCK * _BLOCK
    powers = weight ** np.arange(_BLOCK + 1)
    age = np.arange(_BLOCK)[:, None] - np.arange(_BLOCK)
    shares = np.where(age >= 0, weight ** np.maximum(age, 0), 0.0) * (1 - weight)
    means = np.empty(len(numbers))
    blocks = means[:whole].reshape(-1, _BLOCK)
    np.matmul(numbers[:whole].reshape(-1, _BLOCK), shares.T, out=blocks)
    before = []
    for last in blocks[:, -1].tolist():
        before.append(mean)
        mean = last + powers[-1].item() * mean
    blocks += np.array(before)[:, None] * powers[1:]
    for place in range(whole, len(numbers)):
        mean = weight * mean + (1 - weight) * numbers[place].item()
        means[place] = mean
    left = remaining * weight ** np.arange(1.0, len(numbers) + 1)
    with np.errstate(over="ignore"):
        return _filled(means / (1 - left)), (mean, float(left[-1]))


class Placed(NamedTuple):
    """Points apart: those that have a place on the y axis, and the x of those that have none.

    `gaps` are the indices into `xs` before which there was one without a place; `broken` says
    whether the last one was.
    """

    xs: array[float]
    ys: array[float]
    gaps: list[int]
    nans: array[float]
    above: array[float]
    below: array[float]
    broken: bool


def placed(xs: array[float], values: array[float], log: bool, broken: bool) -> Placed:
    """Tell points apart; `broken` says whether the one before them had no place."""
    import numpy as np

    x, value = _floats(xs), _floats(values)
    fits = np.isfinite(value) & (value > 0) if log else np.isfinite(value)
    after_none = np.concatenate(([broken], ~fits[:-1]))
    gaps = (np.cumsum(fits) - 1)[fits & after_none]
    y = value[fits]
    below = value <= 0 if log else value == -np.inf
    return Placed(
        _filled(x[fits]),
        _filled(np.log10(y) if log else y),
        gaps.tolist(),
        _filled(x[np.isnan(value)]),
        _filled(x[value == np.inf]),
        _filled(x[below]),
        not fits[-1],
    )
