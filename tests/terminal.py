"""A real terminal to test in: tmux, driven by keys and read as text."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path


class Terminal:
    """A tmux server of its own with one window in which `command` runs."""

    def __init__(
        self,
        folder: Path,
        command: Sequence[str],
        environment: Mapping[str, str],
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        # Unix sockets have a path of about 100 characters at most, which tmp_path may exceed.
        self.name = f"tuiflow-test-{uuid.uuid4().hex[:12]}"
        settings = "-u COLUMNS -u LINES "
        settings += "".join(f"{key}={shlex.quote(value)} " for key, value in environment.items())
        self._tmux(
            "-f", os.devnull, "new-session", "-d", "-s", "t", "-x", str(columns), "-y", str(rows),
            f"cd {shlex.quote(str(folder))}; exec env {settings}{shlex.join(command)}",
        )  # fmt: skip

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.name, *arguments], capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def pid(self) -> int:
        """The process that runs in the window."""
        return int(self._tmux("list-panes", "-t", "t", "-F", "#{pane_pid}"))

    def keys(self, *keys: str) -> None:
        """Press keys by their tmux names, one after the other."""
        self._tmux("send-keys", "-t", "t", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-t", "t", "-l", text)

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p", "-t", "t")

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-t", "t", "-x", str(columns), "-y", str(rows))

    def wait(self, pattern: str, seconds: float = 30.0) -> re.Match[str]:
        """The first match of a regular expression on the screen, waited for."""
        deadline = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if found := re.search(pattern, screen):
                return found
            assert time.monotonic() < deadline, f"{pattern!r} never came; the screen says\n{screen}"
            time.sleep(0.05)

    def close(self) -> None:
        """Hang up."""
        subprocess.run(
            ["tmux", "-L", self.name, "kill-server"], capture_output=True, timeout=30, check=False
        )
        sockets = Path(os.environ.get("TMUX_TMPDIR", "/tmp")) / f"tmux-{os.getuid()}"
        (sockets / self.name).unlink(missing_ok=True)

    def clipboard(self) -> str:
        """What programs in it have sent to the terminal's clipboard, as tmux keeps it."""
        return self._tmux("show-buffer")
