"""What goes over the wire to a real terminal: moving the cursor must cost next to nothing."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

from tuiflow.store import Store
from tuiflow.tui.views import save_last_experiment

APP = """
import sys
from tuiflow.store import locate, open_store
from tuiflow.tui.app import run_app
run_app(open_store(sys.argv[1]), locate(sys.argv[1]))
"""


def read_until_quiet(terminal: int, quiet: float, seconds: float = 20.0) -> bytes:
    """What the app writes until it has been silent for `quiet` seconds."""
    found = b""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], quiet if found else 1.0)
        if ready:
            found += os.read(terminal, 65536)
        elif found:
            break
    return found


def test_cursor_move_sends_at_most_half_a_kilobyte(seeded: Store) -> None:
    save_last_experiment(seeded, "1")
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execv(sys.executable, [sys.executable, "-c", APP, str(seeded.database)])
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        shown = b""
        deadline = time.monotonic() + 30
        while b"bold-otter-3" not in shown and time.monotonic() < deadline:
            shown += read_until_quiet(terminal, 0.2)
        read_until_quiet(terminal, 1.0, seconds=3)
        for _ in range(2):
            os.write(terminal, b"j")
            moved = read_until_quiet(terminal, 0.5)
            assert b"bold-otter" in moved
            assert len(moved) <= 512, moved
        os.write(terminal, b"q")
        deadline = time.monotonic() + 20
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            assert time.monotonic() < deadline
            if select.select([terminal], [], [], 0.05)[0]:
                try:
                    os.read(terminal, 65536)
                except OSError:
                    time.sleep(0.05)
        child = 0
    finally:
        if child:
            os.kill(child, 9)
            os.waitpid(child, 0)
        os.close(terminal)
