"""Bring one column, or one value, to a type of the signature."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tuiflow.errors import InvalidInput
from tuiflow.models.datatypes import AnyType, Array, ColumnType, DataType, Map, Object, type_text
from tuiflow.models.wording import column_is, is_null, listed, value_is

if TYPE_CHECKING:
    import pandas as pd

_NUMPY_NAMES = {
    DataType.integer: "int32",
    DataType.long: "int64",
    DataType.float: "float32",
    DataType.double: "float64",
}
_FAR = "got a date out of range (1677-09-21 to 2262-04-11)"


class Mismatch(Exception):
    """Why a column is not of its type: `got string` or `row 3 holds 'x'`."""


def enforce_series(series: pd.Series[Any], kind: ColumnType, required: bool) -> pd.Series[Any]:
    """The column as `kind`; raises Mismatch."""
    import pandas as pd

    if isinstance(kind, AnyType):
        return series
    if not isinstance(kind, DataType):
        values = [
            value if not required and is_null(value) else _nested(value, kind, row)
            for row, value in enumerate(series)
        ]
        return pd.Series(values, index=series.index, dtype=object)
    if isinstance(series.dtype, pd.SparseDtype):
        series = series.astype(series.dtype.subtype)
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    if kind in _NUMPY_NAMES:
        return _numbers(series, kind)
    if series.dtype == object:
        series = series.infer_objects()
    dtype_kind = series.dtype.kind
    nulls = series.isna()
    if kind is DataType.datetime:
        return _datetimes(series)
    if kind is DataType.boolean:
        if dtype_kind == "b" and not nulls.any():
            return series.astype(bool)
        if dtype_kind in "bO" and all(isinstance(value, bool) for value in series[~nulls]):
            return series.astype(object)
        raise Mismatch(column_is(series, bool))
    if kind is DataType.string:
        if dtype_kind == "U":
            return series
        if dtype_kind == "O" and all(isinstance(value, str) for value in series[~nulls]):
            return series
        # A column of nulls only reads as numbers; for text that is still no text at all.
        if nulls.all():
            return series.astype(object)
        raise Mismatch(column_is(series, str))
    return _binaries(series)


def _numbers(series: pd.Series[Any], kind: DataType) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    if series.dtype == object:
        series = _object_numbers(series)
    given = series.dtype.kind
    if given not in "iuf":
        raise Mismatch(column_is(series))
    target = np.dtype(_NUMPY_NAMES[kind])
    if series.dtype == target:
        return series
    nulls = series.isna()
    if kind in (DataType.float, DataType.double):
        values = series.to_numpy(dtype="float64", na_value=np.nan)
        with np.errstate(over="ignore"):
            converted = values.astype(target)
        if np.isinf(converted).sum() > np.isinf(values).sum():
            raise Mismatch("got numbers too large for it")
        return pd.Series(converted, index=series.index, name=series.name)
    if nulls.any():
        raise Mismatch("got missing values, which integers can't hold")
    values = series.to_numpy(dtype=getattr(series.dtype, "numpy_dtype", None))
    if given == "f":
        # Beyond 2**53 a float no longer says which integer was meant.
        bad = ~np.isfinite(values) | (np.trunc(values) != values) | (np.abs(values) > 2**53)
        if bad.any():
            row = int(bad.argmax())
            raise Mismatch(f"got double, row {row} holds {values[row]!s}")
    limits = np.iinfo(target)
    if len(values) and (int(values.max()) > limits.max or int(values.min()) < limits.min):
        raise Mismatch("got numbers too large for it")
    return pd.Series(values.astype(target), index=series.index, name=series.name)


def _object_numbers(series: pd.Series[Any]) -> pd.Series[Any]:
    """A column of Python numbers and nulls as a numeric one, anything else as it is."""
    import decimal

    import numpy as np
    import pandas as pd

    inferred = series.infer_objects()
    if inferred.dtype != object:
        return inferred
    numbers = (int, float, np.number, decimal.Decimal)
    values = []
    for value in series:
        if is_null(value):
            values.append(np.nan)
        elif isinstance(value, numbers) and not isinstance(value, bool | np.bool_):
            values.append(float(value))
        else:
            return series
    return pd.Series(values, index=series.index, name=series.name, dtype="float64")


def _datetimes(series: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    given = series.dtype.kind
    if given == "M":
        if getattr(series.dtype, "tz", None) is not None:
            raise Mismatch("got times with a time zone")
        return _nanoseconds(series)
    if given in "OU" or series.isna().all():
        try:
            parsed = pd.to_datetime(series, format="ISO8601")
            if getattr(parsed.dtype, "tz", None) is None and parsed.dtype.kind == "M":
                return _nanoseconds(parsed)
        except pd.errors.OutOfBoundsDatetime:
            raise Mismatch(_FAR) from None
        except (ValueError, TypeError):
            pass
        raise Mismatch("got text that is not an ISO date and time without time zone")
    raise Mismatch(column_is(series))


def _nanoseconds(series: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    try:
        return series.astype("datetime64[ns]")
    except pd.errors.OutOfBoundsDatetime:
        raise Mismatch(_FAR) from None


def _binaries(series: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    values = []
    for row, value in enumerate(series):
        if isinstance(value, bytes | bytearray) or is_null(value):
            values.append(value)
            continue
        try:
            if not isinstance(value, str):
                raise ValueError
            # Encoders for mail, such as the one that MLflow uses, break lines.
            values.append(base64.b64decode("".join(value.split()), validate=True))
        except (ValueError, binascii.Error):
            raise Mismatch(f"row {row} holds neither bytes nor base64 text") from None
    return pd.Series(values, index=series.index, name=series.name, dtype=object)


def _nested(value: Any, kind: ColumnType, row: int) -> Any:
    try:
        return enforce_value(value, kind, f"row {row}")
    except InvalidInput as error:
        reason = error.message
        if reason == _expected(kind, value, f"row {row}"):  # the column's own type, told already
            reason = f"row {row} holds {value_is(value)}"
        raise Mismatch(reason.rstrip(".")) from None


def _expected(kind: ColumnType, value: Any, where: str) -> str:
    return f"{where}: expected {type_text(kind)}, got {value_is(value)}."


def enforce_value(value: Any, kind: ColumnType, where: str) -> Any:
    """One value within a list or object, or a parameter, as `kind`."""
    import numpy as np
    import pandas as pd

    match kind:
        case AnyType():
            return value
        case Array():
            if isinstance(value, list | tuple | np.ndarray):
                return [enforce_value(item, kind.dtype, where) for item in value]
        case Map():
            if isinstance(value, Mapping):
                pairs = value.items()
                return {str(k): enforce_value(item, kind.value_type, where) for k, item in pairs}
        case Object():
            if isinstance(value, Mapping):
                return _enforce_object(value, kind, where)
        case DataType():
            if not isinstance(value, Mapping | list | tuple | np.ndarray) and value is not None:
                try:
                    series = enforce_series(pd.Series([value]), kind, True)
                except Mismatch:
                    pass
                else:
                    only = series.iloc[0]
                    return only.item() if isinstance(only, np.generic) else only
    raise InvalidInput(_expected(kind, value, where))


def _enforce_object(value: Mapping[Any, Any], kind: Object, where: str) -> dict[str, Any]:
    known = {prop.name: prop for prop in kind.properties}
    missing = [name for name, prop in known.items() if prop.required and name not in value]
    extra = [name for name in value if name not in known]
    if missing or extra:
        reason = f"lacks {listed(missing)}" if missing else f"has unknown {listed(extra)}"
        raise InvalidInput(f"{where}: the object {reason}.")
    return {
        name: item
        if item is None and not known[name].required
        else enforce_value(item, known[name].dtype, where)
        for name, item in value.items()
    }
