"""The arguments of `tuiflow.xgboost.autolog()`."""

from __future__ import annotations

from dataclasses import dataclass

from tuiflow.tracking.autolog import switches
from tuiflow.tracking.autolog.config import AutologConfig

FLAVOR = "xgboost"
TRIED_WITH = "3.1"
"""The oldest XGBoost that autologging was tried with."""

IMPORTANCE_TYPES = ("weight", "gain", "cover", "total_gain", "total_cover")


@dataclass(frozen=True, slots=True, kw_only=True)
class XgboostConfig(AutologConfig):
    importance_types: tuple[str, ...] = ("weight",)
    model_format: str = "ubj"


def config() -> XgboostConfig:
    return switches.config_of(FLAVOR, XgboostConfig)
