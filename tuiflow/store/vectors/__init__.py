"""Searches of many runs, answered from columns with numpy: which runs, in which order, in groups.

The meaning is that of `filters/evaluate.py`, as it is of the SQL of `store/predicates.py`.
"""
