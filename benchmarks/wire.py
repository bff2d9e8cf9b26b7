"""What the app sends over the wire: `python benchmarks/wire.py`. Prints bytes by key and size.

The app runs on a pseudo-terminal over a store of finished runs, made for it; counted is what comes
out of the terminal's other end, as sshd would be given it.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

from tuiflow.entities import Metric, Param
from tuiflow.store import now_ms, open_store
from tuiflow.tui.views import save_last_experiment
from tuiflow.tui.widgets.welcome import WELCOMED

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from ptys import COLOURS, Pty, app_command

RUNS, STEPS, IDLE_SECONDS = 1000, 50, 60
SIZES = ((80, 24), (120, 40), (200, 50))
KEYS = {
    "j": b"j",
    "k": b"k",
    "l": b"l",
    "space": b" ",
    "page down": b"\x1b[6~",
    "G": b"G",
    "g": b"g",
    "/": b"/",
    "x typed": b"x",
    "esc": b"\x1b",
    "? (help)": b"?",
    "esc ": b"\x1b",
    "enter (run)": b"\r",
    "] (metrics)": b"]",
    "→ (crosshair)": b"\x1b[C",
    "+ (zoom)": b"+",
    "[ ": b"[",
    "esc  ": b"\x1b",
}
"""In the order they are pressed; blanks after a name only tell two apart."""


def make_store(folder: Path) -> Path:
    store = open_store(folder)
    experiment = store.create_experiment("long")
    start = now_ms() - 9 * 3_600_000
    for number in range(RUNS):
        begun = start + number * 1000
        run_id = store.create_run(experiment, f"run-{number:04d}", begun).info.run_id
        store.log_batch(
            run_id,
            [
                Metric(key, math.exp(-step / 20) + height, begun + step, step)
                for key, height in (("train/loss", 0.0), ("val/loss", 0.1), ("val/rmse", 0.3))
                for step in range(STEPS if number >= RUNS - 10 else 1)
            ],
            [Param("alpha", str(number / 7)), Param("depth", str(number % 9))],
        )
        store.finish_run(run_id, "FINISHED", begun + 500)
    save_last_experiment(store, experiment)
    store.put_state(WELCOMED, True)
    store.close()
    return folder


def measure(store: Path, size: tuple[int, int], idle: int) -> dict[str, int]:
    sent = {}
    with Pty(app_command(store), COLOURS, *size) as terminal:
        terminal.wait(f"run-{RUNS - 1:04d}")
        terminal.until_quiet(1.5)
        sent["first frame"] = len(terminal.sent)
        for name, key in KEYS.items():
            terminal.write(key)
            sent[name] = len(terminal.until_quiet(1.0))
        terminal.for_seconds(5)
        sent[f"{idle} s idle"] = len(terminal.for_seconds(idle))
        for columns, rows in ((60, 15), size):
            terminal.resize(columns, rows)
            sent[f"resize to {columns}×{rows}" if columns == 60 else "and back"] = len(
                terminal.until_quiet(1.0)
            )
        terminal.write(b"q")
        terminal.end()
    return sent


def main() -> None:
    idle = int(sys.argv[1]) if len(sys.argv) > 1 else IDLE_SECONDS
    with tempfile.TemporaryDirectory() as folder:
        store = make_store(Path(folder) / "store")
        found = [measure(store, size, idle) for size in SIZES]
    print(f"{'bytes':<16}" + "".join(f"{f'{columns}×{rows}':>10}" for columns, rows in SIZES))
    for name in found[0]:
        print(f"{name:<16}" + "".join(f"{sent[name]:>10,}" for sent in found))


if __name__ == "__main__":
    main()
