"""A program on a pseudo-terminal of its own, and every byte that it sends there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import selectors
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence

COLOURS = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}

APP = """
import sys
from tuiflow.store import locate, open_store
from tuiflow.tui.app import run_app
sys.exit(run_app(open_store(sys.argv[1]), locate(sys.argv[1])))
"""


def app_command(store: object) -> list[str]:
    """What opens the app over a store, given by its path."""
    return [sys.executable, "-c", APP, str(store)]


class Pty:
    """`command` as the leader of a session on a new terminal; what it sends is read raw."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] = COLOURS,
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self._master, slave = pty.openpty()
        self.resize(columns, rows)
        kept = {key: value for key, value in os.environ.items() if key not in _TERMINAL_VARIABLES}
        try:
            self.process = subprocess.Popen(
                command,
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env=kept | dict(environment),
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            )
        finally:
            os.close(slave)
        self._sent = bytearray()

    @property
    def sent(self) -> bytes:
        """Everything read so far."""
        return bytes(self._sent)

    @property
    def modes(self) -> list[object]:
        """How the terminal treats what is typed and written."""
        return termios.tcgetattr(self._master)

    def resize(self, columns: int, rows: int) -> None:
        self.size = (columns, rows)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def write(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def read(self, seconds: float) -> bytes:
        """What there is to read, waited for so long; empty where nothing or the end comes."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._master, selectors.EVENT_READ)
            if not selector.select(seconds):
                return b""
        try:
            found = os.read(self._master, 65536)
        except OSError:  # the other side is closed
            found = b""
        self._sent += found
        return found

    def wait(self, pattern: str, seconds: float = 60.0) -> None:
        """Read until the text (colours and motion left out) matches a regular expression."""
        start = len(self._sent)
        deadline = time.monotonic() + seconds
        while not re.search(pattern, plain(bytes(self._sent[start:]))):
            assert self.read(0.1) or self.process.poll() is None, plain(self.sent)
            assert time.monotonic() < deadline, f"{pattern!r} never came: {plain(self.sent)}"

    def until_quiet(self, quiet: float = 0.5, seconds: float = 20.0) -> bytes:
        """What is sent until nothing has been for `quiet` seconds, once something has."""
        found = b""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            more = self.read(quiet if found else max(quiet, 2.0))
            if not more:
                break
            found += more
        return found

    def for_seconds(self, seconds: float) -> bytes:
        """What is sent in so many seconds."""
        found = b""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            found += self.read(left)
        return found

    def end(self, seconds: float = 60.0) -> int:
        """Read until the program has ended, and return its exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, plain(self.sent)
            self.read(0.05)
        while self.read(0.05):
            pass
        return self.process.returncode

    def hang_up(self) -> None:
        """Take the terminal away, as when its window is closed."""
        os.close(self._master)
        self._master = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        if self._master >= 0:
            self.hang_up()

    def __enter__(self) -> Pty:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


_TERMINAL_VARIABLES = {
    *("TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TMUX", "TMUX_PANE"),
    *("TERM_PROGRAM", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_ANIMATIONS", "PYTEST_CURRENT_TEST"),
}

SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|P[^\x1b]*\x1b\\|[()][0-9A-B]|[=>78])"
)
"""One whole sequence that acts on a terminal (ECMA-48): CSI, OSC, DCS, charset, keypad, cursor."""


def plain(sent: bytes) -> str:
    """The text in what was sent."""
    return SEQUENCE.sub("", sent.decode(errors="replace"))
