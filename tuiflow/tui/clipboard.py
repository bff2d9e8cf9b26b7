"""The clipboard of the terminal, from inside tmux too."""

from __future__ import annotations

import contextlib
import os
import subprocess

_SECONDS = 2.0


def in_tmux() -> bool:
    return bool(os.environ.get("TMUX"))


def send_through_tmux(text: str) -> None:
    """Give a text to tmux and, through it, to the terminal's clipboard, if it can be.

    By default (set-clipboard external) tmux takes no OSC 52 from a program inside it, but sends
    what is loaded with `-w` on to its own terminal (tmux(1), load-buffer).
    """
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            ["tmux", "load-buffer", "-w", "-"],
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
        )
