"""Data sets to log with a run, as `mlflow.data` makes them.

Names are resolved on first use, so that importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuiflow.data.dataset import Dataset
    from tuiflow.data.dataset_source import DatasetSource
    from tuiflow.data.meta_dataset import MetaDataset
    from tuiflow.data.numpy_dataset import NumpyDataset, from_numpy
    from tuiflow.data.pandas_dataset import PandasDataset, from_pandas
    from tuiflow.data.sources import get_source

_HOMES = {
    "Dataset": "dataset",
    "DatasetSource": "dataset_source",
    "MetaDataset": "meta_dataset",
    "NumpyDataset": "numpy_dataset",
    "PandasDataset": "pandas_dataset",
    "from_numpy": "numpy_dataset",
    "from_pandas": "pandas_dataset",
    "get_source": "sources",
}
_SUBMODULES = (
    "code_dataset_source",
    "dataset",
    "dataset_source",
    "http_dataset_source",
    "meta_dataset",
    "numpy_dataset",
    "pandas_dataset",
    "sources",
)

__all__ = [
    "Dataset",
    "DatasetSource",
    "MetaDataset",
    "NumpyDataset",
    "PandasDataset",
    "from_numpy",
    "from_pandas",
    "get_source",
]


def __getattr__(name: str) -> Any:
    import importlib

    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
