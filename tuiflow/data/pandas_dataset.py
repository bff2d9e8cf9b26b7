"""A pandas DataFrame as a data set."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from tuiflow.data.dataset import Dataset
from tuiflow.data.dataset_source import DatasetSource
from tuiflow.data.digest import pandas_digest
from tuiflow.data.sources import resolve_source
from tuiflow.errors import InvalidInput, TuiflowError

if TYPE_CHECKING:
    import pandas as pd

    from tuiflow.models.schema import Schema


class PandasDataset(Dataset):
    """A DataFrame, with the names of the columns that hold targets and predictions."""

    def __init__(
        self,
        df: pd.DataFrame,
        source: DatasetSource,
        targets: str | None = None,
        name: str | None = None,
        digest: str | None = None,
        predictions: str | None = None,
    ) -> None:
        """Raises InvalidInput for anything but a DataFrame, or a column that it lacks."""
        import pandas as pd

        if not isinstance(df, pd.DataFrame):
            raise InvalidInput(f"from_pandas takes a DataFrame, not {type(df).__name__}.")
        for what, column in (("targets", targets), ("predictions", predictions)):
            if column is not None and column not in df.columns:
                known = ", ".join(map(str, df.columns[:10]))
                raise InvalidInput(
                    f"The table has no column {column!r} for {what}; it has {known}."
                )
        self._df = df
        self._targets = targets
        self._predictions = predictions
        super().__init__(source, name, digest)

    def _compute_digest(self) -> str:
        return pandas_digest(self._df)

    @property
    def df(self) -> pd.DataFrame:
        return self._df

    @property
    def targets(self) -> str | None:
        return self._targets

    @property
    def predictions(self) -> str | None:
        return self._predictions

    @functools.cached_property
    def schema(self) -> Schema | None:
        """The columns with their types; None where a column has a type that schemas don't know."""
        from tuiflow.models.signature import infer_schema

        try:
            return infer_schema(self._df)
        except TuiflowError:
            return None

    def schema_dict(self) -> dict[str, Any] | None:
        return None if self.schema is None else {"mlflow_colspec": self.schema.to_dict()}

    @property
    def profile(self) -> dict[str, Any]:
        return {"num_rows": len(self._df), "num_elements": int(self._df.size)}


def from_pandas(
    df: pd.DataFrame,
    source: str | os.PathLike[str] | DatasetSource | None = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> PandasDataset:
    """A data set from a DataFrame, to be logged with `log_input`.

    `source` is a path or URI, by default the running script; `targets` and `predictions` name
    columns; `digest` is computed from the content unless given. Raises InvalidInput.
    """
    return PandasDataset(df, resolve_source(source), targets, name, digest, predictions)
