"""Do something once a module is imported, without importing it."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import threading
import types
from collections.abc import Callable, Sequence
from typing import Any

Hook = Callable[[types.ModuleType], None]

_lock = threading.RLock()
_hooks: dict[str, Hook] = {}


def when_imported(name: str, hook: Hook) -> None:
    """Call `hook` with the module once it is imported, at once where it is already.

    `name` is a module's, or `package.*` for all modules below a package; a later hook for the same
    name takes the place of an earlier one. What a hook raises reaches the import statement.
    """
    with _lock:
        _hooks[name] = hook
        if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
            sys.meta_path.insert(0, _Finder())
    if name.endswith(".*"):
        loaded = [m for key, m in list(sys.modules.items()) if key.startswith(name[:-1])]
    else:
        loaded = [sys.modules[name]] if name in sys.modules else []
    for module in loaded:
        if module is not None and not _is_being_imported(module):
            hook(module)


def _hooks_of(name: str) -> list[Hook]:
    with _lock:
        found = [_hooks[name]] if name in _hooks else []
        return found + [
            h for key, h in _hooks.items() if key[-2:] == ".*" and name.startswith(key[:-1])
        ]


def _is_being_imported(module: types.ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds nothing itself: hands watched modules a loader that calls the hooks afterwards."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if not _hooks_of(fullname):
            return None
        for finder in sys.meta_path:
            find = None if isinstance(finder, _Finder) else getattr(finder, "find_spec", None)
            spec = None if find is None else find(fullname, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader)
                return spec  # type: ignore[no-any-return]
        return None


class _Loader(importlib.abc.Loader):
    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return self._real.create_module(spec)  # type: ignore[no-any-return]

    def exec_module(self, module: types.ModuleType) -> None:
        module.__loader__ = self._real
        if module.__spec__ is not None:
            module.__spec__.loader = self._real
        self._real.exec_module(module)
        for hook in _hooks_of(module.__name__):
            hook(module)
