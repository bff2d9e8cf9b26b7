"""Where scripts written for MLflow import the list that searches give from."""

from __future__ import annotations

from tuiflow.store.entities.paged_list import PagedList

__all__ = ["PagedList"]
