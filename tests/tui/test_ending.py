"""The app's end by a signal: the terminal is as it was before, or there is none any more."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from ptys import Pty, app_command

from tuiflow.store import Store

GIVEN_BACK = ("\x1b[?1049l", "\x1b[?25h", "\x1b[?1000l", "\x1b[?1003l", "\x1b[?2004l", "\x1b[?7h")
"""The alternate screen, the cursor, the mouse, pasting, and the wrapping of lines."""


@pytest.fixture
def opened(store: Store) -> Path:
    """What the app is opened on."""
    store.create_run("0", "a-run")
    return store.database


def rest(terminal: Pty) -> None:
    terminal.wait("a-run")
    terminal.until_quiet()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(opened: Path, number: int) -> None:
    with Pty(app_command(opened)) as terminal:
        before = terminal.modes
        rest(terminal)
        assert terminal.modes != before
        start = len(terminal.sent)
        terminal.process.send_signal(number)
        assert terminal.end(10) == 128 + number
        sent = terminal.sent[start:].decode()
        assert [sequence for sequence in GIVEN_BACK if sequence not in sent] == []
        assert terminal.modes == before


def test_a_terminal_that_is_taken_away_ends_it(opened: Path) -> None:
    with Pty(app_command(opened)) as terminal:
        rest(terminal)
        terminal.hang_up()
        assert terminal.process.wait(5) in (-signal.SIGHUP, 128 + signal.SIGHUP)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_the_background(opened: Path, number: int) -> None:
    with Pty(app_command(opened)) as terminal:
        rest(terminal)
        terminal.write(b"\x1a")
        _, status = os.waitpid(terminal.process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        for sent in (number, signal.SIGCONT):
            terminal.process.send_signal(sent)
        assert terminal.end(5) == -number


def test_a_signal_that_was_ignored_stays_so(opened: Path) -> None:
    with Pty(["sh", "-c", """trap "" HUP; exec "$@" """, "sh", *app_command(opened)]) as terminal:
        rest(terminal)
        terminal.process.send_signal(signal.SIGHUP)
        terminal.write(b"?")
        terminal.wait("Keys")
