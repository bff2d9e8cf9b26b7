"""The wine table: the real one where it lies beside the checkout, else one of the same columns."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = ROOT / "examples" / "sklearn_elasticnet_wine"
REAL_WINE = (ROOT.parent / "shared" / "data" / "wine-quality.csv").resolve()
FEATURES = (
    "fixed acidity,volatile acidity,citric acid,residual sugar,chlorides,free sulfur dioxide,"
    "total sulfur dioxide,density,pH,sulphates,alcohol"
).split(",")

TUTORIAL = {
    "columns": FEATURES,
    "data": [[7, 0.27, 0.36, 20.7, 0.045, 45, 170, 1.001, 3, 0.45, 8.8]],
}
"""The request of the tutorial, of 2019."""


def make_wine(path: Path) -> Path:
    """Write a table of the real one's columns, always the same."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(0)
    table = pd.DataFrame(random.uniform(0.1, 9, (400, 12)), columns=[*FEATURES, "quality"])
    table["quality"] = (table["alcohol"] / 2 + random.normal(4, 0.7, 400)).round().astype(int)
    table.to_csv(path, index=False)
    return path


def wine(folder: Path) -> Path:
    """The real table, or one made in `folder`."""
    return REAL_WINE if REAL_WINE.exists() else make_wine(folder / "wine.csv")
