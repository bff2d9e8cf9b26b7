"""The arguments of `tuiflow.lightgbm.autolog()`."""

from __future__ import annotations

from tuiflow.tracking.autolog import switches
from tuiflow.tracking.autolog.config import AutologConfig

FLAVOR = "lightgbm"
TRIED_WITH = "4.6"
"""The oldest LightGBM that autologging was tried with."""


def config() -> AutologConfig:
    return switches.config_of(FLAVOR, AutologConfig)
