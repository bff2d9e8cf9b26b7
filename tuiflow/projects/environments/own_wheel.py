"""The running tuiflow as a wheel, so that a project's environment gets exactly this one.

The store is shared by both: another version there might upgrade it, or not know it. The files are
those of the running package, however it was installed, so nothing is fetched or built.
Format: https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from functools import cache
from importlib import metadata
from pathlib import Path

from tuiflow.errors import InvalidState

_EPOCH = (1980, 1, 1, 0, 0, 0)
_WHEEL = "Wheel-Version: 1.0\nGenerator: tuiflow\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def version() -> str:
    """The version of the running tuiflow; raises InvalidState where it is not installed."""
    return _distribution().version


def requires_python() -> str:
    """The Python versions that tuiflow runs on, a specifier."""
    return str(_distribution().metadata["Requires-Python"] or "")


@cache
def digest() -> str:
    """A short hash of the package's files and of its metadata."""
    total = hashlib.sha256((_distribution().read_text("METADATA") or "").encode())
    for name, data in _files():
        total.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
    return total.hexdigest()[:16]


def pack(folder: Path, dependencies: bool) -> Path:
    """Write the wheel into `folder` and return its path.

    Without `dependencies` it asks for none and brings no `tuiflow` command, which needs them.
    """
    distribution = _distribution()
    stem = f"tuiflow-{distribution.version}"
    path = folder / f"{stem}-py3-none-any.whl"
    info = f"{stem}.dist-info"
    contents = [
        *_files(),
        (f"{info}/METADATA", _metadata(dependencies).encode()),
        (f"{info}/WHEEL", _WHEEL.encode()),
    ]
    if dependencies and (entry_points := distribution.read_text("entry_points.txt")):
        contents.append((f"{info}/entry_points.txt", entry_points.encode()))
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in contents:
            hashed = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={hashed},{len(data)}")
            wheel.writestr(zipfile.ZipInfo(name, _EPOCH), data)
        record.append(f"{info}/RECORD,,")
        wheel.writestr(zipfile.ZipInfo(f"{info}/RECORD", _EPOCH), "\n".join(record) + "\n")
    return path


def _metadata(dependencies: bool) -> str:
    distribution = _distribution()
    text = distribution.read_text("METADATA") or ""
    header, _, _ = text.partition("\n\n")
    dropped = () if dependencies else ("Requires-Dist:", "Provides-Extra:")
    lines = [line for line in header.splitlines() if not line.startswith(dropped)]
    return "\n".join(lines) + "\n"


def _files() -> list[tuple[str, bytes]]:
    from importlib.resources import files

    root = Path(str(files("tuiflow")))
    return [
        (f"tuiflow/{path.relative_to(root).as_posix()}", path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]


def _distribution() -> metadata.Distribution:
    try:
        return metadata.distribution("tuiflow")
    except metadata.PackageNotFoundError:
        raise InvalidState(
            "tuiflow is not installed here, only imported from its folder, so it can't be put into"
            " the project's environment; install it first: pip install -e FOLDER"
        ) from None
