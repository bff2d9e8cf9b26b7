"""Filters over columns: which runs match, as an array of booleans by row key."""

from __future__ import annotations

import functools
import math
import operator
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuiflow.entities import TAG_MODELS, ViewType
from tuiflow.filters.evaluate import ARITHMETIC, COMPARISONS, holds, in_any_case, like_regex
from tuiflow.filters.tree import (
    And,
    Arithmetic,
    Between,
    Compare,
    Has,
    In,
    IsNull,
    Key,
    Kind,
    Node,
    Not,
    Op,
    Operand,
    Or,
    Relation,
    Text,
)
from tuiflow.protocols import RunQuery
from tuiflow.store.columns import Numbers
from tuiflow.store.experiments import parse_id
from tuiflow.store.vectors.source import Mask, Source, has_column, is_number

_EXPERIMENT = Key(Kind.ATTRIBUTE, "experiment")
_MODELS = Key(Kind.TAG, TAG_MODELS)


def matching(source: Source, query: RunQuery) -> Mask:
    """The runs of everything that a query says but the order. Raises NotFound for an experiment id
    that can't be one."""
    found = scope(source, query)
    return found if query.filter is None else found & condition(source, query.filter)


def scope(source: Source, query: RunQuery) -> Mask:
    """The runs of the query's experiments and lifecycle stage."""
    view = source.view
    match query.view:
        case ViewType.ACTIVE_ONLY:
            found = view.exists & ~view.deleted
        case ViewType.DELETED_ONLY:
            found = view.exists & view.deleted
        case _:
            found = view.exists
    if query.experiment_ids is not None:
        ids = [parse_id(experiment_id) for experiment_id in query.experiment_ids]
        return np.asarray(found & _among(view.experiment, ids))
    deleted = view.conn.execute("SELECT id FROM experiments WHERE deleted_at IS NOT NULL")
    if gone := [row for (row,) in deleted]:
        found = found & ~np.isin(view.experiment, gone)
    return np.asarray(found)


def _among(experiment: NDArray[np.int64], ids: list[int]) -> Mask:
    if len(ids) == 1:
        return np.asarray(experiment == ids[0])
    return np.isin(experiment, ids)


def condition(source: Source, node: Node) -> Mask:
    """The runs that pass a filter; row keys without a run are any value."""
    match node:
        case And(parts):
            return functools.reduce(operator.and_, (condition(source, part) for part in parts))
        case Or(parts):
            return functools.reduce(operator.or_, (condition(source, part) for part in parts))
        case Not(part):
            return ~condition(source, part)
        case Text(text):
            return source.view.containing(text)
        case Relation(left, op, right):
            return _relation(source, left, op, right)
        case Has():
            return _logged(source, Compare(_MODELS, Op.NE, ""))
    if not has_column(node.key):
        return source.select(node)
    if isinstance(node, IsNull):
        present = source.present(node.key)
        return present if node.negated else ~present
    if node.key.kind in (Kind.PARAM, Kind.TAG):
        return _logged(source, node)
    if node.key == _EXPERIMENT:
        rows = source.view.conn.execute("SELECT id, name FROM experiments").fetchall()
        passed = _asked(node, [name for _, name in rows])
        return _among(
            source.view.experiment, [row for (row, _), ok in zip(rows, passed, strict=True) if ok]
        )
    if is_number(node.key):
        return _numeric(source.numbers(node.key), node)
    return _textual(source, node)


def _numeric(numbers: Numbers, node: Compare | In | Between) -> Mask:
    values = numbers.values
    match node:
        case Compare(_, Op.EQ | Op.NE as op, float() as value) if math.isnan(value):
            found = np.isnan(values) if op is Op.EQ else ~np.isnan(values)
        case Compare(_, op, value):
            found = COMPARISONS[op](values, float(value))
        case Between(_, low, high):
            found = (values >= float(low)) & (values <= float(high))
        case In(_, wanted, negated):
            found = np.isin(values, [float(value) for value in wanted])
            if any(math.isnan(float(value)) for value in wanted):
                found |= np.isnan(values)
            found = ~found if negated else found
    return np.asarray(found & numbers.present)


