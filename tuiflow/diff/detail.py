"""One row of a comparison in full: a unified diff of what two runs have, read when asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tuiflow import text
from tuiflow.diff.code import CodeComparer, read_code
from tuiflow.diff.patches import compare_lines, decoded_lines
from tuiflow.diff.result import Comparison, Row, RunColumn
from tuiflow.diff.sections import COMMITS, printable
from tuiflow.diff.wording import label, log_lines
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.models.mlmodel import MLMODEL
from tuiflow.store import Store

MAX_BYTES = 8 << 20
"""Artifacts up to this are diffed by lines."""

IMAGES = frozenset((".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".svg"))
_LOG = 200


@dataclass(frozen=True, slots=True)
class Detail:
    """What a row says of two runs.

    `lines` are a unified diff without names of files, or lines of a log that begin with + and -.
    Where there are none, `note` says why. `paths` are the two artifacts on this machine, None
    where a run has none, and `is_image` says that they are to be looked at side by side. `names`
    are the runs'. `title`, `note` and `names` are safe to print; the lines are as recorded.
    """

    title: str
    lines: tuple[str, ...] = ()
    note: str = ""
    paths: tuple[Path | None, Path | None] = (None, None)
    is_image: bool = False
    names: tuple[str, str] = ("", "")


def read_detail(
    store: Store, comparison: Comparison, section: str, key: str, run_id: str
) -> Detail:
    """What the run `run_id` has changed in a row against the baseline.

    A JSON artifact is diffed as indented text with sorted keys, other texts as they are. Raises
    NotFound where there is no such row or run.
    """
    rows = comparison.section(section).rows
    row = next((row for row in rows if row.key == key), None)
    place = next((i for i, run in enumerate(comparison.runs) if run.run_id == run_id), None)
    if row is None or place is None:
        raise NotFound(f"The comparison has no {key!r} in {section}, or not for this run.")
    base, other = comparison.baseline, comparison.runs[place]
    names = " → ".join(text.clean(run.run_name, 40) for run in (base, other))
    title = f"{label(key)}: {names}"
    if section == "code" and key == COMMITS:
        return _log_detail(comparison, place, title)
    if section == "code" and row.cells[0].value is None and row.opens:
        return _code_detail(store, base, other, key, title)
    if section == "artifacts":
        return _artifact_detail(store, base, other, key, title)
    if section == "model" and row.opens and isinstance(row.cells[place].value, int):
        return _artifact_detail(store, base, other, f"{key}/{MLMODEL}", title)
    return _text_detail(row, place, title)


def _log_detail(comparison: Comparison, place: int, title: str) -> Detail:
    change = comparison.code[place]
    if change is None or not (change.ahead or change.behind):
        return Detail(title, note="Both have the same commits.")
    return Detail(title, tuple(log_lines(change, _LOG)))


def _code_detail(store: Store, base: RunColumn, other: RunColumn, key: str, title: str) -> Detail:
    one, two = (read_code(store, store.get_run(run.run_id)) for run in (base, other))
    comparer = CodeComparer()
    change = comparer.compare(one, two)
    path = (
        next((f.path for f in change.files if printable(f.path) == key), None) if change else None
    )
    if path is None:
        return Detail(title, note="This file is the same in both.")
    lines = comparer.lines(one, two, path)
    return Detail(title, lines or (), "" if lines else "It is no text, or too long to compare.")


def _text_detail(row: Row, place: int, title: str) -> Detail:
    one, two = (str(row.cells[i].value or "").split("\n") for i in (0, place))
    found = compare_lines(one, two)
    if found is None or not found.lines:
        return Detail(title, tuple(f" {line}" for line in two), "" if two else "Nothing to show.")
    return Detail(title, found.lines)


def _artifact_detail(
    store: Store, base: RunColumn, other: RunColumn, key: str, title: str
) -> Detail:
    paths = (_find(store, base.run_id, key), _find(store, other.run_id, key))
    one, two = (b"" if path is None else _read(path) for path in paths)
    if Path(key).suffix.lower() in IMAGES:
        shown = " and ".join(text.clean(str(path)) for path in paths if path is not None)
        names = (text.clean(base.run_name, 60), text.clean(other.run_name, 60))
        return Detail(title, (), f"Images: {shown}", paths, True, names)
    first, second = (_text_lines(data, key) for data in (one, two))
    if first is None or second is None:
        sizes = " and ".join(
            "none" if path is None else text.size(path.stat().st_size) for path in paths
        )
        same = one is not None and one == two and None not in paths
        note = f"They are the same: {sizes}." if same else f"No text, or too long: {sizes}."
        return Detail(title, (), note, paths)
    found = compare_lines(first, second)
    if found is None:
        return Detail(title, (), "They differ in too many lines to be shown.", paths)
    note = "" if found.lines else "They say the same."
    return Detail(title, found.lines, note, paths)


def _find(store: Store, run_id: str, key: str) -> Path | None:
    try:
        path = store.artifact_path(run_id, key)
        if path.is_file():
            return path
    except (NotFound, InvalidInput):
        pass
    # A name that is not UTF-8 stands in the row with ? for what is not.
    folder, _, _ = key.rpartition("/")
    for info in store.list_artifacts(run_id, folder) if "?" in key else ():
        if printable(info.path) == key and not info.is_dir:
            return store.artifact_path(run_id, info.path)
    return None


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError:
        return None
    return data if len(data) <= MAX_BYTES else None


def _text_lines(data: bytes | None, key: str) -> list[str] | None:
    if data is None:
        return None
    if key.lower().endswith(".json"):
        data = _indented(data)
    return decoded_lines(data)


def _indented(data: bytes) -> bytes:
    try:
        value = json.loads(data)
        return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
    except (ValueError, RecursionError):
        return data
