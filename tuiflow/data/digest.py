"""Digests as MLflow computes them (mlflow/data/digest_utils.py): the first 8 hex digits of an MD5.

They read at most MAX_ROWS rows, so that a long table costs little; its full length counts too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tuiflow.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Arrays = np.ndarray[Any, Any] | Mapping[str, np.ndarray[Any, Any]]

MAX_ROWS = 10_000


def pandas_digest(df: pd.DataFrame) -> str:
    """Of the hashes of the first rows' text and number columns, the length, and all names."""
    import numpy as np
    import pandas as pd

    head = df.head(MAX_ROWS)
    text = head.columns[[_is_text(df.iloc[:, index]) for index in range(df.shape[1])]]
    numbers = head.select_dtypes(include=[np.number]).columns
    hashed = pd.util.hash_pandas_object(head[text.union(numbers)])
    return _md5(
        [
            np.ascontiguousarray(hashed.to_numpy()).tobytes(),
            np.int64(len(df)).tobytes(),
            *(str(name).encode() for name in df.columns),
        ]
    )


def _is_text(column: pd.Series[Any]) -> bool:
    """Whether every value of the whole column, not of its first rows alone, is a `str`."""
    import pandas as pd

    if not len(column):
        return True
    if column.dtype.kind in "biufcmM":
        return False
    if column.dtype == object:
        return all(type(value) is str for value in column)
    if isinstance(column.dtype, pd.StringDtype):
        return not column.hasnans
    return all(kind is str for kind in column.map(type))


def numpy_digest(features: Arrays, targets: Arrays | None = None) -> str:
    """Of each array's first values and its shape; dictionaries by sorted key, without the keys.

    Raises InvalidInput where there is no array at all.
    """
    import numpy as np
    import pandas as pd

    parts: list[bytes] = []
    for item in (features, targets):
        if item is None:
            continue
        arrays = [item[key] for key in sorted(item)] if isinstance(item, Mapping) else [item]
        for array in arrays:
            head = array.flatten()[:MAX_ROWS]
            try:
                parts.append(pd.util.hash_array(head).tobytes())
            except TypeError:  # such as an array of lists
                parts.append(np.int64(head.size).tobytes())
            parts.extend(np.int64(size).tobytes() for size in array.shape)
    if not parts:
        raise InvalidInput("A data set needs at least one array.")
    return _md5(parts)


def _md5(parts: Iterable[bytes]) -> str:
    md5 = hashlib.md5(usedforsecurity=False)
    for part in parts:
        md5.update(part)
    return md5.hexdigest()[:8]