def _logged(source: Source, node: Compare | In | Between) -> Mask:
    """A condition on a param or tag: on its text, or on what it reads as."""
    match node:
        case Compare(_, _, str()) | Between(_, str(), _):
            return _textual(source, node)
        case In(key, wanted, negated) if any(isinstance(value, str) for value in wanted):
            texts = tuple(value for value in wanted if isinstance(value, str))
            found = _textual(source, In(key, texts))
            if rest := tuple(value for value in wanted if not isinstance(value, str)):
                found = found | _numeric(source.numbers(key), In(key, rest))
            return ~found & source.present(key) if negated else found
    # NaN, which here is a text that is no number, is unequal to every number, and nothing else.
    return _numeric(source.numbers(node.key), node)


def _textual(source: Source, node: Compare | In | Between) -> Mask:
    """A condition asked of each distinct text."""
    assert isinstance(node.key, Key)
    if source.has_many_texts(node.key):
        return source.select(node)
    texts = source.texts(node.key)
    passed = np.zeros(len(texts.values) + 1, np.bool_)  # the last is for code -1, which is missing
    passed[:-1] = _asked(node, texts.values)
    codes = np.flatnonzero(passed)
    if len(codes) == 1:  # as with most questions of texts
        return np.asarray(texts.codes == codes[0])
    return np.asarray(passed[texts.codes])


def _asked(node: Compare | In | Between, values: list[str]) -> list[bool]:
    match node:
        case Compare(_, Op.LIKE, str() as pattern) if "_" not in pattern:
            return _like(pattern, values)
        case Compare(_, Op.LIKE | Op.ILIKE as op, str() as pattern):
            flags = in_any_case(pattern) if op is Op.ILIKE else re.NOFLAG
            match_text = re.compile(like_regex(pattern), flags).match
            return [match_text(value) is not None for value in values]
        case Compare(_, op, str() as wanted):
            compare = COMPARISONS[op]
            return [compare(value, wanted) for value in values]
        case In(_, items, negated):
            found = frozenset(items)
            return [(value in found) is not negated for value in values]
    return [holds(node, value) for value in values]


def _like(pattern: str, values: list[str]) -> list[bool]:
    """LIKE with % alone: pieces of text that follow each other."""
    start, *pieces = pattern.split("%")
    if not pieces:
        return [value == start for value in values]
    *pieces, end = pieces
    match [piece for piece in pieces if piece]:
        case []:
            least = len(start) + len(end)
            return [
                value.startswith(start) and value.endswith(end) and len(value) >= least
                for value in values
            ]
        case [piece] if not start and not end:
            return [piece in value for value in values]
    match_text = re.compile(like_regex(pattern)).match
    return [match_text(value) is not None for value in values]


def _relation(source: Source, left: Operand, op: Op, right: Operand) -> Mask:
    with np.errstate(all="ignore"):
        a, a_there = _reckon(source, left)
        b, b_there = _reckon(source, right)
        found = COMPARISONS[op](a, b) & a_there & b_there
    return np.broadcast_to(found, (source.view.size,))


def _reckon(source: Source, operand: Operand) -> tuple[Any, Any]:
    """The values of an operand, and where it has one."""
    match operand:
        case float() | int():
            return np.float64(operand), np.True_
        case Arithmetic(sign, left, right):
            a, a_there = _reckon(source, left)
            b, b_there = _reckon(source, right)
            there = a_there & b_there
            if sign == "/":
                there = there & (b != 0)
            return ARITHMETIC[sign](a, b), there
    numbers = source.numbers(operand)
    if is_number(operand):
        return numbers.values, numbers.present
    return numbers.values, numbers.present & ~np.isnan(numbers.values)
