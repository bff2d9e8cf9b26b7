"""Whatever runs hold, no command sends a terminal anything that acts on it."""

from __future__ import annotations

import os
import re
import shlex
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile import PAYLOADS, Hostile, log_hostile
from ptys import COLOURS, Pty
from repositories import ENVIRONMENT

from tuiflow.store import Store, open_store

COLOUR = re.compile(r"\x1b\[[\d;]*m")
"""The only sequence that commands use: colours and weight (SGR)."""
FORBIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
ALLOWED = {"\n", "\r", "\u200c"}

MOST = 20_000
"""Characters: JSON prints them all, a dozen times."""

COMMANDS = [
    *("runs", "runs --format json", "runs --format csv", "runs --format md", "experiments"),
    *("experiments --format json", "show {evil}", "show {evil} --format md"),
    *("show {evil} --format json", "show {evil} --kept patch", "show {evil} --kept packages"),
    *("diff {plain} {evil}", "diff {evil} {plain} --all --format md", "artifacts ls {evil}"),
    *("diff {plain} {evil} --format json", "diff {plain} {evil} --file train.py"),
    *("artifacts cat {evil} text.txt", "artifacts cat {evil} data.json", "metrics {evil}"),
    *("metrics {evil} rmse --plot", "tail {evil}", "models", "models --format json", "servers -a"),
    *("why rmse --experiment {experiment}", "show evil", "runs --filter params.zeta=1"),
]


@pytest.fixture(scope="module", params=PAYLOADS, ids=PAYLOADS)
def lab(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Store, Hostile]]:
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        for key, value in ENVIRONMENT.items():
            patch.setenv(key, value)
        store = open_store(folder / "store")
        payload = PAYLOADS[request.param][:MOST]
        yield store, log_hostile(store, payload, folder / "repository")
        store.close()


COMMAND_LINE = """
import shlex, sys
from tuiflow.__main__ import main
for line in sys.argv[1:]:
    sys.argv = ["tuiflow", *shlex.split(line)]
    print("=== tuiflow", sys.argv[1], flush=True)
    try:
        main()
    except SystemExit:
        pass
    sys.stderr.flush()
"""


def test_no_command_acts_on_the_terminal(lab: tuple[Store, Hostile], tmp_path: Path) -> None:
    store, ids = lab
    facts = {"evil": ids.evil, "plain": ids.plain, "experiment": ids.experiment}
    lines = [command.format(**facts) for command in COMMANDS]
    model = store.registry.list_models()[0].name
    if len(model) < 1000 and "\0" not in model:
        lines.append(f"models show {shlex.quote(model)}")
        lines.append(f"models show {shlex.quote(model)}x")
        lines.append(f"runs --filter {shlex.quote(model)}")
    environment = {**COLOURS, "TUIFLOW_STORE": str(store.root), "HOME": os.environ["HOME"]}
    command = [sys.executable, "-c", COMMAND_LINE, *lines]
    with Pty(command, environment, columns=160, rows=50) as terminal:
        terminal.end(120)
        sent = terminal.sent
    text = sent.decode()  # whole characters, in UTF-8
    assert text.count("=== tuiflow") == len(lines)
    assert "Traceback" not in text
    bare = COLOUR.sub("", text)
    harmful = {
        repr(char): bare[max(bare.index(char) - 60, 0) : bare.index(char) + 10]
        for char in set(bare) - ALLOWED
        if unicodedata.category(char) in FORBIDDEN
    }
    assert not harmful
