"""Wrap functions of a library, such that a mistake in logging never reaches its caller."""

from __future__ import annotations

import functools
import inspect
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tuiflow.tracking.autolog import switches
from tuiflow.tracking.autolog.config import AutologConfig

Wrapper = Callable[..., Any]
"""Called as `wrapper(original, *args, **kwargs)`; it calls `original` and logs around it."""

_FLAVOR = "__tuiflow_autolog__"


class Original:
    """The function that was patched. Remembers what it returned or raised."""

    __slots__ = ("called", "error", "function", "result", "trace")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.called = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.trace: types.TracebackType | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.called = True
        self.error = None
        try:
            self.result = self.function(*args, **kwargs)
        except BaseException as error:
            self.error = error
            # From the library's frame on: those of logging would only stand in the way.
            self.trace = error.__traceback__ and error.__traceback__.tb_next
            raise
        return self.result

    def bind(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Parameter → its argument or default; a call that can't be is made, to raise its error."""
        try:
            found = inspect.signature(self.function).bind(*args, **kwargs)
        except TypeError:
            self(*args, **kwargs)
            raise
        found.apply_defaults()
        return dict(found.arguments)


@dataclass(frozen=True, slots=True)
class _Patch:
    owner: Any
    name: str
    original: Any
    installed: Any
    inherited: bool


_lock = threading.RLock()
_patches: dict[str, list[_Patch]] = {}


def patch(flavor: str, owner: Any, name: str, wrapper: Wrapper) -> None:
    """Replace the function `name` of a class or module by one that calls `wrapper` around it.

    Does nothing where `flavor` has patched it already. Name, docstring and signature stay, and
    pickles of it mean the original. While the flavor is off the original is called as it is. What
    the original returns is returned and what it raises is raised, whatever `wrapper` does; an error
    of the wrapper itself becomes a warning. Raises TypeError for what is no plain function.
    """
    with _lock:
        function = getattr(owner, name)
        if not isinstance(function, types.FunctionType):
            raise TypeError(f"{name} of {owner!r} is no plain function.")
        if _is_patched(flavor, function):
            return
        installed = _patched(flavor, function, wrapper)
        _name_after(installed, owner, name)
        _patches.setdefault(flavor, []).append(
            _Patch(owner, name, function, installed, name not in vars(owner))
        )
        setattr(owner, name, installed)


def unpatch(flavor: str) -> None:
    """Put the originals of a flavor back, except where somebody else replaced them since."""
    with _lock:
        for done in reversed(_patches.pop(flavor, [])):
            if getattr(done.owner, done.name, None) is not done.installed:
                continue
            if done.inherited:
                delattr(done.owner, done.name)
            else:
                setattr(done.owner, done.name, done.original)


def _is_patched(flavor: str, function: Any) -> bool:
    while isinstance(function, types.FunctionType):
        if vars(function).get(_FLAVOR) == flavor:
            return True
        function = getattr(function, "__wrapped__", None)
    return False


def warn(flavor: str, message: str) -> None:
    """Say what was not logged, unless the flavor was switched on with `silent`."""
    if not switches.config_of(flavor, AutologConfig).silent:
        switches.log.warning("Autologging of %s: %s", flavor, message)


def reason(error: BaseException) -> str:
    """One line about an error."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__


def _patched(flavor: str, function: Callable[..., Any], wrapper: Wrapper) -> Callable[..., Any]:
    @functools.wraps(function)
    def patched(*args: Any, **kwargs: Any) -> Any:
        if not switches.is_on(flavor):
            return function(*args, **kwargs)
        original = Original(function)
        try:
            wrapper(original, *args, **kwargs)
        except Exception as error:
            if original.error is None:
                warn(flavor, f"{function.__qualname__} is not logged ({reason(error)}).")
        if original.error is not None:
            raise original.error.with_traceback(original.trace)
        return original.result if original.called else function(*args, **kwargs)

    setattr(patched, _FLAVOR, flavor)
    return patched


def _name_after(function: Any, owner: Any, name: str) -> None:
    """Let pickle, which saves functions by name, find the function where it is."""
    if isinstance(owner, types.ModuleType):
        function.__module__, function.__qualname__ = owner.__name__, name
    elif isinstance(owner, type):
        function.__module__ = owner.__module__
        function.__qualname__ = f"{owner.__qualname__}.{name}"
