"""Bring data into the shape a signature asks for, or say what is wrong with it.

As MLflow's enforcement (`mlflow/models/utils.py`): columns by name in any order, extra ones
dropped, unnamed ones by position, arrays by dtype and shape. Values are converted where nothing is
lost: any integer to a wider one, to `float` or `double`; whole floats to `integer` or `long`
(MLflow refuses those); ISO text to `datetime`. A `double` is rounded to `float`, since JSON has no
other numbers. An optional column that is absent is filled with missing values.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from tuiflow.errors import InvalidInput
from tuiflow.models.columns import Mismatch, enforce_series, enforce_value
from tuiflow.models.datatypes import DataType, type_text
from tuiflow.models.schema import ColSpec, ParamSchema, Schema, check_columns
from tuiflow.models.tensors import enforce_tensors
from tuiflow.models.wording import listed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_columns", "enforce", "enforce_params"]

_EXACT = {
    DataType.boolean: "bool",
    DataType.integer: "int32",
    DataType.long: "int64",
    DataType.float: "float32",
    DataType.double: "float64",
}


def enforce(data: Any, schema: Schema) -> Any:
    """Return `data` as the model is to see it: a DataFrame for columns, arrays for tensors.

    `data` is a DataFrame, Series, numpy array, SciPy matrix, dictionary, list or scalar. Raises
    InvalidInput naming the columns that are missing or of the wrong type.
    """
    if schema.is_tensor_spec():
        return enforce_tensors(data, schema)
    return _enforce_columns(_as_frame(data), schema)


def enforce_params(params: Mapping[str, Any] | None, schema: ParamSchema | None) -> dict[str, Any]:
    """The parameters of `predict` with defaults filled in; InvalidInput for a wrong one."""
    given = dict(params or {})
    specs = {spec.name: spec for spec in schema or ()}
    unknown = [name for name in given if name not in specs]
    if unknown:
        known = f"it knows {listed(specs)}" if specs else "its signature declares none"
        raise InvalidInput(f"The model takes no parameter {listed(unknown)}; {known}.")
    values = {}
    for name, spec in specs.items():
        value = given.get(name, spec.default)
        if value is not None and spec.shape is not None:
            if not isinstance(value, list | tuple):
                raise InvalidInput(f"The parameter {name!r} is a list of {type_text(spec.dtype)}.")
            value = [enforce_value(item, spec.dtype, f"parameter {name!r}") for item in value]
        elif value is not None:
            value = enforce_value(value, spec.dtype, f"parameter {name!r}")
        values[name] = value
    return values


def _as_frame(data: Any) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data
    if isinstance(data, pd.Series):
        return data.to_frame()
    if isinstance(data, Mapping):
        columns = {
            key: value.tolist() if isinstance(value, np.ndarray) and value.ndim > 1 else value
            for key, value in data.items()
        }
        if all(np.isscalar(v) or v is None or isinstance(v, Mapping) for v in columns.values()):
            columns = {key: [value] for key, value in columns.items()}
        data = columns
    elif np.isscalar(data) or data is None:
        data = [data]
    elif hasattr(data, "toarray"):
        data = data.toarray()
    try:
        return pd.DataFrame(data)
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"The input is not a table: {error}.") from error


def _fits(frame: pd.DataFrame, schema: Schema) -> bool:
    """Whether the table is already as the schema asks: its names in order, its numeric types.

    Worth asking first: looking at each column costs more than most models' prediction of a row.
    """
    return (
        schema.has_input_names()
        and list(frame.columns) == schema.input_names()
        and all(
            isinstance(spec.type, DataType) and dtype.name == _EXACT.get(spec.type)
            for spec, dtype in zip(schema, frame.dtypes.tolist(), strict=True)
        )
    )


def _enforce_columns(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    import pandas as pd

    if _fits(frame, schema):
        return frame
    if not schema.has_input_names():
        if frame.shape[1] < len(schema):
            raise InvalidInput(
                f"The model takes {len(schema)} columns, but the input has {frame.shape[1]}."
            )
        frame = frame.iloc[:, : len(schema)]
        labels: list[Hashable] = list(frame.columns)
        sources = [frame.iloc[:, index] for index in range(len(schema))]
    else:
        sources = _named_columns(frame, schema)
        labels = list(schema.input_names())
    columns, problems = [], []
    for label, series, spec in zip(labels, sources, schema, strict=True):
        assert isinstance(spec, ColSpec)
        try:
            columns.append(enforce_series(series, spec.type, spec.required))
        except Mismatch as mismatch:
            problems.append(f"column {str(label)!r}: expected {spec.type_text}, {mismatch}")
    if problems:
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise InvalidInput(f"The input has the wrong type: {'; '.join(problems[:5])}{more}.")
    # Keys are positions, since columns that go by position may share a label.
    result = pd.DataFrame(dict(enumerate(columns)), index=frame.index, copy=False)
    result.columns = pd.Index(labels)
    return result


def _named_columns(frame: pd.DataFrame, schema: Schema) -> list[pd.Series[Any]]:
    import pandas as pd

    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()]
        raise InvalidInput(f"The input has the column {listed(twice)} twice.")
    missing, extra = check_columns(schema, frame.columns)
    if missing:
        by_position = isinstance(frame.columns, pd.RangeIndex)
        hint = "the input has no column names" if by_position else ""
        if extra and not by_position:
            hint = f"it has unknown columns {listed(extra)}"
        raise InvalidInput(
            f"The input lacks the columns {listed(missing)}{'; ' + hint if hint else ''}."
        )
    positions = {str(name): index for index, name in enumerate(frame.columns)}
    absent = pd.Series([None] * len(frame), index=frame.index, dtype=object)
    return [
        frame.iloc[:, positions[str(name)]] if str(name) in positions else absent
        for name in schema.input_names()
    ]
