"""The filter and sort language: text → a typed tree, the same wherever runs are searched."""

from __future__ import annotations

from tuiflow.filters.order import parse_order
from tuiflow.filters.parser import parse_filter
from tuiflow.filters.subjects import EXPERIMENTS, MODEL_VERSIONS, REGISTERED_MODELS, RUNS, Subject
from tuiflow.filters.tree import (
    ATTRIBUTES,
    NUMBER_ATTRIBUTES,
    TEXT_ATTRIBUTES,
    And,
    Between,
    Compare,
    In,
    IsNull,
    Key,
    Kind,
    Node,
    Not,
    Op,
    Or,
    OrderKey,
    Text,
    keys_of,
)

__all__ = [
    "ATTRIBUTES",
    "EXPERIMENTS",
    "MODEL_VERSIONS",
    "NUMBER_ATTRIBUTES",
    "REGISTERED_MODELS",
    "RUNS",
    "TEXT_ATTRIBUTES",
    "And",
    "Between",
    "Compare",
    "In",
    "IsNull",
    "Key",
    "Kind",
    "Node",
    "Not",
    "Op",
    "Or",
    "OrderKey",
    "Subject",
    "Text",
    "keys_of",
    "parse_filter",
    "parse_order",
]
