"""A scikit-learn object as bytes in a file: skops wherever it can be, else cloudpickle.

Reading a skops file runs no code of the file's: only the types of `trust` are built, whatever the
file or its MLmodel say, and trees are checked (`structure`). Reading a pickle or cloudpickle file
runs whatever code it holds; that is the nature of the format, and why nothing here is ever called
by browsing, only by an explicit load.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tuiflow.errors import ModelError
from tuiflow.models import environment, structure, trust

SKOPS = "skops"
CLOUDPICKLE = "cloudpickle"
PICKLE = "pickle"

FILE_NAMES = {SKOPS: "model.skops", CLOUDPICKLE: "model.pkl"}


@dataclass(frozen=True, slots=True)
class Saved:
    """How an object was written.

    `restored` is what reading the file gave back; `needs_trust` are the types in it beyond skops'
    defaults; `modules` are the top-level modules a cloudpickle file imports; `reason` says why it
    is not skops.
    """

    format: str
    path: Path
    restored: Any
    needs_trust: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    reason: str | None = None


def save(model: Any, folder: Path, trusted: Sequence[str] = ()) -> Saved:
    """Write `model` into `folder` and read it back; ModelError where no format can hold it.

    `trusted` are types to trust beside those of `trust`.
    """
    path = folder / FILE_NAMES[SKOPS]
    try:
        return _save_skops(model, path, trusted)
    except ModelError as error:
        path.unlink(missing_ok=True)
        return _save_cloudpickle(model, folder / FILE_NAMES[CLOUDPICKLE], error.message)


def load(path: Path, format: str, trusted: Sequence[str] = ()) -> Any:
    """Read a model file.

    `skops` files are safe to read: a type that is neither on tuiflow's list nor in `trusted` is a
    ModelError that names it. `cloudpickle` and `pickle` files run their own code. Raises
    ModelError.
    """
    if format == SKOPS:
        return _load_skops(path, trusted)
    if format not in (CLOUDPICKLE, PICKLE):
        raise ModelError(f"The model {path} has the unknown serialization format {format!r:.40}.")
    try:
        with path.open("rb") as file:
            return pickle.load(file)
    except Exception as error:
        raise ModelError(f"The model {path} can't be loaded: {_reason(error)}") from error


def _save_skops(model: Any, path: Path, trusted: Sequence[str]) -> Saved:
    import skops.io

    try:
        with path.open("wb") as file:
            skops.io.dump(model, file, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
    except Exception as error:
        raise ModelError(f"skops can't write it ({_reason(error)})") from error
    try:
        needed = skops.io.get_untrusted_types(file=path)
    except Exception as error:
        raise ModelError(f"skops can't read it back ({_reason(error)})") from error
    return Saved(SKOPS, path, _load_skops(path, trusted), tuple(needed))


def _load_skops(path: Path, more: Sequence[str]) -> Any:
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    trusted = (*trust.trusted_types(), *more)
    try:
        model = skops.io.load(path, trusted=list(trusted))
    except UntrustedTypesFoundException as error:
        strange = sorted(set(skops.io.get_untrusted_types(file=path)) - set(trusted))
        names = ", ".join(strange[:5]) + (" and others" if len(strange) > 5 else "")
        raise ModelError(f"The model holds types that are not trusted: {names}.") from error
    except Exception as error:
        raise ModelError(f"The model {path} can't be loaded: {_reason(error)}") from error
    structure.check(model)
    return model


def _save_cloudpickle(model: Any, path: Path, reason: str) -> Saved:
    import sys

    import cloudpickle

    try:
        restored, modules = _dump_cloudpickle(model, path)
        # The user's own modules travel inside the file: whoever loads it has none of them.
        local = [
            module
            for name in environment.local_modules(modules)
            for key, module in list(sys.modules.items())
            if key == name or key.startswith(f"{name}.")
        ]
        if local:
            for module in local:
                cloudpickle.register_pickle_by_value(module)
            try:
                restored, modules = _dump_cloudpickle(model, path)
            finally:
                for module in local:
                    cloudpickle.unregister_pickle_by_value(module)
    except Exception as error:
        path.unlink(missing_ok=True)
        raise ModelError(
            f"The model can't be saved: {reason.rstrip('.')}; "
            f"nor can cloudpickle write it ({_reason(error)})."
        ) from error
    return Saved(CLOUDPICKLE, path, restored, modules=modules, reason=reason)


def _dump_cloudpickle(model: Any, path: Path) -> tuple[Any, tuple[str, ...]]:
    """Write and read back; returns the copy and the top-level modules reading it took."""
    import cloudpickle

    with path.open("wb") as file:
        # The newest protocol would shut older Pythons out.
        cloudpickle.dump(model, file, protocol=pickle.DEFAULT_PROTOCOL)
    with path.open("rb") as file:
        reader = _ImportRecorder(file)
        return reader.load(), tuple(sorted(reader.modules))


class _ImportRecorder(pickle.Unpickler):
    """Reads a pickle and notes the top-level modules it imports."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.modules: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.modules.add(module.partition(".")[0])
        found = super().find_class(module, name)
        if module.startswith("cloudpickle") and name == "subimport":
            return self._subimport(found)
        return found

    def _subimport(self, real: Any) -> Any:
        def subimport(name: str) -> Any:
            self.modules.add(name.partition(".")[0])
            return real(name)

        return subimport


def _reason(error: Exception) -> str:
    """The first line of what went wrong."""
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
