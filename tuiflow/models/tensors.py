"""Bring arrays to the dtype and shape of a tensor signature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tuiflow.errors import InvalidInput
from tuiflow.models.schema import Schema, TensorSpec, check_columns, shape_text
from tuiflow.models.wording import KIND_NAMES, listed

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def enforce_tensors(data: Any, schema: Schema) -> Any:
    """The array, or dictionary of arrays, of a tensor schema; InvalidInput where it can't be."""
    import numpy as np
    import pandas as pd

    if not schema.has_input_names():
        spec = schema.inputs[0]
        assert isinstance(spec, TensorSpec)
        if isinstance(data, Mapping) and len(data) == 1:
            data = next(iter(data.values()))
        if isinstance(data, pd.DataFrame | pd.Series):
            data = _frame_array(data)
            if data.ndim == 2 and data.shape[1] == 1 == len(spec.shape):
                data = data[:, 0]
        return _enforce_tensor(data, spec, "The input")
    if isinstance(data, np.ndarray | list) and len(schema) == 1:
        data = {schema.input_names()[0]: data}
    if isinstance(data, pd.DataFrame):
        data = {label: _frame_array(data[label]) for label in data.columns}
    if not isinstance(data, Mapping):
        raise InvalidInput(f"The model takes named arrays: {listed(schema.input_names())}.")
    missing, extra = check_columns(schema, data)
    if missing:
        hint = f"; it has unknown {listed(extra)}" if extra else ""
        raise InvalidInput(f"The input lacks the arrays {listed(missing)}{hint}.")
    arrays = {str(key): value for key, value in data.items()}
    return {
        spec.name: _enforce_tensor(arrays[str(spec.name)], spec, f"The array {spec.name!r}")
        for spec in schema
        if isinstance(spec, TensorSpec)
    }


def _frame_array(data: pd.DataFrame | pd.Series[Any]) -> np.ndarray[Any, Any]:
    """A table's values as one array; a single column of lists as the array they make up."""
    import numpy as np

    values: Any = data.to_numpy()
    if values.ndim == 2 and values.shape[1] == 1 and values.dtype == object and len(values):
        values = values[:, 0] if isinstance(values[0, 0], list | np.ndarray) else values
    if values.ndim == 1 and values.dtype == object and len(values):
        first = values[0]
        if isinstance(first, list | np.ndarray):
            return _array(list(values))
    array: np.ndarray[Any, Any] = values
    return array


def _array(values: Any) -> np.ndarray[Any, Any]:
    import numpy as np

    try:
        return np.asarray(values)
    except (ValueError, TypeError) as error:
        raise InvalidInput("The input's rows have different lengths.") from error


def _enforce_tensor(data: Any, spec: TensorSpec, where: str) -> Any:
    import numpy as np

    sparse = hasattr(data, "toarray")
    array = data if sparse else _array(data)
    shape = tuple(array.shape)
    free = len(spec.shape) == len(shape)
    if not free or any(
        want not in (-1, have) for want, have in zip(spec.shape, shape, strict=False)
    ):
        raise InvalidInput(
            f"{where} must have the shape {shape_text(spec.shape)}, but has {shape_text(shape)}."
        )
    try:
        target = np.dtype(spec.type)
    except TypeError:
        raise InvalidInput(f"The signature names an unknown dtype {spec.type!r:.40}.") from None
    if array.dtype == target or target.kind == "O" or array.dtype.kind == target.kind in "US":
        return array
    if array.dtype == object and target.kind in "US":
        array = _object_texts(array, str if target.kind == "U" else bytes)
        if array.dtype.kind == target.kind:
            return array
    if array.dtype == object and target.kind in "iuf":
        array = _object_array(array)
    if array.dtype.kind in "iuf" and target.kind == "f":
        with np.errstate(over="ignore"):
            converted = array.astype(target)
        if _infinities(converted) > _infinities(array):
            raise InvalidInput(
                f"{where} must hold {spec.type}, but holds numbers too large for it."
            )
        return converted
    if array.dtype.kind in "iuf" and target.kind in "iu":
        values: Any = array.data if sparse else array
        limits = np.iinfo(target)
        whole = bool(np.all(np.isfinite(values) & (np.trunc(values) == values)))
        if whole and (
            not values.size or (int(values.min()) >= limits.min and int(values.max()) <= limits.max)
        ):
            return array.astype(target)
    elif (
        target.kind == array.dtype.kind or (array.dtype.kind in "iuf" and target.kind == "c")
    ) and np.can_cast(array.dtype, target, "safe"):
        return array.astype(target)
    given = KIND_NAMES.get(array.dtype.kind, str(array.dtype))
    given = given if given in ("string", "object") else str(array.dtype)
    raise InvalidInput(f"{where} must hold {spec.type}, but holds {given}.")


def _object_array(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Python numbers and nulls as floats; anything else stays."""
    import numpy as np

    flat = array.ravel().tolist()
    if all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in flat):
        numbers = [np.nan if value is None else float(value) for value in flat]
        return np.array(numbers).reshape(array.shape)
    return array


def _object_texts(array: np.ndarray[Any, Any], kind: type) -> np.ndarray[Any, Any]:
    """An array of objects that are all text (or all bytes) as one of that; any other stays."""
    import numpy as np

    flat = array.ravel().tolist()
    if flat and all(isinstance(value, kind) for value in flat):
        return np.array(flat).reshape(array.shape)
    return array


def _infinities(array: Any) -> int:
    import numpy as np

    values = array.data if hasattr(array, "toarray") else array
    return int(np.isinf(values).sum()) if values.dtype.kind == "f" else 0
