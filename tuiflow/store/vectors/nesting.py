"""Children and parents among many runs."""

from __future__ import annotations

from array import array

import numpy as np

from tuiflow.filters.tree import Key, Kind
from tuiflow.nesting import Links
from tuiflow.store.parents import row_of
from tuiflow.store.vectors.source import Source

_PARENT = Key(Kind.ATTRIBUTE, "parent")


def links(source: Source) -> Links:
    """As `parents.links`."""
    texts = source.texts(_PARENT)
    rows = [row_of(source.view.conn, value) or -1 for value in texts.values]
    children = np.flatnonzero(texts.codes >= 0)
    parents = np.array([*rows, -1], np.int64)[texts.codes[children]]
    there = parents >= 0
    return Links(
        array("q", children[there].astype(np.int64).tobytes()),
        array("q", parents[there].tobytes()),
    )
