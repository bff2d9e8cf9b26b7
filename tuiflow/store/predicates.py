"""The parts of a search as SQL: conditions and sort terms over `runs r`, values always bound.

Conditions on metrics, params and tags are `EXISTS (… WHERE run = r.id AND key = …)`: false for a
run without the key, and so true under NOT. Looking runs up by primary key costs less than the set
of all runs of the store that pass a condition, and a first page looks up few.
"""

from __future__ import annotations

import functools
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tuiflow.entities import TAG_DATA_CONTEXT, TAG_MODELS, TAG_PARENT, Process, RunStatus
from tuiflow.filters.evaluate import holds, like_regex, regex_match
from tuiflow.filters.tree import (
    And,
    Arithmetic,
    Between,
    Compare,
    Condition,
    Has,
    In,
    IsNull,
    Key,
    Kind,
    Measure,
    Node,
    Not,
    Op,
    Operand,
    Or,
    Relation,
    Stat,
    Text,
    keys_of,
)
from tuiflow.store import keys
from tuiflow.store.experiments import artifact_root
from tuiflow.store.processes import is_alive
from tuiflow.store.schema import METRIC, PARAM, TAG

TABLES = {
    Kind.METRIC: ("latest", METRIC),
    Kind.PARAM: ("params", PARAM),
    Kind.TAG: ("tags", TAG),
}
_STATS = {
    Stat.LAST: "{row}value",
    Stat.COUNT: "{row}count",
    **{
        stat: f"CASE WHEN {{row}}count > 1 THEN {{row}}{stat.value} ELSE {{row}}value END"
        for stat in (Stat.MIN, Stat.MAX, Stat.FIRST)
    },
}


def number_column(key: Key | Measure, row: str = "") -> str:
    """The number of a row of `latest`, `params` or `tags`, NULL for NaN or a text; `row` is the
    table's alias and a dot."""
    if isinstance(key, Measure):
        return _STATS[key.stat].format(row=row)
    return f"{row}value" if key.kind is Kind.METRIC else f"{row}number"


MISSABLE = ("end_time", "duration", "parent")
"""Attributes that a run may lack."""
_MODELS = Key(Kind.TAG, TAG_MODELS)


