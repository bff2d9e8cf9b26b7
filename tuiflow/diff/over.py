"""What goes with a metric over all runs of a query, or over many of them drawn by chance."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tuiflow import directions
from tuiflow.diff.why import LISTED, Associations, associate

if TYPE_CHECKING:
    from tuiflow.entities import Run
    from tuiflow.protocols import RunQuery
    from tuiflow.store import Store

PAGE = 2000


def associations(
    store: Store,
    query: RunQuery,
    metric: str,
    *,
    limit: int | None = LISTED,
    most: int | None = None,
) -> Associations:
    """The params that go with the last value of `metric` over the runs of a query.

    Of more than `most` runs so many are looked at, drawn by chance but always the same ones;
    `drawn_from` says of how many.
    """
    keys: Sequence[int] = store.search_keys(query)
    total = len(keys)
    if most is not None and total > most:
        keys = drawn(keys, most)
    lower = directions.direction(metric, store.metric_directions())
    pairs = ((run.data.metrics.get(metric), run.data.params) for run in _runs(store, keys))
    found = associate(pairs, metric, lower, limit)
    return replace(found, drawn_from=total) if len(keys) < total else found


def drawn(keys: Sequence[int], most: int) -> list[int]:
    """`most` of the keys, in their order. Not every nth: a sweep has a rhythm of its own."""
    places = sorted(random.Random(len(keys)).sample(range(len(keys)), most))
    return [keys[place] for place in places]


def _runs(store: Store, keys: Sequence[int]) -> Iterator[Run]:
    for start in range(0, len(keys), PAGE):
        yield from store.load_runs(keys[start : start + PAGE])
