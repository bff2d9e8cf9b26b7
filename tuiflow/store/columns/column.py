"""What a column is: one value of each run, of a key or of the run itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from tuiflow.filters.tree import Key, Kind, Measure, Stat
from tuiflow.store import keys
from tuiflow.store.predicates import TABLES
from tuiflow.store.schema import METRIC, PARAM, TAG

BLOCK = 4096
"""Runs in a block; block n holds those whose row keys // BLOCK are n."""
BLOCKS = 1 << 20
"""So many blocks there can be."""
OWN = -1
"""The kind of a column that is of no key, beside METRIC, PARAM and TAG."""

_PARTS = {Stat.LAST: 0, Stat.MIN: 1, Stat.MAX: 2, Stat.FIRST: 3, Stat.COUNT: 4}
_PARTS_OF_A_KEY = 8


@dataclass(frozen=True, slots=True)
class Column:
    """`key` is a row of `keys`, or below zero; `part` is of a metric only."""

    kind: int
    key: int
    part: int = 0

    @property
    def is_text(self) -> bool:
        return self.kind in (PARAM, TAG) or self in (NAME, USER, STATUS)

    @property
    def first_segment(self) -> int:
        """The id of its segment in block 0; that in block n is n further on."""
        return (self.key * _PARTS_OF_A_KEY + self.part) * BLOCKS


LAST, MIN, MAX, FIRST, COUNT = range(5)
"""The parts of a metric."""
UUID = Column(OWN, -1)
EXPERIMENT = Column(OWN, -2)
DELETED = Column(OWN, -3)
NAME = Column(OWN, -4)
USER = Column(OWN, -5)
STATUS = Column(OWN, -6)
START = Column(OWN, -7)
END = Column(OWN, -8)

ATTRIBUTES = {
    "run_name": NAME,
    "user_id": USER,
    "status": STATUS,
    "start_time": START,
    "end_time": END,
}


def find(conn: sqlite3.Connection, key: Key | Measure) -> Column | None:
    """The column of a key; None where no run has it. Raises KeyError for what isn't in columns."""
    if isinstance(key, Measure):
        part = _PARTS[key.stat]
        key = key.key
    else:
        part = 0
    if key.kind is Kind.ATTRIBUTE:
        return ATTRIBUTES[key.name]
    _, kind = TABLES[key.kind]
    found = keys.find(conn, kind, key.name)
    return None if found is None else Column(kind, found, part)


def all_of(conn: sqlite3.Connection) -> Iterator[Column]:
    """Every column that a block can have."""
    yield from (UUID, EXPERIMENT, DELETED, NAME, USER, STATUS, START, END)
    for key, kind in conn.execute("SELECT id, kind FROM keys"):
        for part in (LAST, MIN, MAX, FIRST, COUNT) if kind == METRIC else (0,):
            yield Column(kind, key, part)