class Builder:
    """Builds one statement: `values` are bound to its `?1`, `?2`, … in order.

    `run` is the SQL of the run's row id; `now` (epoch ms) ends what is still running.
    """

    def __init__(self, conn: sqlite3.Connection, root: Path, now: int, run: str = "r.id") -> None:
        self.conn = conn
        self.root = root
        self.now = now
        self.run = run
        self.values: list[str | float | bytes] = []

    def bind(self, value: str | float | bytes) -> str:
        self.values.append(value)
        return f"?{len(self.values)}"

    def key_id(self, key: Key | Measure) -> int | None:
        """The row of a metric's, param's or tag's name; None where no run has it."""
        return keys.find(self.conn, TABLES[key.kind][1], key.name)

    def condition(self, node: Node) -> str:
        """SQL that is true or false, never NULL, for each run."""
        match node:
            case And(parts):
                return f"({' AND '.join(self.condition(part) for part in parts)})"
            case Or(parts):
                return f"({' OR '.join(self.condition(part) for part in parts)})"
            case Not(part):
                return f"NOT {self.condition(part)}"
            case Text(text):
                return self._free_text(text)
            case Has():
                return self._stored(Compare(_MODELS, Op.NE, ""))
            case Relation():
                return self._relation(node)
        if node.key.kind is Kind.DATASET:
            return self._dataset(node)
        if node.key.kind is not Kind.ATTRIBUTE:
            return self._stored(node)
        if node.key.name == "status":
            return self._status(node)
        if node.key.name == "experiment":
            names = self._test(node, "name")
            return f"r.experiment IN (SELECT id FROM experiments WHERE {names})"
        if node.key.name == "run_id" and (ids := self._run_ids(node)) is not None:
            return ids
        return self._test(node, self.attribute(node.key.name))

    # metrics, params, tags

    def _stored(self, node: Condition) -> str:
        key = self.key_id(node.key)
        table = TABLES[node.key.kind][0]
        if isinstance(node, IsNull):
            if key is None:
                return "0" if node.negated else "1"
            exists = "EXISTS" if node.negated else "NOT EXISTS"
            return f"{exists} ({self._row(table, key)})"
        if key is None:
            return "0"
        test = self._metric(node) if node.key.kind is Kind.METRIC else self._param(node)
        if _is_negative(node):
            test = f"({test}) IS NOT TRUE"
        return f"EXISTS ({self._row(table, key)} AND {test})"

    def holders(self, node: Compare | In | Between) -> str:
        """A SELECT of the row ids of all runs of which a condition on a metric, param or tag holds.

        It reads the key's index, where `condition` looks up run by run.
        """
        table = TABLES[node.key.kind][0]
        key = self.key_id(node.key)
        test = self._metric(node) if node.key.kind is Kind.METRIC else self._param(node)
        if _is_negative(node):
            test = f"({test}) IS NOT TRUE"
        found = f"SELECT run FROM {table} WHERE key = {self.bind(-1 if key is None else key)}"
        return f"{found} AND {test}"

    def _row(self, table: str, key: int) -> str:
        return f"SELECT 1 FROM {table} WHERE run = {self.run} AND key = {self.bind(key)}"

    def _metric(self, node: Compare | In | Between) -> str:
        column = f"({number_column(node.key)})"
        if isinstance(node, Compare) and node.value != node.value:
            return f"{column} IS NULL"
        return self._plain(node, column)

    def _param(self, node: Compare | In | Between) -> str:
        match node:
            case Compare(_, _, str()) | Between(_, str(), _):
                return self._plain(node, "text")
            case In(_, values):
                texts = [self.bind(value) for value in values if isinstance(value, str)]
                numbers = [self.bind(value) for value in values if not isinstance(value, str)]
                return f"(text IN ({', '.join(texts)}) OR number IN ({', '.join(numbers)}))"
        return self._plain(node, "number")

    # computed numbers

    def _relation(self, node: Relation) -> str:
        keys = list(dict.fromkeys(keys_of(node)))
        if any(key.kind in TABLES and self.key_id(key) is None for key in keys):
            return "0"
        left, right = self._number(node.left), self._number(node.right)
        if node.op is not Op.NE:
            return f"({left} {node.op.value} {right}) IS TRUE"
        # NULL may be NaN, which is unequal, or missing, which isn't.
        divisors = [*_divisors(node.left), *_divisors(node.right)]
        tests = [
            *(self._present(key) for key in keys),
            *(f"({self._number(divisor)} = 0.0) IS NOT TRUE" for divisor in divisors),
            f"({left} = {right}) IS NOT TRUE",
        ]
        return f"({' AND '.join(tests)})"

    def _number(self, operand: Operand) -> str:
        """A REAL, or NULL where it is missing or NaN."""
        match operand:
            case Arithmetic(op, left, right):
                # SQLite's parser goes no deeper than a hundred or so: no needless parentheses.
                is_sum = isinstance(left, Arithmetic) and left.op in "+-"
                first = f"({self._number(left)})" if is_sum and op in "*/" else self._number(left)
                last = self._number(right)
                return f"{first} {op} {f'({last})' if isinstance(right, Arithmetic) else last}"
            case float() | int():
                return self.bind(float(operand))
            case Key(Kind.ATTRIBUTE, name):
                return f"CAST({self.attribute(name)} AS REAL)"
        key = self.key_id(operand)
        assert key is not None
        table = TABLES[operand.kind][0]
        row = f"FROM {table} WHERE run = {self.run} AND key = {self.bind(key)}"
        return f"CAST((SELECT {number_column(operand)} {row}) AS REAL)"

    def _present(self, key: Key) -> str:
        if key.kind is Kind.ATTRIBUTE:
            return f"{self.attribute(key.name)} IS NOT NULL"
        row = self.key_id(key)
        assert row is not None
        is_number = "" if key.kind is Kind.METRIC else " AND number IS NOT NULL"
        return f"EXISTS ({self._row(TABLES[key.kind][0], row)}{is_number})"

    def _dataset(self, node: Condition) -> str:
        """True where it holds of any data set that the run read, as in MLflow."""
        column = {
            "name": "d.name",
            "digest": "d.digest",
            "context": f"json_extract(i.tags, '$.\"{TAG_DATA_CONTEXT}\"')",
        }[node.key.name]
        rows = (
            f"SELECT 1 FROM inputs i JOIN datasets d ON d.id = i.dataset WHERE i.run = {self.run}"
        )
        if isinstance(node, IsNull):
            exists = "EXISTS" if node.negated else "NOT EXISTS"
            return f"{exists} ({rows} AND {column} IS NOT NULL)"
        return f"EXISTS ({rows} AND {self._test(node, column)})"

    def _free_text(self, text: str) -> str:
        if text.isascii():
            escaped = re.sub(r"([\\%_])", r"\\\1", text)
            test = f"LIKE {self.bind(f'%{escaped}%')} ESCAPE '\\'"
        else:
            self._need_match()
            test = f"REGEXP {self.bind('(?is)' + re.escape(text))}"
        rows = f"WHERE run = {self.run} AND text {test}"
        return (
            f"(r.name {test} OR EXISTS (SELECT 1 FROM params {rows})"
            f" OR EXISTS (SELECT 1 FROM tags {rows}))"
        )

    # attributes

    def attribute(self, name: str) -> str:
        """The value of an attribute of a run; NULL only of `MISSABLE`."""
        match name:
            case "run_id":
                return "lower(hex(r.uuid))"
            case "run_name":
                return "r.name"
            case "user_id" | "start_time" | "end_time":
                return f"r.{name}"
            case "experiment":
                return "(SELECT name FROM experiments WHERE id = r.experiment)"
            case "parent":
                key = self.key_id(Key(Kind.TAG, TAG_PARENT))
                of = f"run = {self.run} AND key = {self.bind(-1 if key is None else key)}"
                return f"(SELECT text FROM tags WHERE {of})"
            case "status":
                return f"CASE WHEN {self._stale} THEN 'STALE' ELSE r.status END"
            case "artifact_uri":
                moved = f"rtrim({self.bind(str(self.root))}, '/') || '/' || r.artifacts"
                folder = (
                    f"CASE WHEN r.artifacts IS NULL THEN json_extract({self._folders},"
                    f" '$.' || r.experiment) WHEN r.artifacts LIKE '/%' THEN r.artifacts || '/'"
                    f" ELSE {moved} || '/' END"
                )
                return f"{folder} || lower(hex(r.uuid))"
            case "duration":
                beat = "(SELECT heartbeat FROM processes WHERE id = r.process)"
                end = f"CASE WHEN {self._stale} THEN {beat} ELSE {self.bind(self.now)} END"
                return f"(coalesce(r.end_time, {end}) - r.start_time)"
        raise KeyError(name)

    @functools.cached_property
    def _folders(self) -> str:
        rows = self.conn.execute("SELECT id, artifact_location FROM experiments")
        folders = {row: f"{artifact_root(self.root, row, location)}/" for row, location in rows}
        return self.bind(json.dumps(folders))

    @functools.cached_property
    def _stale(self) -> str:
        """A RUNNING run whose process is gone, as loading.py tells it."""
        dead = [
            row_id
            for row_id, *process in self.conn.execute(
                "SELECT id, host, pid, started, boot_id, heartbeat FROM processes"
                " WHERE id IN (SELECT process FROM runs WHERE status = 'RUNNING')"
            )
            if not is_alive(Process(*process), self.now)
        ]
        ids = f"(SELECT value FROM json_each({self.bind(json.dumps(dead))}))"
        return f"(r.status = 'RUNNING' AND (r.process IS NULL OR r.process IN {ids}))"

    def _status(self, node: Condition) -> str:
        shown = {status for status in RunStatus if holds(node, status.value)}
        stored = shown - {RunStatus.RUNNING, RunStatus.STALE}
        tests = [f"r.status IN ({', '.join(self.bind(status.value) for status in stored)})"]
        if {RunStatus.RUNNING, RunStatus.STALE} <= shown:
            tests.append("r.status = 'RUNNING'")
        elif RunStatus.STALE in shown:
            tests.append(self._stale)
        elif RunStatus.RUNNING in shown:
            tests.append(f"(r.status = 'RUNNING' AND NOT {self._stale})")
        return f"({' OR '.join(tests)})"

    def _run_ids(self, node: Condition) -> str | None:
        """Equality of ids on the stored bytes, which have an index."""
        match node:
            case Compare(_, Op.EQ | Op.NE, str() as text):
                texts: tuple[float | str, ...] = (text,)
            case In(_, texts):
                pass
            case _:
                return None
        ids = [bytes.fromhex(str(text)) for text in texts if _RUN_ID.fullmatch(str(text))]
        within = "NOT IN" if _is_negative(node) else "IN"
        return f"r.uuid {within} ({', '.join(self.bind(uuid) for uuid in ids)})"

    # comparing an SQL expression

    def _test(self, node: Condition, sql: str) -> str:
        """A condition on an expression that may be NULL, which is "missing"."""
        if isinstance(node, IsNull):
            return f"({sql} IS {'NOT ' if node.negated else ''}NULL)"
        test = f"({self._plain(node, sql)})"
        return f"({sql} IS NOT NULL AND NOT {test})" if _is_negative(node) else f"{test} IS TRUE"

    def _plain(self, node: Compare | In | Between, sql: str) -> str:
        """The condition, or what it negates; NULL where `sql` is."""
        match node:
            case In(_, values):
                return f"{sql} IN ({', '.join(self.bind(value) for value in values)})"
            case Between(_, low, high):
                return f"{sql} BETWEEN {self.bind(low)} AND {self.bind(high)}"
            case Compare(_, Op.LIKE, value):
                # GLOB is SQLite's case-sensitive LIKE.
                glob = re.sub(r"[*?\[]", r"[\g<0>]", str(value))
                return f"{sql} GLOB {self.bind(glob.translate(_TO_GLOB))}"
            case Compare(_, Op.ILIKE, value):
                if str(value).isascii():
                    return f"{sql} LIKE {self.bind(value)}"
                self._need_match()
                return f"{sql} REGEXP {self.bind('(?i)' + like_regex(str(value)))}"
            case Compare(_, op, value):
                return f"{sql} {'=' if op is Op.NE else op.value} {self.bind(value)}"

    def _need_match(self) -> None:
        # SQLite folds ASCII letters only. `X REGEXP Y` calls regexp(Y, X).
        self.conn.create_function("regexp", 2, _regexp, deterministic=True)


def _regexp(pattern: str, text: str | None) -> bool | None:
    return None if text is None else regex_match(pattern, text)


_RUN_ID = re.compile(r"[0-9a-f]{32}")
_TO_GLOB = str.maketrans("%_", "*?")


def _divisors(operand: Operand) -> Iterator[Operand]:
    if isinstance(operand, Arithmetic):
        if operand.op == "/":
            yield operand.right
        yield from _divisors(operand.left)
        yield from _divisors(operand.right)


def _is_negative(node: Condition) -> bool:
    """Is it true of a value exactly where an inner comparison is not?"""
    return (isinstance(node, In) and node.negated) or (
        isinstance(node, Compare) and node.op is Op.NE
    )
