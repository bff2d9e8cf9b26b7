"""Every code block of the README and of docs/ runs, page by page, from top to bottom.

A page's ```python blocks share one namespace, its ```bash blocks one folder, which holds the
examples, the wine table and an empty store. A comment before a block says why it is not run:
`<!-- not run: it opens the app -->`; one that says `<!-- first: COMMANDS -->` is run unseen.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from wine import ROOT, wine

from tuiflow.projects.download import local_path
from tuiflow.serving import process
from tuiflow.store import open_store

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?:<!-- (?P<remark>not run|first): (?P<text>.*?) -->\s*)?"
    r"^(?P<indent> *)```(?P<language>[\w-]*)\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
WINE_URL = (
    "https://archive.ics.uci.edu/ml/machine-learning-databases/wine-quality/winequality-white.csv"
)
RUN = ("bash", "python")
TOLD = ("filter", "sort", "experiments", "toml", "yaml", "text", "")
"""Languages of blocks that other tests read, or that show what is printed."""

DRIVER = """
import subprocess, sys
names = {"__name__": "__main__"}
for language, line, code in BLOCKS:
    print(f"--- line {line}", flush=True)
    if language == "python":
        exec(compile(code, f"line {line}", "exec"), names)
    else:
        subprocess.run(["bash", "-euo", "pipefail", "-c", code], check=True)
"""


@dataclass(frozen=True)
class Block:
    language: str
    line: int
    code: str
    not_run: str | None = None


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("code")) + 1
        if match["remark"] == "first":
            found.append(Block("bash", line, match["text"]))
        reason = match["text"] if match["remark"] == "not run" else None
        indent = len(match["indent"])
        code = "\n".join(row[indent:] for row in match["code"].splitlines())
        found.append(Block(match["language"], line, code, reason))
    return found


def test_every_block_is_of_a_known_kind() -> None:
    for page in PAGES:
        for block in blocks(page):
            place = f"{page.name} line {block.line}"
            assert block.language in RUN + TOLD, place
            assert block.not_run is None or len(block.not_run) > 5, place
        fences = re.findall(r"^ *```", page.read_text(encoding="utf-8"), re.MULTILINE)
        seen = [block for block in blocks(page) if not _is_first(block, page)]
        assert len(fences) == 2 * len(seen), page.name


def _is_first(block: Block, page: Path) -> bool:
    return f"<!-- first: {block.code} -->" in page.read_text(encoding="utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


RUNNABLE = [page for page in PAGES if any(block.language in RUN for block in blocks(page))]


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.name)
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copyfile(wine(tmp_path), folder / "wine-quality.csv")
    (folder / ".tuiflow").mkdir()
    port = str(free_port())
    todo = [
        (block.language, block.line, block.code.replace("5001", port))
        for block in blocks(page)
        if block.language in RUN and block.not_run is None
    ]
    cached = local_path(WINE_URL)  # what is downloaded once lies there already
    cached.parent.mkdir(parents=True)
    shutil.copyfile(folder / "wine-quality.csv", cached)
    (tmp_path / "driver.py").write_text(f"BLOCKS = {todo!r}\n{DRIVER}", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "driver.py")],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "MPLBACKEND": "agg",
            "TUIFLOW_CAPTURE": "all",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org",
        },
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if (folder / ".tuiflow" / "tuiflow.db").exists():
        with closing(open_store(folder / ".tuiflow")) as store:
            for server in process.list_servers(store):
                process.stop(store, server.server_id)
    assert done.returncode == 0, f"{page.name}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
