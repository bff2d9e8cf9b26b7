"""The tabs of a run by key: search in logs, trees, tables, images, saving, code, copying, notes."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driving import messages, screen_text, until
from PIL import Image
from test_run_screen import MLMODEL, START, Opened, asking, open_file, sees, tab
from textual.pilot import Pilot
from textual.widgets import Input

from tuiflow.config import RUN_LOG
from tuiflow.entities import (
    TAG_GIT_COMMIT,
    TAG_GIT_REPO_URL,
    TAG_MODELS,
    TAG_NOTE,
    TAG_SOURCE_NAME,
    Dataset,
    DatasetInput,
    InputTag,
    Metric,
    Process,
    RunTag,
)
from tuiflow.store import Store, runs
from tuiflow.tui import pictures
from tuiflow.tui.app import TuiflowApp
from tuiflow.tui.screens.run import RunScreen
from tuiflow.tui.widgets.file_view import FileView
from tuiflow.tui.widgets.rows import RowsView

MAKE = Callable[[Store], TuiflowApp]
COMMIT = "9b1c4e2a" * 5
PATCH = """\
diff --git a/train.py b/train.py
index 1111111..2222222 100644
--- a/train.py
+++ b/train.py
@@ -1,3 +1,3 @@
 import tuiflow
-scale = False
+scale = True  # [bold]not markup[/]
"""
SOURCE = '''\
"""Train."""
import tuiflow

def loss(step: int) -> float:
    return 1.0 / (step + 1)  # falls \x1b[2J
'''
NOTE = "# Best so far\n\n- `alpha` is **small**\n- [a link](https://example.org)\n"


@pytest.fixture
def run_id(store: Store, fixed: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """A finished run with code, data, a model and artifacts of many kinds."""
    monkeypatch.setattr(runs, "this_process", lambda: Process("gpu-07", 4242, 1, "gone", 0))
    monkeypatch.setattr(pictures, "terminal_way", lambda: "blocks")
    found = store.create_run(store.create_experiment("wine"), "able-crane-41", START).info.run_id
    store.log_batch(
        found,
        metrics=[
            Metric("rmse", 0.75, START),
            *(Metric(f"system/gpu_{n}_utilization", 97.0, START) for n in range(8)),
        ],
        tags=[
            RunTag(TAG_NOTE, NOTE),
            RunTag(TAG_MODELS, "model"),
            RunTag(TAG_SOURCE_NAME, "train.py"),
            RunTag(TAG_GIT_COMMIT, COMMIT),
            RunTag(TAG_GIT_REPO_URL, "git@example.org:wine.git"),
            RunTag("mlflow.source.git.branch", "main"),
            RunTag("mlflow.source.git.dirty", "true"),
            RunTag("tuiflow.command", "python train.py"),
        ],
    )
    data = Dataset(
        "winequality", "ab12cd34", "local", '{"uri": "wine.csv"}', None, '{"num_rows": 5}'
    )
    store.log_inputs(found, [DatasetInput(data, [InputTag("mlflow.data.context", "training")])])
    store.contents.put(found, "patch", "", PATCH.encode())
    store.contents.put(found, "source", "train.py", SOURCE.encode())
    store.contents.put(found, "packages", "", b"numpy==2.4.6\npandas==3.1.1\n")
    store.contents.put(found, "untracked", "", b"notes.txt\n")
    config = {"model": {"layers": [64, 64], "act": "relu", "deep": {"er": {"x": None}}}, "n": 1e-3}
    for path, content in {
        "config.json": json.dumps(config),
        "params.yaml": "alpha: 0.1  # small\nname: 'x'\n",
        "big.csv": "id,name,score\n"
        + "".join(f"{n},name {n},{n / 7:.3f}\n" for n in range(30_000)),
        "plots/b.txt": "b\n",
        RUN_LOG: "".join(f"{'ERROR' if n % 100 == 7 else 'epoch'} {n}\n" for n in range(400)),
        "model/MLmodel": MLMODEL,
        "model/requirements.txt": "scikit-learn==1.7.0\n",
    }.items():
        with store.writing_artifact(found, path) as part:
            part.write_text(content)
    with store.writing_artifact(found, "plots/a.png") as part:
        image = Image.new("RGB", (64, 48), (0, 0, 128))
        image.paste((255, 128, 0), (0, 0, 32, 24))
        image.save(part, "PNG")
    store.finish_run(found, "FINISHED", START + 61_000)
    return found


def shown(pilot: Pilot[object]) -> str:
    return screen_text(pilot.app)


# the log


async def test_a_log_is_searched(app_of: MAKE, store: Store, run_id: str) -> None:
    async with Opened(app_of(store), run_id, (80, 24)) as pilot:
        await tab(pilot, "Log")
        await sees(pilot, "epoch 399", "400 lines")
        await pilot.press("g", "/", *"error", "enter")
        view = pilot.app.screen.query_one("#log", FileView)
        for key, row in (("n", 7), ("n", 107), ("N", 207), ("N", 107), ("N", 7), ("n", 307)):
            await until(pilot, lambda row=row: view.here == row)
            await sees(pilot, f"ERROR {row}")
            await pilot.press(key)
        await sees(pilot, "went round the end")
        await pilot.press("/", *"zzz", "enter")
        await sees(pilot, "“zzz” is nowhere in it")
        await pilot.press("escape")
        await until(pilot, lambda: "nowhere" not in shown(pilot))
        assert not pilot.app.screen.query_one("#log").parent.query_one(Input).display


async def test_only_what_is_looked_at_of_a_large_log_is_read(
    app_of: MAKE, store: Store, fixed: None
) -> None:
    run = store.create_run(store.create_experiment("live"), "calm-finch-12").info.run_id
    path = store.artifact_file(run, RUN_LOG)
    with path.open("wb") as log:
        log.write(b"".join(b"first %d\n" % n for n in range(1000)))
        log.truncate(300 << 20)
        log.seek(0, os.SEEK_END)
        log.write(b"".join(b"\nlast %d" % n for n in range(1000)))
        log.flush()
        before = bytes_read()
        async with Opened(app_of(store), run, (80, 24)) as pilot:
            await tab(pilot, "Log")
            await sees(pilot, "last 999", "300.0 MB of 300.0 MB not read", "following")
            await pilot.press("g")
            await sees(pilot, "first 0", "G follows")
            log.write(b"\nnew one\n")
            log.flush()
            await pilot.press("G")
            await sees(pilot, "new one", "following")
        assert bytes_read() - before < 40 << 20


async def test_only_what_is_looked_at_of_large_artifacts_is_read(
    app_of: MAKE, store: Store, run_id: str
) -> None:
    folder = store.artifact_folder(run_id)
    for name in ("huge.txt", "huge.csv", "huge.json", "huge.bin"):
        with (folder / name).open("wb") as file:
            file.write(b"\0" if name == "huge.bin" else b"a,b\n" * 4000)
            file.truncate(300 << 20)
            file.seek(0, os.SEEK_END)
            file.write(b"\nlast,1\n")
    before = bytes_read()
    async with Opened(app_of(store), run_id, (100, 24)) as pilot:
        await tab(pilot, "Artifacts")
        for name, said in (
            ("huge.txt", "text · 300.0 MB"),
            ("huge.csv", "table · 300.0 MB"),
            ("huge.json", "too long to fold · 300.0 MB"),
            ("huge.bin", "binary file · 300.0 MB"),
        ):
            await open_file(pilot, name)
            await sees(pilot, said)
            if name != "huge.bin":
                await sees(pilot, "a,b" if name != "huge.csv" else "a     b")
                await pilot.press("enter", "G")
                await sees(pilot, "last")
                await pilot.press("escape")
    assert bytes_read() - before < 60 << 20


def bytes_read() -> int:
    """What this process has read so far by any call (proc(5), io)."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])


