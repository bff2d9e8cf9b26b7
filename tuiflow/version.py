"""`tuiflow.version`: where MLflow's scripts look for the version, tuiflow's own here."""

from __future__ import annotations

from tuiflow import __version__ as VERSION

__all__ = ["VERSION"]
