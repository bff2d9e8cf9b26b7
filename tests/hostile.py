"""A store that holds whatever a run can hold, put where its text is shown."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from repositories import Repository

from tuiflow.config import RUN_LOG
from tuiflow.entities import (
    TAG_MODELS,
    TAG_NOTE,
    Dataset,
    DatasetInput,
    Metric,
    Param,
    Process,
    RunTag,
)
from tuiflow.store import Store
from tuiflow.store.registry import ModelLocation

PAYLOADS = {
    "escapes": "\x1b[2J\x9b31m\x1b]0;t\x07\x90q\x9c\x85",
    "markup": "[bold red]x[/] [@click=app.quit]y[/] [link=file:///etc]z[/link] \\[",
    "invisible": "\u202eev\u2066\u200f\u061cil\u200b\ufeff\u00ad\u3164",
    "combining": "Z" + "\u0321\u0338\u0489" * 300,
    "wide": "模型漢字ＡＢ" * 30,
    "emoji": "👩\u200d🔬❤\ufe0f👍🏽1\ufe0f\u20e3🇩🇪🚀" * 10,
    "lines": "one\ntwo\r\n\u2028four\tfive\x0b\x0c\0",
    "long": "漢" * 2**20,
}

_EVIL = "evil"
_TEXTS = (
    ("params", "text"),
    ("tags", "text"),
    ("runs", "name"),
    ("runs", "user_id"),
    ("experiments", "name"),
    ("experiment_tags", "value"),
    ("keys", "name"),
    ("servers", "host"),
    ("datasets", "name"),
    ("datasets", "digest"),
    ("datasets", "source"),
    ("registered_models", "name"),
    ("registered_models", "description"),
    ("registered_model_tags", "value"),
    ("model_versions", "description"),
    ("model_versions", "user_id"),
    ("model_versions", "source"),
    ("model_version_tags", "key"),
    ("model_aliases", "alias"),
)
"""Columns in which what is called evil becomes the payload."""


@dataclass(frozen=True, slots=True)
class Hostile:
    """Ids of an experiment, of a harmless run in it, and of one that holds the payload."""

    experiment: str
    plain: str
    evil: str


def log_hostile(store: Store, payload: str, folder: Path) -> Hostile:
    """An experiment, its runs and a registered model, with the payload for a name, values, keys,
    files and commits; `folder` becomes a repository.

    What the API refuses (length, keys) is put into the file by other means: a store may come from
    anywhere.
    """
    repository = Repository(folder)
    experiment = store.create_experiment(_EVIL)
    runs = {}
    for name in ("plain", _EVIL):
        run_id = store.create_run(experiment, name, 1_790_000_000_000).info.run_id
        runs[name] = run_id
        text = payload if name == _EVIL else "x"
        store.log_batch(
            run_id,
            [Metric("rmse", 0.5, 1_790_000_000_500, step) for step in range(3)],
            [Param("alpha", name), Param("beta", f"BBB{name[0]}"), Param("zeta", f"ZZZ{name[0]}")],
            [RunTag("team", name), RunTag("zone", "TTT"), RunTag(TAG_NOTE, name)],
        )
        if name == _EVIL:
            store.log_batch(run_id, [Metric(_EVIL, 1.0, 1)], [Param(_EVIL, "1")])
        _log_code(store, run_id, repository, text)
        _log_files(store, run_id, text)
        store.log_inputs(run_id, [DatasetInput(Dataset(name, name, name, name))])
        store.finish_run(run_id, "FINISHED", 1_790_000_001_000)
    _register(store, runs[_EVIL])
    store.add_server(
        runs[_EVIL], "model", _EVIL, 5001, Process("host", 1, 1, "boot", 0), True, "logs/1.log"
    )
    conn = sqlite3.connect(store.database)
    with conn:
        for table, column in _TEXTS:
            conn.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (payload, _EVIL))
    conn.close()
    return Hostile(experiment, runs["plain"], runs[_EVIL])


def _log_code(store: Store, run_id: str, repository: Repository, text: str) -> None:
    script = f"import tuiflow\n# {text}\n"
    subject = text.replace("\0", "")[:20_000]  # what can be an argument
    repository.write({"train.py": script})
    repository.git("add", "--all")
    repository.git("commit", "-q", "--cleanup=verbatim", "-m", subject)
    tags = {
        "mlflow.source.name": str(repository.folder / "train.py"),
        "mlflow.source.git.commit": repository.head(),
        "mlflow.source.git.branch": text[:200],
        "mlflow.source.git.dirty": "true",
        "tuiflow.host": text[:200],
        "tuiflow.python": text[:200],
    }
    store.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])
    patch = "diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1,2 +1,2 @@\n"
    patch += f" import tuiflow\n-{text}\n+{text}!\n"
    for kind, name, content in (
        ("patch", "", patch),
        ("packages", "", f"numpy==2.0\n{text}==1.0\n"),
        ("source", "train.py", script),
        ("source", text[:60], script),
    ):
        store.contents.put(run_id, kind, name, content.encode())


def _log_files(store: Store, run_id: str, text: str) -> None:
    short = text[:300]
    model = {
        "artifact_path": short,
        "flavors": {short: {"a": short}, "sklearn": {"sklearn_version": short, "code": short}},
        "model_uuid": short,
        "signature": {
            "inputs": json.dumps([{"type": "double", "name": short, "required": True}]),
            "outputs": json.dumps([{"type": "tensor", "tensor-spec": {"dtype": short}}]),
        },
        "metadata": {short: short},
    }
    for path, content in (
        (RUN_LOG, f"epoch 1\n{text}\nepoch 2\n"),
        ("data.json", json.dumps({text: [text]}, ensure_ascii=False)),
        ("report.md", f"# {text}\n\n- {text}\n\n```\n{text}\n```\n"),
        ("table.csv", f"id,{json.dumps(short)}\n1,{json.dumps(short)}\n"),
        ("text.txt", f"{text}\nlast\n"),
        ("values.yaml", f"a: {text}\n"),
        ("model/MLmodel", json.dumps(model, ensure_ascii=False)),
    ):
        with store.writing_artifact(run_id, path) as part:
            part.write_text(content, newline="")
    store.log_batch(run_id, tags=[RunTag(TAG_MODELS, "model")])
    name = text.replace("/", "").replace("\0", "").encode()[:80].decode(errors="ignore")
    (store.artifact_folder(run_id) / f"z{name}.txt").write_text("in a file with a name")


def _register(store: Store, run_id: str) -> None:
    registry = store.registry
    registry.create_model(_EVIL, {"team": _EVIL}, _EVIL)
    version = registry.create_version(
        _EVIL,
        _EVIL,
        ModelLocation(run_id, "model"),
        run_id=run_id,
        tags={_EVIL: "1"},
        description=_EVIL,
    )
    registry.set_alias(_EVIL, _EVIL, version.version)