# artifacts


async def test_json_folds_by_key(app_of: MAKE, store: Store, run_id: str) -> None:
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Artifacts")
        await open_file(pilot, "config.json")
        await sees(pilot, "▾ model", "layers", "[64, 64]")
        await pilot.press("enter")  # into the tree
        await until(pilot, lambda: pilot.app.focused.id == "json")
        await pilot.press("h")
        await sees(pilot, "▸ model", "3 items")
        assert "layers" not in shown(pilot).split("n ", 1)[0] or "▾ model" not in shown(pilot)
        await pilot.press("l", "j", "l")
        await sees(pilot, "▾ model", "▾ layers")
        await pilot.press("j", "h")  # to what it is in
        tree = pilot.app.screen.query_one("#json", RowsView)
        await until(pilot, lambda: tree.key == "/0/0")
        await pilot.press("enter")
        await sees(pilot, "▸ layers")
        await pilot.press("escape")
        assert pilot.app.focused.id == "artifacts"


async def test_a_large_table_scrolls_and_is_searched(app_of, store, run_id) -> None:
    async with Opened(app_of(store), run_id, (100, 24)) as pilot:
        await tab(pilot, "Artifacts")
        await open_file(pilot, "big.csv")
        await sees(pilot, "table · ", "30,001 lines", "id  name")
        await pilot.press("enter", "G")
        await sees(pilot, "name 29999", "id  name")
        await pilot.press("/", *"name 1234", "enter")
        await sees(pilot, " 1234  name 1234")


