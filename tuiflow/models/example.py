"""Input examples: example data as the JSON files MLflow keeps beside a model.

`input_example.json` holds the data (a table as `{"columns": …, "data": …}`, arrays as nested
lists), `serving_input_example.json` the same as a request to `/invocations`
(`mlflow/models/utils.py`). Missing values are null; times ISO text; bytes base64.
"""

from __future__ import annotations

import base64
import datetime
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tuiflow.errors import InvalidInput, ModelError

INPUT_FILE = "input_example.json"
SERVING_FILE = "serving_input_example.json"


@dataclass(frozen=True, slots=True)
class Example:
    """Texts of the two files, and what MLmodel says about them."""

    data: str
    serving: str
    info: Mapping[str, str]


def make_example(data: Any) -> Example:
    """Write example data as JSON. Takes a DataFrame, numpy array, dictionary, list or scalar.

    Raises InvalidInput for anything else, and for values that JSON can't hold.
    """
    import numpy as np
    import pandas as pd

    info = {"artifact_path": INPUT_FILE, "serving_input_path": SERVING_FILE}
    if isinstance(data, pd.DataFrame):
        by_position = isinstance(data.columns, pd.RangeIndex) and list(data.columns) == list(
            range(data.shape[1])
        )
        split: dict[str, Any] = {} if by_position else {"columns": [*data.columns]}
        split["data"] = [list(row) for row in data.itertuples(index=False, name=None)]
        plain = _plain(split)
        info |= {"type": "dataframe", "pandas_orient": "values" if by_position else "split"}
        return _texts(plain, {"dataframe_split": plain}, info)
    if isinstance(data, pd.Series | tuple):
        raise InvalidInput(
            f"input_example can't be a {type(data).__name__}; give a table, such as X.head()."
        )
    if isinstance(data, np.ndarray) or (
        isinstance(data, Mapping) and any(isinstance(v, np.ndarray) for v in data.values())
    ):
        info["type"] = "ndarray"
    else:
        info["type"] = "json_object"
    plain = _plain(data)
    return _texts(plain, {"inputs": plain}, info)


def read_example(data: Any, kind: object) -> Any:
    """Example data from its JSON values: a DataFrame for the kind `dataframe`, arrays for
    `ndarray`, else the values themselves. Raises ModelError where they are no such data."""
    import numpy as np
    import pandas as pd

    try:
        if kind == "dataframe":
            return pd.DataFrame(data["data"], columns=data.get("columns"))
        if kind == "ndarray":
            if isinstance(data, dict):
                return {name: np.asarray(values) for name, values in data.items()}
            return np.asarray(data)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ModelError(f"The model's input example is no {kind}: {error}") from error
    return data


def _texts(data: Any, serving: Any, info: dict[str, str]) -> Example:
    return Example(json.dumps(data), json.dumps(serving, indent=2), info)


def _plain(value: Any) -> Any:
    import numpy as np

    if isinstance(value, np.ndarray):
        value = value.astype(object).tolist() if value.dtype.kind == "M" else value.tolist()
    elif isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    elif isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if math.isinf(value):
            raise InvalidInput("input_example holds an infinite value; choose other rows.")
        return None if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode("ascii")
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise InvalidInput(f"input_example holds a {type(value).__name__}, which JSON can't.")
