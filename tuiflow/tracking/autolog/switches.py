"""Which flavors are on, and with what arguments."""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import re
import threading
from collections.abc import Iterator
from typing import TypeVar

from tuiflow.tracking.autolog.config import AutologConfig

log = logging.getLogger("tuiflow.autolog")

Config = TypeVar("Config", bound=AutologConfig)

_lock = threading.RLock()
_configs: dict[str, AutologConfig] = {}
_by_all: set[str] = set()
_chosen: set[str] = set()
_for_all = False


def switch_on(flavor: str, config: AutologConfig) -> None:
    """Log trainings of `flavor` from now on, with these arguments in place of earlier ones."""
    with _lock:
        _note(flavor)
        _configs[flavor] = config


def switch_off(flavor: str) -> None:
    """Stop logging trainings of `flavor` and take its patches back."""
    from tuiflow.tracking.autolog.patching import unpatch

    with _lock:
        _note(flavor)
        _configs.pop(flavor, None)
        unpatch(flavor)


def _note(flavor: str) -> None:
    _chosen.add(flavor)
    (_by_all.add if _for_all else _by_all.discard)(flavor)


def is_on(flavor: str) -> bool:
    return flavor in _configs


def config_of(flavor: str, kind: type[Config]) -> Config:
    """The arguments that `flavor` was switched on with; the defaults where it is off."""
    found = _configs.get(flavor)
    return found if isinstance(found, kind) else kind()


@contextlib.contextmanager
def for_all_flavors() -> Iterator[None]:
    """While `tuiflow.autolog()` switches flavors; what a flavor's own `autolog()` set stays."""
    global _for_all
    with _lock:
        before, _for_all = _for_all, True
        try:
            yield
        finally:
            _for_all = before


def set_by_itself(flavor: str) -> bool:
    """Whether the flavor's own `autolog()` had the last word on it."""
    return flavor in _chosen and flavor not in _by_all


def supported(flavor: str, distribution: str, minimum: str, config: AutologConfig) -> bool:
    """Whether to log with the installed version of a library, of which `minimum` was tried.

    For an older one it is False with `disable_for_unsupported_versions`, else a warning and True;
    where the version is not known it is True.
    """
    try:
        version = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:  # installed under another name
        return True
    if _numbers(version) >= _numbers(minimum):
        return True
    if not config.disable_for_unsupported_versions and not config.silent:
        log.warning(
            "Autologging of %s was tried with %s %s and newer; %s is installed, so parts may be"
            " missing.",
            flavor,
            distribution,
            minimum,
            version,
        )
    return not config.disable_for_unsupported_versions


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))
