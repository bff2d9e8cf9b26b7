"""Where uv is, which builds the environments of projects."""

from __future__ import annotations

import shutil


def uv_path() -> str | None:
    """The path of uv: on PATH, or else the package `uv`; None without one."""
    if found := shutil.which("uv"):
        return found
    try:
        import uv

        return str(uv.find_uv_bin())
    except (ImportError, FileNotFoundError):
        return None
