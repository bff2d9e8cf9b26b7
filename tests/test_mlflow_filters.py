"""What MLflow 3.17.2 answered on its SQLite store: filters and orders answer the same here.

The known differences are tests of their own, below; docs/filters.md lists them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing

import pytest
from filter_strategies import Plan, fill

from tuiflow.errors import FilterError
from tuiflow.filters import parse_filter, parse_order
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, open_store

RUNS = [
    Plan(
        name="r0",
        start=1000,
        took=4000,
        status="FINISHED",
        histories={
            "acc": ((0, 0.5),),
            "loss": ((0, math.nan),),
            "val loss": ((0, 1.0),),
            "x/y": ((0, 3.0),),
        },
        params={"lr": "0.1", "model": "LR", "a b": "x"},
        tags={"team": "Vision", "v": "1"},
        datasets=(("wine", "d1", "train"), ("beer", "d2", "eval")),
    ),
    Plan(
        name="r1",
        start=1001,
        histories={"acc": ((0, 0.9),), "loss": ((0, 1.0),)},
        params={"lr": "0.10", "model": "lr"},
        tags={"team": "vision_x"},
        datasets=(("wine", "d3", "eval"),),
    ),
    Plan(
        name="r2",
        start=3000,
        took=1000,
        status="FAILED",
        histories={"acc": ((0, math.nan),), "loss": ((0, math.inf),)},
        params={"lr": "10", "q": "it's"},
        tags={"team": "50%"},
    ),
    Plan(
        name="Run 3",
        start=2000,
        took=7000,
        status="FINISHED",
        params={"lr": "9", "q": "it''s"},
        tags={"a.b": "q", "team": "a*b?[c]"},
        datasets=(("tea", "d4", None),),
    ),
    Plan(
        name="r4",
        start=2001,
        took=499,
        status="KILLED",
        histories={"acc": ((0, -math.inf),), "loss": ((0, 0.0),)},
        params={"lr": "adam", "q": 'say "x"', "p": "back\\slash"},
        tags={"team": "größe"},
    ),
    Plan(
        name="r5",
        start=5000,
        took=1000,
        status="FINISHED",
        histories={"acc": ((0, 0.9),), "loss": ((0, -1.0),)},
        params={"lr": "", "p": "two\nlines"},
        tags={"team": "GRÖSSE", "v": ""},
    ),
]
FILTERS = [
    ("metrics.acc > 0.5", "r1 r5"),
    ("metric.acc >= 0.5", "r0 r1 r5"),
    ("metrics.acc != 0.5", "r1 r2 r4 r5"),
    ("metrics.acc = 0.9", "r1 r5"),
    ("metrics.acc < 1", "r0 r1 r4 r5"),
    ("metrics.acc <= 0", "r4"),
    ("metrics.acc>=.5", "r0 r1 r5"),
    ("metrics.acc > -1e3", "r0 r1 r5"),
    ("metrics.acc > 1e308", ""),
    ("metrics.acc > 5.", ""),
    ("metrics.loss != 1", "r0 r2 r4 r5"),
    ("metrics.loss = 0", "r4"),
    ("metrics.loss < 100", "r1 r4 r5"),
    ("metrics.loss >= 0", "r1 r2 r4"),
    ("metrics.nothing != 1", ""),
    ("metrics.`val loss` = 1", "r0"),
    ('metrics."val loss" = 1', "r0"),
    ("metrics.'val loss' = 1", "r0"),
    ("`metrics`.acc = 0.9", "r1 r5"),
    ("`metrics`.`val loss` = 1", "r0"),
    ('`metrics`."val loss" = 1', "r0"),
    ("`attributes`.`run_name` = 'r0'", "r0"),
    ("metrics.`x/y` = 3", "r0"),
    ('metrics."x/y" = 3', "r0"),
    ("params.lr = '0.1'", "r0"),
    ('params.lr = "0.1"', "r0"),
    ("param.lr = '0.10'", "r1"),
    ("parameter.lr = '9'", "r3"),
    ("parameters.lr != '9'", "r0 r1 r2 r4 r5"),
    ("params.lr LIKE '0.%'", "r0 r1"),
    ("params.lr like '1_'", "r2"),
    ("params.lr LIKE '%'", "r0 r1 r2 r3 r4 r5"),
    ("params.lr = ''", "r5"),
    ("params.lr LIKE ''", "r5"),
    ("params.lr IS NULL", ""),
    ("params.q IS NULL", "r0 r1 r5"),
    ("params.q is null", "r0 r1 r5"),
    ("params.q IS NOT NULL", "r2 r3 r4"),
    ("params.q is not null", "r2 r3 r4"),
    ("tags.team = 'Vision'", "r0"),
    ("tag.team = 'vision'", ""),
    ("tags.team LIKE 'vision%'", "r1"),
    ("tags.team LIKE 'Vision%'", "r0"),
    ("tags.team ILIKE 'vision%'", "r0 r1"),
    ("tags.team ilike '%VISION%'", "r0 r1"),
    ("tags.team LIKE '%n'", "r0"),
    ("tags.team LIKE 'vision\\_x'", ""),
    ("tags.team LIKE '50%'", "r2"),
    ("tags.team LIKE '50\\%'", ""),
    ("tags.team = '50%'", "r2"),
    ("tags.team LIKE '%*%'", "r3"),
    ("tags.team LIKE '%[c]'", "r3"),
    ("tags.team LIKE 'a*b?[c]'", "r3"),
    ("tags.team ILIKE 'GRÖSSE'", "r5"),
    ("tags.team ILIKE 'größe'", "r4"),
    ("tags.team LIKE 'gr__e'", "r4"),
    ("tags.team LIKE 'gr%'", "r4"),
    ("tags.v != '1'", "r5"),
    ("tags.v = ''", "r5"),
    ("tags.`a.b` = 'q'", "r3"),
    ("tags.a.b = 'q'", "r3"),
    ("tags.\"a.b\" = 'q'", "r3"),
    ("params.`a b` = 'x'", "r0"),
    ('params."a b" = "x"', "r0"),
    ('params.q = "it\'s"', "r2"),
    ("params.q = \"it''s\"", "r3"),
    ("params.q = 'say \"x\"'", "r4"),
    ("params.p = 'back\\slash'", "r4"),
    ("params.p LIKE 'back\\%'", "r4"),
    ("params.p LIKE 'two%lines'", "r5"),
    ("params.p LIKE 'two_lines'", "r5"),
    ("params.model = 'LR' and metrics.acc > 0", "r0"),
    ("params.model = 'LR' AND metrics.acc > 0 AND tags.team = 'Vision'", "r0"),
    ("params.model ILIKE 'lr' and params.model != 'LR'", "r1"),
    ("status = 'FINISHED'", "r0 r3 r5"),
    ("attributes.status = 'FINISHED'", "r0 r3 r5"),
    ("attribute.status = 'FAILED'", "r2"),
    ("attr.status = 'KILLED'", "r4"),
    ("run.status != 'FINISHED'", "r1 r2 r4"),
    ("status LIKE 'F%'", "r0 r2 r3 r5"),
    ("status ILIKE 'f%'", "r0 r2 r3 r5"),
    ("status = 'RUNNING'", "r1"),
    ("status = 'blah'", ""),
    ("run_name = 'r0'", "r0"),
    ("attributes.run_name LIKE 'r%'", "r0 r1 r2 r4 r5"),
    ("run_name ILIKE 'R%'", "r0 r1 r2 r3 r4 r5"),
    ("attributes.\"run name\" = 'Run 3'", "r3"),
    ("attributes.`Run Name` = 'Run 3'", "r3"),
    ("\"Run name\" = 'Run 3'", "r3"),
    ("`run name` = 'r0'", "r0"),
    ("run_name != 'r0'", "r1 r2 r3 r4 r5"),
    ("user_id != 'me'", "r0 r1 r2 r3 r4 r5"),
    ("start_time > 1000", "r1 r2 r3 r4 r5"),
    ("attributes.start_time >= 2000", "r2 r3 r4 r5"),
    ("start_time = 2000", "r3"),
    ("start_time != 1000", "r1 r2 r3 r4 r5"),
    ("created > 1000", "r1 r2 r3 r4 r5"),
    ("attributes.Created <= 2000", "r0 r1 r3"),
    ("end_time > 4000", "r0 r3 r5"),
    ("end_time != 4000", "r0 r3 r4 r5"),
    ("attributes.end_time <= 5000", "r0 r2 r4"),
    ("start_time > 1500.5", "r2 r3 r4 r5"),
    ("run_id IN ('a', 'b')", ""),
    ("run_id NOT IN ('a', 'b')", "r0 r1 r2 r3 r4 r5"),
    ("run_id NOT IN ('a')", "r0 r1 r2 r3 r4 r5"),
    ("run_id not in ('a',)", "r0 r1 r2 r3 r4 r5"),
    ("run_id != 'x'", "r0 r1 r2 r3 r4 r5"),
    ("run_id LIKE '%'", "r0 r1 r2 r3 r4 r5"),
    ("dataset.name = 'wine'", "r0 r1"),
    ("datasets.name != 'wine'", "r0 r3"),
    ("dataset.digest = 'd2'", "r0"),
    ("dataset.context = 'eval'", "r0 r1"),
    ("dataset.context != 'eval'", "r0"),
    ("dataset.name LIKE 'w%'", "r0 r1"),
    ("dataset.name ILIKE 'W%'", "r0 r1"),
    ("dataset.name IN ('beer', 'tea')", "r0 r3"),
    ("dataset.name NOT IN ('wine')", "r0 r3"),
    ("dataset.context IN ('train')", "r0"),
    ("dataset.name = 'wine' AND dataset.context = 'eval'", "r0 r1"),
    ("dataset.name = 'beer' AND dataset.digest = 'd1'", "r0"),
    ("tags.Team = 'Vision'", ""),
    ("tags.`team` = 'Vision'", "r0"),
    ("tags.'team' = 'Vision'", "r0"),
    ("tags.team='Vision'", "r0"),
    ("tags.team!='Vision'", "r1 r2 r3 r4 r5"),
    ("tags.team  LIKE'V%'", "r0"),
    ("artifact_uri LIKE '%artifacts%'", "r0 r1 r2 r3 r4 r5"),
    ("\"status\" = 'FINISHED'", "r0 r3 r5"),
    ("`status` = 'FINISHED'", "r0 r3 r5"),
    ("attributes.`status` = 'FINISHED'", "r0 r3 r5"),
    ("attributes.\"status\" = 'FINISHED'", "r0 r3 r5"),
    ("tags.mlflow.runName = 'r0'", "r0"),
    ("tags.`mlflow.runName` = 'r0'", "r0"),
    ("metrics.acc > 0.5 And tags.team = 'vision_x'", "r1"),
    ("tags.`a.b`='q'", "r3"),
    ("params.lr= '9'", "r3"),
    ("metrics.acc>0.4 AND metrics.acc<10", "r0 r1 r5"),
    ("metrics.acc > 1e-1", "r0 r1 r5"),
    ("metrics.acc > 1E-1", "r0 r1 r5"),
    ("metrics.acc > -.5", "r0 r1 r5"),
    ("metrics.acc > 00.5", "r1 r5"),
    ("metrics.größe > 1", ""),
    ("status LIKE 'f%'", ""),
    ("status LIKE 'F_NISHED'", "r0 r3 r5"),
    ("status ILIKE 'run%'", "r1"),
    ('params."lr" = "9"', "r3"),
    ("param.\"a b\" = 'x'", "r0"),
    ("parameter.`a b` = 'x'", "r0"),
    ("attr.\"run name\" = 'r0'", "r0"),
    ("attr.created >= 2000", "r2 r3 r4 r5"),
    ("run.start_time >= 2000", "r2 r3 r4 r5"),
    ("attribute.`start_time` >= 2000", "r2 r3 r4 r5"),
    ("tags.mlflow.note.content IS NULL", "r0 r1 r2 r3 r4 r5"),
    ("params.lr != 'x'", "r0 r1 r2 r3 r4 r5"),
    ("params.zzz != 'x'", ""),
    ('tags.team LIKE "V%"', "r0"),
    ('tags.team LIKE "%i%"', "r0 r1"),
    ("params.lr LIKE '_'", "r3"),
    ("params.lr LIKE '%_%'", "r0 r1 r2 r3 r4"),
    ("params.lr ILIKE '%A%'", "r4"),
    ("params.count = '1'", ""),
    ("params.order IS NULL", "r0 r1 r2 r3 r4 r5"),
    ("params.select IS NULL", "r0 r1 r2 r3 r4 r5"),
    ("metrics.min > 1", ""),
    ("tags.user IS NULL", "r0 r1 r2 r3 r4 r5"),
    ("tags.'a.b' = 'q'", "r3"),
    ("dataset.'name' = 'wine'", "r0 r1"),
    ("dataset.`digest` = 'd1'", "r0"),
    ("dataset.context LIKE 'e%'", "r0 r1"),
    ("datasets.digest != 'd1'", "r0 r1 r3"),
    ("params.lr = 'a' AND params.lr = '9'", ""),
    ("start_time < 1e4", "r0 r1 r2 r3 r4 r5"),
    ("end_time >= 2500 AND end_time < 6000", "r0 r2 r4"),
    ("start_time = -1", ""),
    ("run_id = ''", ""),
    ("tags.`v` = ''", "r5"),
    ("tags.v LIKE '_'", "r0"),
    ("", "r0 r1 r2 r3 r4 r5"),
]
ORDERS: list[tuple[list[str], str]] = [
    (["metrics.acc"], "r4 r0 r5 r1 r2 r3"),
    (["metrics.acc DESC"], "r5 r1 r0 r4 r2 r3"),
    (["metric.acc asc"], "r4 r0 r5 r1 r2 r3"),
    (["metrics.`val loss` DESC"], "r0 r5 r2 r4 r3 r1"),
    (['metrics."val loss" DESC'], "r0 r5 r2 r4 r3 r1"),
    (["`metrics`.`val loss` DESC"], "r0 r5 r2 r4 r3 r1"),
    (["`params`.`a b`"], "r0 r5 r2 r4 r3 r1"),
    (["metrics.nothing"], "r5 r2 r4 r3 r1 r0"),
    (["metrics.loss desc", "start_time ASC"], "r2 r1 r4 r5 r0 r3"),
    (["tags.team"], "r2 r5 r0 r3 r4 r1"),
    (["tags.team DESC"], "r1 r4 r3 r0 r5 r2"),
    (["tags.v DESC"], "r0 r5 r2 r4 r3 r1"),
    (["start_time"], "r0 r1 r3 r4 r2 r5"),
    (["start_time DESC"], "r5 r2 r4 r3 r1 r0"),
    (["attributes.start_time ASC"], "r0 r1 r3 r4 r2 r5"),
    (["created DESC"], "r5 r2 r4 r3 r1 r0"),
    (["attributes.Created ASC"], "r0 r1 r3 r4 r2 r5"),
    (["end_time"], "r4 r2 r0 r5 r3 r1"),
    (["end_time DESC"], "r3 r5 r0 r2 r4 r1"),
    (["status"], "r2 r5 r3 r0 r4 r1"),
    (["attributes.status DESC"], "r1 r4 r5 r3 r0 r2"),
    (["run_name"], "r3 r0 r1 r2 r4 r5"),
    (["attributes.run_name DESC"], "r5 r4 r2 r1 r0 r3"),
    (["user_id"], "r5 r2 r4 r3 r1 r0"),
    (["metrics.acc DESC", "metrics.loss"], "r5 r1 r0 r4 r2 r3"),
    (["params.`a b`"], "r0 r5 r2 r4 r3 r1"),
    (["tags.`a.b` ASC"], "r3 r5 r2 r4 r1 r0"),
    (["tags.a.b DESC"], "r3 r5 r2 r4 r1 r0"),
    (["status ASC", "metrics.loss DESC"], "r2 r5 r0 r3 r4 r1"),
    ([], "r5 r2 r4 r3 r1 r0"),
    (["start_time", "metrics.acc"], "r0 r1 r3 r4 r2 r5"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with closing(open_store(tmp_path_factory.mktemp("mlflow") / "store.db")) as store:
        fill(store, RUNS)
        yield store


def found(store: Store, text: str = "", order: list[str] | None = None) -> list[str]:
    query = RunQuery(filter=parse_filter(text), order_by=parse_order(order or []))
    return [run.info.run_name.replace("Run 3", "r3") for run in store.search_runs(query)]


@pytest.mark.parametrize(("text", "names"), FILTERS)
def test_a_filter_means_the_same(store: Store, text: str, names: str) -> None:
    assert " ".join(sorted(found(store, text))) == names


@pytest.mark.parametrize(("order", "names"), ORDERS)
def test_an_order_means_the_same(store: Store, order: list[str], names: str) -> None:
    assert " ".join(found(store, order=order)) == names


@pytest.mark.parametrize(
    ("text", "mlflow", "here"),
    [
        ("status = 'finished'", "", "r0 r3 r5"),
        ("status != 'finished'", "r0 r1 r2 r3 r4 r5", "r1 r2 r4"),
        ("params.q = 'it''s'", "r3", "r2"),
        ('params.q = "say ""x"""', "", "r4"),
        ("tags.team ILIKE 'grÖße'", "", "r4"),
    ],
)
def test_a_filter_means_something_else(store: Store, text: str, mlflow: str, here: str) -> None:
    assert " ".join(sorted(found(store, text))) == here != mlflow


def test_params_are_ordered_as_numbers_where_they_are(store: Store) -> None:
    assert found(store, order=["params.lr"]) == ["r1", "r0", "r3", "r2", "r5", "r4"]
    assert found(store, order=["params.lr DESC"]) == ["r2", "r3", "r1", "r0", "r4", "r5"]


@pytest.mark.parametrize(
    "text",
    [
        "metrics.acc > 0.5 and",
        "AND metrics.acc > 0.5",
        "metrics.acc > 0.5 AND AND metrics.loss < 10",
        "metrics.acc > 0.5 metrics.loss < 10",
    ],
)
def test_a_joiner_that_joins_nothing_is_a_mistake(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(text)


@pytest.mark.parametrize(
    "text",
    [
        "metrics.acc > '0.5'",
        "start_time > 'x'",
        "params.model = LR",
        "tags.team = `Vision`",
        "metrics.acc > 0.5; metrics.loss > 1",
        "metrics.acc > 0.5 -- note",
        "experiment_id = '1'",
        "lifecycle_stage = 'active'",
        "dataset.profile = 'x'",
        "metrics.acc*2 > 1",
        "tags.a+b = 'x'",
    ],
)
def test_what_neither_accepts(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(text)
