"""The data that a model was fitted with or predicted for, as data sets of its run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from tuiflow.data.training_log import script_tags_of
from tuiflow.entities import DatasetInput
from tuiflow.store import Store
from tuiflow.tracking.datasets import dataset_input

SOURCE_TAGS = "mlflow.source."
MAX_DENSE = 100_000_000
"""Sparse data is digested as a full array; beyond so many values it is passed over."""


def log_dataset(store: Store, run_id: str, context: str, X: Any, y: Any = None) -> None:
    """Log name, digest, schema and size of a DataFrame, an array or a sparse matrix.

    Other data, such as lists, is passed over, as is a sparse matrix too large to fill. Raises
    InvalidInput for what has no digest.
    """
    found = dataset_of(script_tags_of(store, run_id), context, X, y)
    if found is not None:
        store.log_inputs(run_id, [found])


def dataset_of(
    script_tags: Mapping[str, str], context: str, X: Any, y: Any = None
) -> DatasetInput | None:
    """The data set as `log_dataset` logs it; None for data of other types."""
    from scipy.sparse import issparse

    from tuiflow.data.numpy_dataset import from_numpy
    from tuiflow.data.pandas_dataset import from_pandas
    from tuiflow.data.sources import CodeDatasetSource

    source = CodeDatasetSource(script_tags)
    numpy, pandas = sys.modules["numpy"], sys.modules.get("pandas")
    if pandas is not None and isinstance(X, pandas.DataFrame):
        return dataset_input(from_pandas(X, source), context, None)
    if issparse(X) and X.shape[0] * X.shape[1] > MAX_DENSE:
        return None
    features, targets = (data.toarray() if issparse(data) else data for data in (X, y))
    if not isinstance(features, numpy.ndarray):
        return None
    if targets is not None and not isinstance(targets, numpy.ndarray):
        targets = numpy.asarray(targets)
    return dataset_input(from_numpy(features, source, targets), context, None)
