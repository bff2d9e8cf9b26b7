"""What goes over the wire to a real terminal: every key must cost little, and resting nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptys import COLOURS, Pty, app_command, plain
from vt import Terminal

from tuiflow.entities import Metric, Param
from tuiflow.store import Store, now_ms
from tuiflow.tui.views import save_last_experiment
from tuiflow.tui.widgets.welcome import WELCOMED

RUNS = 150
HOUR = 3_600_000
CLOSED, OPEN, LARGE = (80, 24), (120, 40), (200, 50)
"""Sizes at which the preview is closed, and open."""
MOVE = {CLOSED: 512, OPEN: 2048, LARGE: 2048}
PAGE = {CLOSED: 6_000, OPEN: 6000, LARGE: 12_000}
BAR = {CLOSED: 3000, OPEN: 5000, LARGE: 7000}
"""Bytes that a move, a page and the opening of the filter bar may cost."""
LETTER = 3000


@pytest.fixture
def long(store: Store) -> Path:
    """An experiment of more runs than a screen holds, all of them finished hours ago."""
    experiment = store.create_experiment("long")
    start = now_ms() - 9 * HOUR
    for number in range(RUNS):
        run_id = store.create_run(
            experiment, f"run-{number:03d}", start + number * 1000
        ).info.run_id
        store.log_batch(
            run_id,
            [Metric("rmse", 1 / (number + 1), start, step) for step in range(3)],
            [Param("alpha", str(number / 7)), Param("depth", str(number % 9))],
        )
        store.finish_run(run_id, "FINISHED", start + number * 1000 + 500)
    save_last_experiment(store, experiment)
    store.put_state(WELCOMED, True)
    return store.database


@pytest.fixture(params=[CLOSED, OPEN, LARGE], ids=["closed", "open", "large"])
def terminal(long: Path, request: pytest.FixtureRequest) -> Iterator[Pty]:
    """The app on the long experiment, at rest."""
    columns, rows = request.param
    with Pty(app_command(long), COLOURS, columns, rows) as opened:
        opened.wait("run-149")
        opened.until_quiet(1.0)
        yield opened
        opened.write(b"q")
        assert opened.end() == 0


def bytes_of(terminal: Pty, keys: bytes) -> int:
    """How much is sent for these keys."""
    terminal.write(keys)
    return len(terminal.until_quiet())


def test_moving_and_resting(terminal: Pty) -> None:
    for _ in range(3):
        terminal.write(b"j")
        move = terminal.until_quiet()
        assert "run-1" in plain(move)
        assert len(move) <= MOVE[terminal.size], move
    for key in (b"\x1b[6~", b"\x1b[6~", b"\x1b[5~"):
        assert 100 < bytes_of(terminal, key) <= PAGE[terminal.size]
    # The clock's minute may turn in one of two rests, not in both.
    assert min(len(terminal.for_seconds(3.0)), len(terminal.for_seconds(3.0))) < 200


def test_the_filter_bar_costs_what_it_shows(terminal: Pty) -> None:
    assert bytes_of(terminal, b"/") <= BAR[terminal.size]
    for letter in b"rms":
        assert bytes_of(terminal, bytes([letter])) <= LETTER
    # The offers go, and with them what does not match; then all comes back.
    assert bytes_of(terminal, b"\x1b") <= PAGE[terminal.size]
    assert bytes_of(terminal, b"\x1b") <= PAGE[terminal.size]


def test_what_was_sent_in_parts_is_what_a_redraw_shows(long: Path) -> None:
    shown = Terminal(*OPEN)
    with Pty(app_command(long), COLOURS, *OPEN) as terminal:
        terminal.wait("run-149")
        for keys in (b"jj\x1b[6~ ", b"/rms", b"\t > 0.01\r", b"?", b"\x1bp", b"lo", b"\r", b"]"):
            terminal.write(keys)
            terminal.until_quiet()
        shown.feed(terminal.sent.decode())
        before = shown.seen()
        terminal.write(b"\x0c")
        whole = terminal.until_quiet()
        assert len(whole) > 2000
        shown.feed("\x1b[H\x1b[2J" + whole.decode())
        assert "rmse" in shown.text()
        assert shown.seen() == before
        terminal.write(b"q")
        assert terminal.end() == 0


def test_the_preview_follows_once_when_the_cursor_rests(long: Path) -> None:
    with Pty(app_command(long), COLOURS, *OPEN) as terminal:
        terminal.wait("run-149")
        terminal.until_quiet(1.0)
        terminal.write(b"jjjjjjjjjj")
        moves = terminal.until_quiet()
        assert "run-139" in plain(moves)
        assert len(moves) <= 10 * 512 + 4096
        terminal.write(b"q")
        assert terminal.end() == 0


CRASHING = """
import sys
from tuiflow.__main__ import main
from tuiflow.tui.screens.runs import RunsScreen
RunsScreen.action_deleted = lambda screen: 1 / 0
sys.argv = ["tuiflow", "ui", "--store", sys.argv[1]]
main()
"""


@pytest.mark.parametrize(("key", "code"), [(b".", 1), (b"q", 0)], ids=["crash", "quit"])
def test_the_exit_code_tells_of_a_crash(long: Path, key: bytes, code: int) -> None:
    with Pty([sys.executable, "-c", CRASHING, str(long)]) as terminal:
        terminal.wait("run-149")
        terminal.until_quiet()
        terminal.write(key)
        assert terminal.end() == code
        assert (b"ZeroDivisionError" in terminal.sent) == bool(code)
