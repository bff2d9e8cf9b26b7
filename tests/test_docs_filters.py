"""Every example of docs/filters.md finds what the page says, among the runs of its table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from filter_strategies import Plan, at_now, fill

from tuiflow.entities import TAG_PARENT, ViewType
from tuiflow.errors import FilterError
from tuiflow.filters import Key, parse_filter, parse_order
from tuiflow.filters.literals import span
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, open_store
from tuiflow.tracking.searching import search_experiments

PAGE = (Path(__file__).parent.parent / "docs" / "filters.md").read_text(encoding="utf-8")
NOW = round(datetime(2026, 5, 29, 12).timestamp() * 1000)
EXPERIMENTS = ("Default", "wine", "digits")


def examples(kind: str) -> list[str]:
    blocks = re.findall(rf"```{kind}\n(.*?)\n```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def parts(example: str) -> tuple[str, list[str]]:
    """The text and the names that it should find."""
    text, _, remark = example.partition("  #")
    names = remark.rpartition("→")[2].strip()
    return text.strip(), [] if names == "nothing" else names.split(", ")


def plans() -> list[Plan]:
    """The rows of the page's table."""
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in PAGE.splitlines()]
    heads = [row[0] for row in rows if len(row) == 10 and row[0] not in ("run", "---")]
    return [_plan(row, heads) for row in rows if row and row[0] in heads and len(row) == 10]


def _plan(row: list[str], names: list[str]) -> Plan:
    name, experiment, started, took, status, metrics, params, tags, model, data = row
    tagged = _named(tags)
    parent = tagged.pop(TAG_PARENT, None)
    return Plan(
        experiment=EXPERIMENTS.index(experiment),
        name=name,
        start=round(datetime.fromisoformat(started).timestamp() * 1000),
        process="gone" if status == "STALE" else "here",
        status=None if status in ("STALE", "RUNNING") else status,
        took=round(span(took) or 0),
        histories={
            key: tuple(enumerate(map(float, values.split(", "))))
            for key, values in _named(metrics).items()
        },
        params=_named(params),
        tags=tagged,
        datasets=(tuple(data.split()),) if data else (),  # type: ignore[arg-type]
        parent=None if parent is None else names.index(parent),
        model=model == "yes",
    )


def _named(cell: str) -> dict[str, str]:
    return dict(re.findall(r"`([^`]+)` ([^·]*[^· ])", cell))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with closing(open_store(tmp_path_factory.mktemp("docs") / "store.db")) as store, at_now(NOW):
        made = fill(store, plans(), EXPERIMENTS[1:])
        assert len(made) == 6
        assert math.isnan(made[2].plan.histories["loss"][1][1])
        yield store


def found(store: Store, query: RunQuery) -> list[str]:
    return [run.info.run_name for run in store.search_runs(query)]


@pytest.mark.parametrize("example", examples("filter"))
def test_filters(store: Store, example: str) -> None:
    text, names = parts(example)
    assert sorted(found(store, RunQuery(filter=parse_filter(text, NOW)))) == names


@pytest.mark.parametrize("example", examples("sort"))
def test_orders(store: Store, example: str) -> None:
    text, names = parts(example)
    assert found(store, RunQuery(order_by=parse_order(text))) == names


@pytest.mark.parametrize("example", examples("experiments"))
def test_experiments(store: Store, example: str) -> None:
    text, names = parts(example)
    experiments = search_experiments(store, ViewType.ALL, None, text, ["name"])
    assert [experiment.name for experiment in experiments] == names


@pytest.mark.parametrize("block", re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL))
def test_mistakes(block: str) -> None:
    known: tuple[Key, ...] = ()
    with pytest.raises(FilterError) as caught:
        parse_filter(block.splitlines()[1].strip(), NOW, known)
    assert str(caught.value) == block


def test_there_are_examples_of_everything() -> None:
    assert len(examples("filter")) > 60
    assert len(examples("sort")) >= 5
    assert len(examples("experiments")) >= 3
