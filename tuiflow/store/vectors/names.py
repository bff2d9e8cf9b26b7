"""Which keys the runs of some experiments have, where these runs are many."""

from __future__ import annotations

import json

import numpy as np

from tuiflow.entities import ViewType
from tuiflow.filters.tree import Key, Kind
from tuiflow.protocols import KeyNames, RunQuery
from tuiflow.store.predicates import TABLES
from tuiflow.store.vectors.masks import scope
from tuiflow.store.vectors.source import Mask, Source

_SAMPLE = 1_000
"""Keys are first looked for in so many runs: most are found there."""
_LOOKED_AT = 500
"""Then so many runs of each other key are looked at."""


def key_names(source: Source, experiment_ids: tuple[str, ...]) -> KeyNames:
    """As `search.key_names`."""
    within = scope(source, RunQuery(experiment_ids, view=ViewType.ALL))
    rows = np.flatnonzero(within)
    sample = json.dumps(rows[:: len(rows) // _SAMPLE + 1].tolist())
    return KeyNames(
        *(
            tuple(sorted(_names(source, kind, within, sample)))
            for kind in (Kind.METRIC, Kind.PARAM, Kind.TAG)
        )
    )


def _names(source: Source, kind: Kind, within: Mask, sample: str) -> list[str]:
    table, number = TABLES[kind]
    conn = source.view.conn
    used = {
        row
        for (row,) in conn.execute(
            f"SELECT DISTINCT t.key FROM json_each(?) s CROSS JOIN {table} t ON t.run = s.value",
            (sample,),
        )
    }
    names = []
    for key, name in conn.execute("SELECT id, name FROM keys WHERE kind = ?", (number,)).fetchall():
        if key not in used:
            some = conn.execute(
                f"SELECT run FROM {table} WHERE key = ? LIMIT {_LOOKED_AT}", (key,)
            ).fetchall()
            if not within[[run for (run,) in some]].any() and (
                len(some) < _LOOKED_AT or not (source.present(Key(kind, name)) & within).any()
            ):
                continue
        names.append(name)
    return names
