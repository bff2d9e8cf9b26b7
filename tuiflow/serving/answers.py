"""Predictions → JSON bytes.

A DataFrame or Series is a list of records, an array nested lists, as MLflow writes them
(`_get_jsonable_obj`, `NumpyEncoder`). NaN and ±inf are written `null`: MLflow writes `NaN`, which
is not JSON and which most clients refuse.
"""

from __future__ import annotations

import base64
from typing import Any

import orjson

from tuiflow.errors import ModelError
from tuiflow.serving.protocol import Style

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def encode(predictions: Any, style: Style) -> bytes:
    """The answer to a scoring request. Raises ModelError for what JSON can't hold."""
    value = _plain(predictions)
    try:
        return orjson.dumps(
            value if style is Style.BARE else {"predictions": value}, _default, _OPTIONS
        )
    except TypeError as error:
        raise ModelError(f"The model's predictions can't be written as JSON: {error}.") from error


def _plain(value: Any) -> Any:
    import numpy as np
    import pandas as pd

    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, pd.Series):
        value = value.to_frame()
    if isinstance(value, pd.DataFrame):
        return value.to_dict(orient="records")
    return value.toarray().tolist() if hasattr(value, "toarray") else value


def _array(value: Any) -> Any:
    import numpy as np

    if value.dtype.kind in "Mm":
        texts = np.array([_time(item) for item in value.ravel()], dtype=object)
        return texts.reshape(value.shape).tolist()
    # Through Python floats, as MLflow: orjson would write a float32 with fewer digits.
    return value.tolist()


def _default(value: Any) -> Any:
    import numpy as np
    import pandas as pd

    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, pd.DataFrame | pd.Series):
        return _plain(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode("ascii")
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.datetime64 | np.timedelta64):
        return _time(value)
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return list(value)
    raise TypeError(f"a value of type {type(value).__name__}")


def _time(value: Any) -> str | None:
    """A time of numpy's, or a duration as pandas' in tables, as ISO text."""
    import numpy as np
    import pandas as pd

    if np.isnat(value):
        return None
    return str(value) if isinstance(value, np.datetime64) else pd.Timedelta(value).isoformat()
