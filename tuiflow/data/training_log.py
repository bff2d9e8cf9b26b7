"""Training and validation data as data sets of a run that autologging logs."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

from tuiflow.entities import TAG_USER, DatasetInput
from tuiflow.store import Store
from tuiflow.tracking.autolog.session import Session
from tuiflow.tracking.datasets import dataset_input

SOURCE_TAGS = "mlflow.source."
MAX_VALUES = 50_000_000
"""More values than this are not copied for the sake of a digest."""


def script_tags_of(store: Store, run_id: str) -> dict[str, str]:
    """The run's tags that tell of its script: user, source file, commit."""
    return {
        key: value
        for key, value in store.get_run(run_id).data.tags.items()
        if key == TAG_USER or key.startswith(SOURCE_TAGS)
    }


class DatasetLog:
    """Logs data of one training; what can't be logged is noted in the session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._script_tags: Mapping[str, str] = {}
        with session.attempt("the script's tags"):
            self._script_tags = script_tags_of(session.store, session.run_id)

    def add(self, context: str, name: str | None, data: Any, targets: Any = None) -> None:
        """Log a table, array or sparse matrix with the `context` train or eval. Data of other
        types, such as lists, is passed over."""
        found = self._described(context, name, data, targets)
        if found is not None:
            self._session.store.log_inputs(self._session.run_id, [found])

    def _described(
        self, context: str, name: str | None, data: Any, targets: Any
    ) -> DatasetInput | None:
        import numpy as np
        from scipy.sparse import issparse

        from tuiflow.data.numpy_dataset import from_numpy
        from tuiflow.data.pandas_dataset import from_pandas
        from tuiflow.data.sources import CodeDatasetSource

        source = CodeDatasetSource(self._script_tags)
        pandas = sys.modules.get("pandas")
        if pandas is not None and isinstance(data, pandas.DataFrame):
            return dataset_input(from_pandas(data, source, name=name), context, None)
        if issparse(data):
            check_size(data.shape)
            data = data.toarray()
        elif _is_tensor(data):
            check_size(tuple(data.shape))
            data = np.asarray(data)
        if not isinstance(data, np.ndarray) and not _are_arrays(data):
            return None
        if targets is not None and not _are_arrays(targets):
            targets = np.asarray(targets)
        return dataset_input(from_numpy(data, source, targets, name=name), context, None)


def _is_tensor(data: Any) -> bool:
    return hasattr(data, "__array__") and hasattr(data, "shape")


def _are_arrays(data: Any) -> bool:
    """Whether these are named arrays."""
    import numpy as np

    return isinstance(data, dict) and all(isinstance(one, np.ndarray) for one in data.values())


def check_size(shape: tuple[int, ...]) -> None:
    """Raises ValueError for more than MAX_VALUES values."""
    if math.prod(shape) > MAX_VALUES:
        raise ValueError(
            f"its {math.prod(shape):,} values are too many to copy; log it with log_input"
        )