async def test_yaml_is_coloured_as_text(app_of: MAKE, store: Store, run_id: str) -> None:
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Artifacts")
        await open_file(pilot, "params.yaml")
        await sees(pilot, "alpha: 0.1  # small")
        view = pilot.app.screen.query_one("#preview-lines", FileView)
        tones = {span[2] for span in view.source.spans(0)}
        assert tones == {"name", "number", "comment"} or "comment" in tones
        segments = {seg.text.strip(): seg.style.color for seg in view.render_line(0)}
        assert segments["# small"] != segments["alpha"]


async def test_an_image_is_drawn_and_a_damaged_one_told(app_of, store, run_id) -> None:
    with store.writing_artifact(store.create_run("0", "x").info.run_id, "y") as part:
        part.touch()
    (store.artifact_folder(run_id) / "plots" / "c.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + b"x" * 20
    )
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Artifacts")
        await open_file(pilot, "plots/a.png")
        await sees(pilot, "PNG image · 64 × 48", "▀" * 20)
        await open_file(pilot, "plots/c.png")
        await sees(pilot, "damaged")
        assert "▀▀" not in shown(pilot)


async def test_without_pillow_an_image_says_what_is_missing(
    app_of, store, run_id, monkeypatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Artifacts")
        await open_file(pilot, "plots/a.png")
        await sees(pilot, "pip install 'tuiflow[image]'")


async def test_artifacts_are_saved_and_nothing_is_replaced_unasked(
    app_of, store, run_id, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "out"
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Artifacts")
        await open_file(pilot, "params.yaml")
        await pilot.press("w", *"out", "enter")
        await until(pilot, lambda: (target / "params.yaml").is_file())
        await until(pilot, lambda: "Saved" in messages(pilot.app))
        (target / "params.yaml").write_text("mine")
        await pilot.press("w", *"out", "enter")
        await sees(pilot, "params.yaml is there already: enter again")
        await pilot.press("escape")
        assert (target / "params.yaml").read_text() == "mine"
        await pilot.press("w", *"out", "enter", "enter")
        await until(pilot, lambda: (target / "params.yaml").read_text() != "mine")
        await pilot.press("g")
        tree = pilot.app.screen.query_one("#artifacts", RowsView)
        tree.go_to("plots")
        await pilot.press("w", "enter")  # here
        await until(pilot, lambda: (tmp_path / "plots" / "a.png").is_file())
        await until(pilot, lambda: "2 files" in messages(pilot.app))
        await pilot.press("w", *"/proc/no/such", "enter")
        await until(pilot, lambda: "Can't write" in messages(pilot.app))


# code and model


async def test_code_shows_commit_patch_and_source(app_of: MAKE, store: Store, run_id: str) -> None:
    async with Opened(app_of(store), run_id) as pilot:
        await tab(pilot, "Code")
        await sees(pilot, f"commit  {COMMIT}", "main, uncommitted changes", "git@example.org")
        await sees(pilot, "1 file, +1 −1", "+scale = True  # [bold]not markup[/]")
        view = pilot.app.screen.query_one("#code", FileView)
        assert [spans[0][2] for spans in map(view.source.spans, range(8)) if spans] == [
            *("place", "comment", "comment", "comment", "place", "removed", "added")
        ]
        await pilot.press("j")
        await sees(pilot, "train.py  5 lines", "# falls ␛[2J")
        assert any(span[2] == "keyword" for span in view.source.spans(1))
        await pilot.press("j")
        await sees(pilot, "untracked files", "notes.txt")
        await pilot.press("j")
        await sees(pilot, "packages  2 lines", "numpy==2.4.6")
        await pilot.press("/", *"pandas", "enter")
        await until(pilot, lambda: view.here == 1)
        await pilot.press("escape", "escape")
        assert pilot.app.focused.id == "code-list"


async def test_a_run_without_code_says_so(app_of: MAKE, store: Store, fixed: None) -> None:
    run = store.create_run("0", "bare", START).info.run_id
    store.finish_run(run, "FINISHED", START + 1)
    async with Opened(app_of(store), run, (80, 24)) as pilot:
        await tab(pilot, "Code")
        await sees(pilot, "No code was kept with this run.")


async def test_what_loads_a_model_is_copied(app_of: MAKE, store: Store, run_id: str) -> None:
    async with Opened(app_of(store), run_id, (120, 50)) as pilot:
        await tab(pilot, "Model")
        line = f'tuiflow.sklearn.load_model("runs:/{run_id}/model")'
        await sees(pilot, line, f"tuiflow serve -r {run_id} -m model", "scikit-learn==1.7.0")
        await sees(pilot, "loader_module: mlflow.sklearn")
        await pilot.press("Y")
        await sees(pilot, "Copy", "commit", "pyfunc")
        await pilot.press("G", "k", "enter")
        await until(pilot, lambda: pilot.app.clipboard == line)
        await until(pilot, lambda: "clipboard" in messages(pilot.app))
        await pilot.press("[", "Y", "j", "j", "enter")
        await until(pilot, lambda: pilot.app.clipboard == COMMIT)


# overview and notes


async def test_the_overview_tells_data_code_and_machine_apart(app_of, store, run_id) -> None:
    async with Opened(app_of(store), run_id) as pilot:
        await sees(pilot, "winequality  training · 5 rows · ab12cd34 · wine.csv")
        await sees(pilot, "8 metrics of the machine", "machine", "branch   main")
        assert "gpu_3" not in shown(pilot)
        await sees(pilot, "• alpha is small", "• a link")  # Markdown, laid out
        await pilot.press("e")
        await sees(pilot, "ctrl+o in $EDITOR")
        await pilot.press("backspace", *"one", "enter", *"two", "ctrl+s")
        await sees(pilot, "two")


@contextlib.contextmanager
def handed_over() -> Iterator[None]:
    yield


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program for $EDITOR that tells the mode of its file and adds a line."""
    program = tmp_path / "my editor"
    program.write_text('#!/bin/sh\nstat -c %a "$2" > "$0.mode"\necho "added $1" >> "$2"\n')
    program.chmod(0o700)
    monkeypatch.setenv("EDITOR", f"'{program}' --wait")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setattr(TuiflowApp, "suspend", lambda self: handed_over())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return program


async def test_a_note_is_written_in_the_editor(app_of, store, run_id, editor, tmp_path) -> None:
    async with Opened(app_of(store), run_id) as pilot:
        await pilot.press("e", "ctrl+o")
        await sees(pilot, "added --wait")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: store.get_run(run_id).note == NOTE + "added --wait")
    assert (tmp_path / "my editor.mode").read_text() == "600\n"
    assert not list(tmp_path.glob("tuiflow-*"))


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("no-such-editor", "no-such-editor can't be started"),
        ("false", "false ended with code 1; nothing was taken from it"),
        ("'", "$EDITOR can't be read"),
    ],
)
async def test_an_editor_that_fails_is_told_and_nothing_lost(
    app_of, store, run_id, editor, monkeypatch, command, said
) -> None:
    monkeypatch.setenv("EDITOR", command)
    async with Opened(app_of(store), run_id) as pilot:
        await pilot.press("e", *"mine ", "ctrl+o")
        await sees(pilot, said, "mine")


async def test_a_terminal_that_can_not_be_handed_over_is_told(app_of, store, run_id) -> None:
    async with Opened(app_of(store), run_id) as pilot:
        await pilot.press("e", "ctrl+o")
        await sees(pilot, "can't be handed to an editor")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    ("name", "file", "keys", "text"),
    [
        ("Overview", "", [], "rmse"),
        ("Artifacts", "config.json", [], "layers"),
        ("Artifacts", "plots/a.png", [], "▀▀▀"),
        ("Artifacts", "big.csv", ["enter", "G"], "29999"),
        ("Artifacts", "params.yaml", [], "small"),
        ("Artifacts", "params.yaml", ["w"], "into the folder"),
        ("Code", "", [], "not markup"),
        ("Code", "", ["j"], "falls"),
        ("Log", "", ["g", "/", *"error", "enter"], "ERROR 7"),
        ("Overview", "", ["e"], "ctrl+o"),
    ],
    ids="overview json image table yaml save patch source search note".split(),
)
def test_each_state_looks_as_it_did(
    snap_compare, app_of, store, run_id, name, file, keys, text, size
):
    async def prepare(pilot: Pilot[object]) -> None:
        await pilot.app.push_screen(RunScreen(run_id))
        await tab(pilot, name)
        await until(pilot, lambda: not asking(pilot))
        if file:
            await open_file(pilot, file)
        await pilot.press(*keys)
        await sees(pilot, text)
        await until(pilot, lambda: not hasattr(pilot.app.screen, "_panes") or not asking(pilot))

    assert snap_compare(app_of(store), terminal_size=size, run_before=prepare)
