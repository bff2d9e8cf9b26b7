"""Which run a person means by a word."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tuiflow.entities import ViewType
from tuiflow.errors import Ambiguous, NotFound
from tuiflow.filters.tree import And, Compare, IsNull, Key, Kind, Op, OrderKey
from tuiflow.protocols import RunQuery
from tuiflow.store import metric_directions
from tuiflow.store.predicates import Builder
from tuiflow.store.processes import now_ms
from tuiflow.store.search import key_names, scope, search_keys
from tuiflow.text import ago, clean

LATEST = "latest"
BEST = "best:"
MAX_CANDIDATES = 10

_RUN_ID = re.compile(r"[0-9a-f]{32}")
_PREFIX = re.compile(r"[0-9a-f]{4,31}")
_SHORT = re.compile(r"[0-9a-f]{1,3}")
_NAMES_COMPARED = 2_000


def resolve_run(
    conn: sqlite3.Connection,
    root: Path,
    text: str,
    experiment_ids: tuple[str, ...] | None = None,
    view: ViewType = ViewType.ACTIVE_ONLY,
) -> str:
    """Run id for a full id, `latest`, `best:METRIC`, a run's name or the unique start of an id.

    All but a full id looks only at runs of `view` and of `experiment_ids` (None: of every active
    experiment); the start of an id at all of them, where none of `view` has it. `best:` goes by
    the metric's direction (as said, else by its name) and leaves NaN out.

    Raises NotFound, with the nearest names, and Ambiguous, with the candidates.
    """
    query = RunQuery(experiment_ids, view=view)
    word = text.strip()
    lower = word.lower()
    if word == LATEST:
        return _first(conn, root, query, "There is no run yet to be the latest.")
    if word.startswith(BEST):
        return _best(conn, root, query, word.removeprefix(BEST))
    if _RUN_ID.fullmatch(lower):
        uuid = bytes.fromhex(lower)
        if conn.execute("SELECT 1 FROM runs WHERE uuid = ?", (uuid,)).fetchone():
            return lower
    if named := _find(conn, root, query, "r.name = {}", word):
        return _only(named, word, "the name")
    if _PREFIX.fullmatch(lower):
        span = [bytes.fromhex(lower.ljust(32, digit)) for digit in "0f"]
        for looked_at in (view, ViewType.ALL):
            started = RunQuery(experiment_ids, view=looked_at)
            if rows := _find(conn, root, started, "r.uuid BETWEEN {} AND {}", *span):
                return _only(rows, word, "the start of the id")
    kind = "deleted run" if view is ViewType.DELETED_ONLY else "run"
    short = " (the start of an id takes 4 characters or more)" if _SHORT.fullmatch(lower) else ""
    hint = _hint(word, _recent_names(conn, root, query))
    raise NotFound(f"There is no {kind} {word!r}{short}{hint}")


def _first(conn: sqlite3.Connection, root: Path, query: RunQuery, missing: str) -> str:
    keys = search_keys(conn, root, query, 1)
    if not keys:
        raise NotFound(missing)
    row = conn.execute("SELECT uuid FROM runs WHERE id = ?", (keys[0],)).fetchone()
    return bytes(row[0]).hex()


def _best(conn: sqlite3.Connection, root: Path, query: RunQuery, metric: str) -> str:
    key = Key(Kind.METRIC, metric)
    metrics = key_names(conn, query.experiment_ids).metrics
    if metric not in metrics:
        raise NotFound(f"No run has a metric {metric!r}{_hint(metric, metrics)}")
    best = RunQuery(
        query.experiment_ids,
        And((IsNull(key, negated=True), Compare(key, Op.NE, math.nan))),
        (OrderKey(key, descending=not metric_directions.lower_is_better(conn, metric)),),
        query.view,
    )
    return _first(conn, root, best, f"No active run has a metric {metric!r} that is a number.")


class RunName(NamedTuple):
    """What tells a run from others, for a person who is about to name one."""

    run_id: str
    name: str
    experiment: str
    start_time: int


def suggest(
    conn: sqlite3.Connection, root: Path, start: str, limit: int, view: ViewType
) -> list[RunName]:
    """The newest runs whose id or name begins with `start`, at most `limit`."""
    builder = Builder(conn, root, 0)
    where = scope(builder, RunQuery(view=view))
    if start:
        text = builder.bind(start)
        tests = [f"substr(r.name, 1, length({text})) = {text}"]
        lower = start.lower()
        if _HEX.fullmatch(lower):
            low, high = (builder.bind(bytes.fromhex(lower.ljust(32, end))) for end in "0f")
            tests.append(f"r.uuid BETWEEN {low} AND {high}")
        where += f" AND ({' OR '.join(tests)})"
    rows = conn.execute(
        "SELECT r.uuid, r.name, e.name, r.start_time"
        " FROM runs r JOIN experiments e ON e.id = r.experiment"
        f" WHERE {where} ORDER BY r.start_time DESC, r.uuid LIMIT {limit}",
        builder.values,
    )
    return [RunName(bytes(uuid).hex(), *rest) for uuid, *rest in rows]


_HEX = re.compile(r"[0-9a-f]{1,32}")

_Row = tuple[bytes, str, str, int]


def _find(
    conn: sqlite3.Connection, root: Path, query: RunQuery, test: str, *values: str | bytes
) -> list[_Row]:
    """Id, name, experiment and start time of the runs that pass, newest first."""
    builder = Builder(conn, root, 0)
    where = f"{scope(builder, query)} AND {test.format(*map(builder.bind, values))}"
    return conn.execute(
        "SELECT r.uuid, r.name, e.name, r.start_time"
        " FROM runs r JOIN experiments e ON e.id = r.experiment"
        f" WHERE {where} ORDER BY r.start_time DESC, r.uuid",
        builder.values,
    ).fetchall()


def _only(rows: list[_Row], word: str, what: str) -> str:
    if len(rows) > 1:
        now = now_ms()
        raise Ambiguous(
            f"{word!r} is {what} of {len(rows)} runs; give the id of one.",
            tuple(
                f"{uuid.hex()}  {clean(name)}  {clean(experiment)}  {ago(start, now)}"
                for uuid, name, experiment, start in rows[:MAX_CANDIDATES]
            ),
        )
    return rows[0][0].hex()


def _recent_names(conn: sqlite3.Connection, root: Path, query: RunQuery) -> list[str]:
    builder = Builder(conn, root, 0)
    rows = conn.execute(
        f"SELECT r.name FROM runs r WHERE {scope(builder, query)}"
        f" ORDER BY r.start_time DESC LIMIT {_NAMES_COMPARED}",
        builder.values,
    )
    return list(dict.fromkeys(row[0] for row in rows))


def _hint(word: str, names: Sequence[str]) -> str:
    """The end of the sentence: the names that `word` may have been meant to be."""
    import difflib

    close = [name for name in names if word and word.lower() in name.lower()][:3]
    close = close or difflib.get_close_matches(word, names, n=3, cutoff=0.6)
    if not close:
        return "."
    return f"; did you mean {' or '.join(clean(name, 60) for name in close)}?"
