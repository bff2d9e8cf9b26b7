"""`infer_signature`: a signature from example data, with MLflow's mapping of types.

Tables become named columns; numpy arrays, dictionaries of them and sparse matrices become tensors
whose first dimension is free. int8 to int32 (and uint8, uint16) are `integer`, int64 and uint32
`long`, float16 and float32 `float`, float64 `double`. A column with missing values is optional.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tuiflow.errors import InvalidInput
from tuiflow.models.datatypes import (
    AnyType,
    Array,
    ColumnType,
    DataType,
    Object,
    Property,
    merge_types,
)
from tuiflow.models.schema import (
    ColSpec,
    ModelSignature,
    ParamSchema,
    ParamSpec,
    Schema,
    TensorSpec,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = [
    "ColSpec",
    "ModelSignature",
    "ParamSchema",
    "ParamSpec",
    "Schema",
    "TensorSpec",
    "infer_params",
    "infer_schema",
    "infer_signature",
]

_SIZED = {
    ("i", 1): DataType.integer,
    ("i", 2): DataType.integer,
    ("i", 4): DataType.integer,
    ("i", 8): DataType.long,
    ("u", 1): DataType.integer,
    ("u", 2): DataType.integer,
    ("u", 4): DataType.long,
    ("f", 2): DataType.float,
    ("f", 4): DataType.float,
    ("f", 8): DataType.double,
}
_KINDS = {
    "b": DataType.boolean,
    "U": DataType.string,
    "T": DataType.string,
    "S": DataType.binary,
    "M": DataType.datetime,
}
_SCALARS: tuple[tuple[type, DataType], ...] = (
    (bool, DataType.boolean),
    (int, DataType.long),
    (float, DataType.double),
    (str, DataType.string),
    (bytes, DataType.binary),
    (bytearray, DataType.binary),
    (datetime.date, DataType.datetime),
)


def infer_signature(
    model_input: Any = None, model_output: Any = None, params: Mapping[str, Any] | None = None
) -> ModelSignature:
    """Infer what a model takes and gives from examples of both.

    `model_input` and `model_output` are each a pandas DataFrame or Series, a numpy array, a
    dictionary of arrays, a SciPy CSR or CSC matrix, or (lists of) JSON-like dictionaries;
    `params` are defaults of `predict`'s parameters. Raises InvalidInput for anything else, and
    where none of the three is given.
    """
    if model_input is None and model_output is None and not params:
        raise InvalidInput("A signature needs an example of inputs, outputs or params.")
    return ModelSignature(
        None if model_input is None else infer_schema(model_input),
        None if model_output is None else infer_schema(model_output),
        infer_params(params) if params else None,
    )


def infer_schema(data: Any) -> Schema:
    """The schema of one piece of example data; InvalidInput where there is none."""
    import numpy as np
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        columns = [(_label(label), data.iloc[:, index]) for index, label in enumerate(data.columns)]
        return Schema([ColSpec(_series_type(c), name, not _has_missing(c)) for name, c in columns])
    if isinstance(data, pd.Series):
        name = None if data.name is None else _label(data.name)
        return Schema([ColSpec(_series_type(data), name, name is None or not _has_missing(data))])
    if isinstance(data, np.ndarray):
        return Schema([_tensor(data.dtype, data.shape)])
    if getattr(data, "format", None) in ("csr", "csc") and hasattr(data, "indptr"):
        return Schema([_tensor(data.dtype, data.shape)])
    if isinstance(data, Mapping):
        if data and all(isinstance(value, np.ndarray) for value in data.values()):
            return Schema([_tensor(v.dtype, v.shape, _label(key)) for key, v in data.items()])
        return Schema([_dictionary_column(key, value) for key, value in data.items()])
    if isinstance(data, list):
        return _list_schema(data)
    if _is_missing(data):
        raise InvalidInput("A signature can't be inferred from a missing value.")
    return Schema([ColSpec(_value_type(data))])


def infer_params(params: Mapping[str, Any]) -> ParamSchema:
    """The schema of `predict`'s parameters from their defaults: scalars, flat lists, objects."""
    import numpy as np

    specs = []
    for name, default in params.items():
        value = default.tolist() if isinstance(default, np.ndarray | np.generic) else default
        kind = _value_type(value)
        shape = None
        if isinstance(kind, Array):
            kind, shape = kind.dtype, (-1,)
        if not isinstance(kind, DataType | Object) or (shape and isinstance(kind, Object)):
            raise InvalidInput(f"The parameter {name!r} is not a scalar, flat list or object.")
        specs.append(ParamSpec(str(name), kind, value, shape))
    return ParamSchema(specs)


