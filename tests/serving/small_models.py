"""Small real models and their data."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin

COLUMNS = ["fixed acidity", "pH", "alcohol"]


def table(rows: int, seed: int = 0) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(rows, 3)), columns=COLUMNS)


def slow_model() -> Any:
    """A model that takes as many seconds as its first column says.

    Defined in here, so that it is pickled whole and the server needs no import of the tests.
    """

    class Slow(RegressorMixin, BaseEstimator):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> Any:
            self.fitted_ = True
            return self

        def predict(self, X: Any) -> Any:
            seconds = X.iloc[:, 0].to_numpy()
            time.sleep(float(seconds.max()))
            return seconds

    return Slow().fit(None, None)
