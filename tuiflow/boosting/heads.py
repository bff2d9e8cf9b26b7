"""The first rows of what a DMatrix or Dataset is made from, which it can't give back."""

from __future__ import annotations

import copy
from typing import Any

from tuiflow.sklearn.fit_data import EXAMPLE_ROWS
from tuiflow.tracking.autolog.patching import Original

_HEAD = "_tuiflow_head"


def remember_head(original: Original, container: Any, *args: Any, **kwargs: Any) -> None:
    """Around the `__init__` of a container: keep a copy of the first rows of `data` with it."""
    data = args[0] if args else kwargs.get("data")
    head: Any = TypeError("its first rows are not at hand, as those of a file or a slice")
    try:
        if data is not None and not isinstance(data, str) and not hasattr(data, "__fspath__"):
            head = copy.deepcopy(data[:EXAMPLE_ROWS])
    except Exception as error:
        head = error
    original(container, *args, **kwargs)
    setattr(container, _HEAD, head)


def head_of(container: Any) -> Any:
    """The first rows. Raises what kept them from being copied."""
    head = getattr(container, _HEAD, None)
    if head is None:
        raise ValueError("the data was made before autologging was switched on")
    if isinstance(head, Exception):
        raise head
    return head
