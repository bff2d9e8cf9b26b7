"""What the app must not have loaded when its first rows are on the screen."""

from __future__ import annotations

import json
import subprocess
import sys

from tuiflow.store import Store

HEAVY = [
    *("pandas", "numpy", "sklearn", "scipy", "skops", "flask", "cheroot", "httpx", "matplotlib"),
    *("sqlite_utils", "yaml", "textual.widgets._text_area", "tuiflow.serving", "tuiflow.models"),
]

FIRST_FRAME = """
import asyncio, json, sys
from tuiflow.store import open_store
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.widgets.run_table import RunTable

loaded = []
draw = RunTable.render_line

def first(table, y):
    strip = draw(table, y)
    if "able-crane-41" in strip.text and not loaded:
        loaded.extend(sys.modules)
    return strip

RunTable.render_line = first

async def main():
    app = TuiflowApp(open_store(sys.argv[1]))
    async with app.run_test(size=(120, 40)) as pilot:
        for _ in range(500):
            if loaded:
                return
            await pilot.pause(0.02)

asyncio.run(main())
print(json.dumps(loaded))
"""


def test_first_frame_loads_nothing_heavy(seeded: Store) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_FRAME, str(seeded.database)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    loaded = json.loads(done.stdout)
    assert "tuiflow.tui.screens.runs" in loaded
    assert [name for name in HEAVY if name in loaded] == []
