"""What goes over the wire to a real terminal: moving must cost little, and resting nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ptys import COLOURS, Pty, app_command, plain

from tuiflow.entities import Metric, Param
from tuiflow.store import Store, now_ms
from tuiflow.tui.views import save_last_experiment
from tuiflow.tui.widgets.welcome import WELCOMED

RUNS = 150
HOUR = 3_600_000
CLOSED, OPEN = (80, 24), (120, 40)
"""Sizes at which the preview is closed and open."""


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


@pytest.fixture(params=[CLOSED, OPEN], ids=["closed", "open"])
def terminal(long: Path, request: pytest.FixtureRequest) -> Iterator[Pty]:
    """The app on the long experiment, at rest."""
    columns, rows = request.param
    with Pty(app_command(long), COLOURS, columns, rows) as opened:
        opened.wait("run-149")
        opened.until_quiet(1.0)
        yield opened
        opened.write(b"q")
        assert opened.end() == 0


def preview_is_open(terminal: Pty) -> bool:
    return terminal.size == OPEN


def test_moving_and_resting(terminal: Pty) -> None:
    for _ in range(3):
        terminal.write(b"j")
        move = terminal.until_quiet()
        assert "run-1" in plain(move)
        assert len(move) <= (4096 if preview_is_open(terminal) else 512), move
    for key in (b"\x1b[6~", b"\x1b[6~", b"\x1b[5~"):
        terminal.write(key)
        page = terminal.until_quiet()
        assert len(plain(page)) > 1000
        assert len(page) <= 15_000
    # The clock's minute may turn in one of two rests, not in both.
    assert min(len(terminal.for_seconds(3.0)), len(terminal.for_seconds(3.0))) < 200


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