def _tensor(
    dtype: np.dtype[Any], shape: tuple[int, ...], name: str | int | None = None
) -> TensorSpec:
    if not shape:
        raise InvalidInput("A signature needs arrays with at least one dimension.")
    # Text dtypes carry the length of this sample's longest text; a signature must not.
    kind = {"U": "str", "T": "str", "S": "bytes"}.get(dtype.kind, dtype.name)
    return TensorSpec(kind, (-1, *shape[1:]), name)


def _label(name: Any) -> str | int:
    if isinstance(name, str):
        return name
    if hasattr(name, "item"):
        name = name.item()
    if isinstance(name, int) and not isinstance(name, bool):
        return name
    raise InvalidInput(f"Column names must be text or whole numbers, not {name!r}.")


def _list_schema(data: list[Any]) -> Schema:
    if not data:
        return Schema([ColSpec(DataType.string)])
    if all(isinstance(row, Mapping) for row in data):
        columns: dict[Any, list[Any]] = {}
        for row in data:
            for key, value in row.items():
                columns.setdefault(key, []).append(value)
        return Schema(
            [
                ColSpec(
                    _common_type(values),
                    _label(key),
                    len(values) == len(data) and not any(map(_is_missing, values)),
                )
                for key, values in columns.items()
            ]
        )
    return Schema([ColSpec(_common_type(data))])


def _dictionary_column(key: Any, value: Any) -> ColSpec:
    values = value if isinstance(value, list) else [value]
    return ColSpec(_value_type(value), _label(key), not any(map(_is_missing, values)))


def _series_type(column: pd.Series[Any]) -> ColumnType:
    import pandas as pd

    dtype: Any = column.dtype
    if isinstance(dtype, pd.SparseDtype):
        dtype = dtype.subtype
    if dtype.kind == "O":
        column = column.infer_objects()
        dtype = column.dtype
    if dtype.kind == "O":
        # Looking at each value of a long column by itself takes seconds.
        if isinstance(dtype, pd.CategoricalDtype):
            return _common_type(column.unique().tolist())
        if pd.api.types.infer_dtype(column) == "string":
            return DataType.string
        return _common_type(column.to_list())
    found = _KINDS.get(dtype.kind) or _SIZED.get((dtype.kind, dtype.itemsize))
    if found is None:
        raise InvalidInput(
            f"The column {column.name!r} has the type {dtype}, unknown to signatures."
        )
    return found


def _common_type(values: list[Any]) -> ColumnType:
    found: ColumnType = AnyType()
    for value in values:
        found = merge_types(found, _value_type(value))
    return found


def _value_type(value: Any) -> ColumnType:
    import numpy as np

    if _is_missing(value):
        return AnyType()
    if isinstance(value, Mapping):
        if not value:
            return AnyType()
        return Object(
            tuple(
                Property(str(key), kind, required=not isinstance(kind, AnyType))
                for key, kind in ((key, _value_type(item)) for key, item in value.items())
            )
        )
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return Array(_common_type(list(value))) if value else AnyType()
    if isinstance(value, np.generic):
        dtype = value.dtype
        found = _KINDS.get(dtype.kind) or _SIZED.get((dtype.kind, dtype.itemsize))
        if found is not None:
            return found
    for kind, name in _SCALARS:
        if isinstance(value, kind):
            return name
    raise InvalidInput(f"Values of type {type(value).__name__} have no place in a signature.")


def _has_missing(column: pd.Series[Any]) -> bool:
    return bool(column.isna().any())


def _is_missing(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, float):
        return math.isnan(value)
    # pandas' own markers, told by name so that plain data needs no import of pandas
    return type(value).__name__ in ("NAType", "NaTType")
