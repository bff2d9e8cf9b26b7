"""Columns of all runs as arrays: what searching a large store works on.

Runs are kept in blocks of 4,096 by row key, and each block's columns as segments: blobs that load
in milliseconds. What has changed since a block was sealed is read from the rows.
"""

from tuiflow.store.columns.columns import Columns
from tuiflow.store.columns.view import Numbers, Texts, View

__all__ = ["Columns", "Numbers", "Texts", "View"]
