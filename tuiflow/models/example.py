"""Input examples: example data as the JSON files MLflow keeps beside a model.

`input_example.json` holds the data (a table as `{"columns": …, "data": …}`, arrays as nested
lists, sparse matrices as their parts), `serving_input_example.json` the same as a request to
`/invocations` (`mlflow/models/utils.py`). Missing values are null; times ISO text; bytes base64.
An example with params is `{"inputs": …, "params": …}`, which MLmodel says.
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

_SPARSE: dict[object, str] = {"sparse_matrix_csr": "csr", "sparse_matrix_csc": "csc"}


@dataclass(frozen=True, slots=True)
class Example:
    """Texts of the two files, and what MLmodel says about them."""

    data: str
    serving: str
    info: Mapping[str, str]


def split_params(example: Any) -> tuple[Any, Mapping[str, Any] | None]:
    """An example's data, and the params of one that is a tuple of data and params."""
    if isinstance(example, tuple) and len(example) == 2 and isinstance(example[1], Mapping):
        return example[0], example[1] or None
    return example, None


def make_example(example: Any) -> Example:
    """Write example data as JSON.

    Takes a DataFrame, numpy array, CSR or CSC matrix, dictionary, list or scalar, or a tuple of one
    of them and params. Raises InvalidInput for anything else, and for values that JSON can't hold.
    """
    data, params = split_params(example)
    plain, serving, kind = _written(data)
    info = {"artifact_path": INPUT_FILE, "serving_input_path": SERVING_FILE, **kind}
    if params is not None:
        said = _plain(params)
        plain, serving = {"inputs": plain, "params": said}, {**serving, "params": said}
        info["params"] = "true"
    return Example(json.dumps(plain), json.dumps(serving, indent=2), info)


def _written(data: Any) -> tuple[Any, dict[str, Any], dict[str, str]]:
    """Example data as JSON values, as a request, and MLmodel's words for its kind."""
    import numpy as np
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        by_position = isinstance(data.columns, pd.RangeIndex) and list(data.columns) == list(
            range(data.shape[1])
        )
        split: dict[str, Any] = {} if by_position else {"columns": [*data.columns]}
        split["data"] = [list(row) for row in data.itertuples(index=False, name=None)]
        plain = _plain(split)
        orient = "values" if by_position else "split"
        kind = {"type": "dataframe", "pandas_orient": orient}
        return plain, {"dataframe_split": plain}, kind
    if getattr(data, "format", None) in _SPARSE.values() and hasattr(data, "indptr"):
        parts = {name: getattr(data, name) for name in ("data", "indices", "indptr", "shape")}
        kind = {"type": f"sparse_matrix_{data.format}"}
        return _plain(parts), {"inputs": _plain(data.toarray())}, kind
    if isinstance(data, pd.Series | tuple):
        raise InvalidInput(
            f"input_example can't be a {type(data).__name__}; give a table, such as X.head()."
        )
    if isinstance(data, np.ndarray) or (
        isinstance(data, Mapping) and any(isinstance(v, np.ndarray) for v in data.values())
    ):
        kind = {"type": "ndarray"}
    else:
        kind = {"type": "json_object"}
    plain = _plain(data)
    return plain, {"inputs": plain}, kind


def read_example(data: Any, kind: object) -> Any:
    """Example data from its JSON values: a DataFrame for the kind `dataframe`, arrays for
    `ndarray`, a sparse matrix, else the values themselves. Raises ModelError where they are no
    such data."""
    import numpy as np
    import pandas as pd

    try:
        if kind == "dataframe":
            return pd.DataFrame(data["data"], columns=data.get("columns"))
        if kind == "ndarray":
            if isinstance(data, dict):
                return {name: np.asarray(values) for name, values in data.items()}
            return np.asarray(data)
        if kind in _SPARSE:
            return _sparse(data, _SPARSE[kind])
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ModelError(f"The model's input example is no {kind}: {error}") from error
    return data


def _sparse(parts: Any, form: str) -> Any:
    import numpy as np
    from scipy import sparse

    values = np.asarray(parts["data"])
    if values.dtype == object:  # null is a missing number
        values = values.astype(float)
    make = sparse.csr_matrix if form == "csr" else sparse.csc_matrix
    matrix = make((values, parts["indices"], parts["indptr"]), shape=tuple(parts["shape"]))
    matrix.check_format()  # SciPy's compiled code follows the indices without looking
    return matrix


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
