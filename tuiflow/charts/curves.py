"""Metric histories as curves, read once and followed from there."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tuiflow.plot import Curve

if TYPE_CHECKING:
    from tuiflow.entities import RunInfo
    from tuiflow.store import Store

KEPT = 48
"""Curves that are remembered beyond those that are asked for."""


class Curves:
    """Reads the curves of a store's runs; of those it has read before, only the new points.

    Several threads may read: a question that nobody waits for any more goes on for a while.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Curve] = {}

    def read(self, run: RunInfo, keys: Sequence[str], counts: Mapping[str, int]) -> list[Curve]:
        """The curves of these metrics, named after them.

        `counts` says how many points each metric of the run had when it was last listed: as long
        as that has not changed, nothing is read.
        """
        with self._lock:
            return self._read(run, keys, counts)

    def _read(self, run: RunInfo, keys: Sequence[str], counts: Mapping[str, int]) -> list[Curve]:
        known = self._known
        behind = []
        for key in keys:
            curve = known.get((run.run_id, key))
            if curve is None or len(curve) > counts.get(key, 0):
                known[run.run_id, key] = self._whole(run, key)
            elif len(curve) < counts[key]:
                behind.append(key)
        if behind:
            self._follow(run, behind, counts)
        found = [known.pop((run.run_id, key)) for key in keys]
        for place in list(known)[: max(len(known) - KEPT, 0)]:
            known.pop(place, None)
        known.update(zip(((run.run_id, key) for key in keys), found, strict=True))
        return found

    def _whole(self, run: RunInfo, key: str) -> Curve:
        history = self._store.metric_history(run.run_id, key)
        return Curve(key, history.steps, history.timestamps, history.values, run.start_time)

    def _follow(self, run: RunInfo, keys: Sequence[str], counts: Mapping[str, int]) -> None:
        """Add the points that have come; a curve they don't continue is read again."""
        seen = {**counts, **{key: len(self._known[run.run_id, key]) for key in keys}}
        arrivals = self._store.points_since(run.run_id, seen)
        for key in keys:
            place = run.run_id, key
            points = [(p.step, p.timestamp, p.value) for p in arrivals.points if p.key == key]
            points.sort(key=lambda point: point[:2])
            grown = self._known[place].grown(points)
            if grown is None or len(grown) != arrivals.counts.get(key):
                grown = self._whole(run, key)
            self._known[place] = grown
