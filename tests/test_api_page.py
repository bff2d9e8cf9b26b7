"""docs/api.md against MLflow's signatures and against tuiflow itself.

mlflow_api.json has the public names of MLflow 3.17.2 and their parameters, read off the package by
introspection: {module or class: {name: "its parameters, by spaces"}}.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import tuiflow
from tuiflow import MlflowClient

ROOT = Path(__file__).parent.parent
MLFLOW: dict[str, dict[str, str]] = json.loads(
    (ROOT / "tests" / "mlflow_api.json").read_text(encoding="utf-8")
)
CLIENT = "MlflowClient"


class Row(NamedTuple):
    section: str
    name: str
    state: str
    notes: str


def rows() -> list[Row]:
    found = []
    section = ""
    for line in (ROOT / "docs" / "api.md").read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"## `([\w.]+)`", line):
            section = heading[1]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if section and line.startswith("| `") and len(cells) == 3:
            names = re.findall(r"`(\w+)`", cells[0])
            found += [Row(section, name, cells[1], cells[2]) for name in names]
    return found


ROWS = rows()
HERE = [row for row in ROWS if row.state in ("done", "partly")]
NOT = [row for row in ROWS if row.state == "not"]


def ids(row: Row) -> str:
    return f"{row.section}.{row.name}"


def owner(section: str) -> Any:
    if section == CLIENT:
        return MlflowClient
    return importlib.import_module(
        "tuiflow" + section.removeprefix("mlflow").removeprefix("tuiflow")
    )


def test_every_name_of_mlflow_has_one_row() -> None:
    listed = [(row.section, row.name) for row in ROWS if row.section != "tuiflow"]
    assert sorted(listed) == sorted(
        (section, name) for section, names in MLFLOW.items() for name in names
    )
    assert {row.state for row in ROWS} == {"done", "partly", "not"}


@pytest.mark.parametrize("row", HERE, ids=ids)
def test_what_is_here_takes_mlflows_parameters(row: Row) -> None:
    constructor = row.section == CLIENT and row.name == CLIENT
    found = owner(row.section) if constructor else getattr(owner(row.section), row.name)
    of_its_own = row.section == "tuiflow" or (inspect.isclass(found) and not constructor)
    if of_its_own or not callable(found):  # a module, a class, a property
        return
    parameters = inspect.signature(found).parameters
    left_out = re.findall(r"`(\w+)=`", row.notes)
    missing = [name for name in MLFLOW[row.section][row.name].split() if name not in parameters]
    assert sorted(missing) == sorted(left_out)
    if missing:
        assert row.state == "partly"


@pytest.mark.parametrize("row", [row for row in HERE if row.state == "partly"], ids=ids)
def test_what_is_here_in_part_says_what_is_missing(row: Row) -> None:
    assert len(row.notes) > 5


@pytest.mark.parametrize("row", NOT, ids=ids)
def test_what_is_not_here_is_not_and_says_why(row: Row) -> None:
    assert len(row.notes) > 5
    try:
        home = owner(row.section)
    except ModuleNotFoundError:
        return
    assert not hasattr(home, row.name)


def test_a_name_that_is_not_here_leads_to_the_page() -> None:
    with pytest.raises(AttributeError, match=r"docs/api\.md"):
        tuiflow.evaluate  # noqa: B018


def test_every_public_name_of_tuiflow_has_a_row() -> None:
    here = {(row.section, row.name) for row in HERE}
    for name in tuiflow.__all__:
        assert ("mlflow", name) in here or ("tuiflow", name) in here, name
    for name in dir(MlflowClient):
        assert name.startswith("_") or (CLIENT, name) in here, name
    for section in ("artifacts", "exceptions", "pyfunc", "tracking", "types"):
        for name in importlib.import_module(f"tuiflow.{section}").__all__:
            assert (f"mlflow.{section}", name) in here, name
