"""What a call of `fit` was given: X, y and sample weights."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

EXAMPLE_ROWS = 5
"""Rows of X that the signature is inferred from and that are kept as input example (MLflow's)."""

_WEIGHT = "sample_weight"
_IN_PLACE = ("copy", "copy_X", "copy_x")


@dataclass(frozen=True, slots=True)
class FitData:
    """The training data of one fit; `y` and `weight` are None where there are none."""

    X: Any
    y: Any
    weight: Any

    def labels(self) -> Any:
        """`y`; a table or matrix of one column as a vector."""
        shape: tuple[int, ...] = getattr(self.y, "shape", ())
        if len(shape) != 2 or shape[1] != 1:
            return self.y
        import numpy as np

        return np.asarray(self.y).ravel()

    def example(self) -> Any:
        """A copy of the first rows of X. Raises TypeError for what has no rows."""
        return copy.deepcopy(self.X[:EXAMPLE_ROWS])


def argument_names(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def fit_data(estimator: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> FitData:
    """Take X, y and the weights, whatever they are called, from the arguments of a fit.

    They are copied where the estimator is set to work on them in place. Raises TypeError where
    there is no X.
    """
    names = argument_names(estimator.fit)
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    if names[0] not in given:
        raise TypeError(f"fit() got no {names[0]}")
    X = given[names[0]]
    y = given.get(names[1]) if len(names) > 1 else None
    if _works_in_place(estimator):
        X, y = copy.deepcopy(X), copy.deepcopy(y)
    return FitData(X, y, given.get(_WEIGHT) if _WEIGHT in names else None)


def _works_in_place(estimator: Any) -> bool:
    return any(
        value is False and name.rpartition("__")[2] in _IN_PLACE
        for name, value in estimator.get_params(deep=True).items()
    )
