"""A text in the editor that a person has chosen. No framework."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from pathlib import Path

from tuiflow.errors import InvalidInput

DEFAULT = "vi"


def edit(content: str, suffix: str = ".md") -> str:
    """Open a text in $VISUAL, or $EDITOR, on this terminal; returns what it was saved as.

    It is in a temporary file meanwhile that only the user can read. Raises InvalidInput where the
    editor can't be started, or says by its exit code that nothing is to be kept.
    """
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or DEFAULT
    try:
        command = shlex.split(named)
    except ValueError as error:
        raise InvalidInput(f"$EDITOR can't be read: {error}.") from None
    if not command:
        raise InvalidInput("$EDITOR is blank; set it to the name of an editor.")
    handle, name = tempfile.mkstemp(suffix, "tuiflow-")
    path = Path(name)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 (a handle)
            file.write(content)
        # A ctrl+C is for the editor. (A handler, since what is ignored stays so in it.)
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            code = subprocess.run([*command, name]).returncode
        finally:
            signal.signal(signal.SIGINT, before)
        if code:
            raise InvalidInput(f"{command[0]} ended with code {code}; nothing was taken from it.")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidInput(
            f"{command[0]} can't be started: {reason}. Set $EDITOR to another editor."
        ) from None
    finally:
        path.unlink(missing_ok=True)
