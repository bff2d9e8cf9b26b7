"""What goes with a metric: scipy is the judge of the numbers."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shell import Cli

from tuiflow.diff import associate, why_lines
from tuiflow.diff.why import average_ranks
from tuiflow.entities import Metric, Param
from tuiflow.store import Store

values = st.lists(
    st.tuples(st.integers(-5, 5), st.integers(-5, 5), st.sampled_from("abc")),
    min_size=5,
    max_size=30,
)


@settings(max_examples=40)
@given(values)
def test_rank_correlation_and_groups_are_scipys(rows: list[tuple[int, int, str]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    runs = [(float(y), {"x": str(x), "kind": kind}) for y, x, kind in rows]
    found = {item.param: item for item in associate(runs, "m").items}
    ys, xs, kinds = zip(*rows, strict=True)
    if len(set(xs)) > 1 and len(set(ys)) > 1:
        rho = stats.spearmanr(xs, ys).statistic
        ratio = rho**2 * (len(rows) - 2) / max(1 - rho**2, 1e-300)
        assert ("x" in found) == (ratio > 4) or abs(ratio - 4) < 1e-6
        if "x" in found:
            assert found["x"].rho == pytest.approx(rho, abs=1e-9)
    if "kind" in found:
        groups = [[y for y, k in zip(ys, kinds, strict=True) if k == g] for g in set(kinds)]
        h = stats.kruskal(*groups).statistic
        assert found["kind"].eta2 == pytest.approx(h / (len(rows) - 1), abs=1e-9)
        assert sum(group.n for group in found["kind"].groups) == len(rows)


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=20))
def test_ranks_are_scipys(items: list[float]) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert average_ranks(items) == pytest.approx(list(stats.rankdata(items)))


def runs_of(n: int) -> list[tuple[float | None, dict[str, str]]]:
    return [(1.0 / (i + 1), {"lr": str(i), "seed": "1", "id": f"run-{i}"}) for i in range(n)]


def test_nothing_is_claimed_of_fewer_than_five_runs() -> None:
    four = associate(runs_of(4), "loss")
    assert (four.n, four.items) == (4, ())
    assert "fewer than 5" in why_lines(four)[0]
    [only] = associate(runs_of(5), "loss").items
    assert (only.param, only.n, only.rho) == ("lr", 5, -1.0)


def test_runs_without_the_metric_or_with_nan_do_not_count() -> None:
    runs = [*runs_of(4), (math.nan, {"lr": "9"}), (None, {"lr": "8"})]
    assert associate(runs, "loss").n == 4
    assert associate([*runs, (math.inf, {"lr": "-1"})], "loss").items[0].rho == -1.0


def test_what_is_noise_or_a_name_is_not_told_and_the_strongest_comes_first() -> None:
    runs = [
        (
            i + (10.0 if i % 2 else 0.0),
            {"depth": str(i), "kind": "ab"[i % 2], "noise": str(i * 7 % 5), "name": f"n{i}"},
        )
        for i in range(20)
    ]
    result = associate(runs, "loss", lower_is_better=True)
    assert [item.param for item in result.items][:2] in (["depth", "kind"], ["kind", "depth"])
    assert "name" not in {item.param for item in result.items}
    [kind] = [item for item in result.items if item.param == "kind"]
    assert [group.value for group in kind.groups] == ["a", "b"]
    [turned] = [i for i in associate(runs, "loss", False).items if i.param == "kind"]
    assert [group.value for group in turned.groups] == ["b", "a"]


@pytest.fixture
def sweep(store: Store) -> Store:
    for name, shift in (("wine", 0.0), ("other", 5.0)):
        experiment = store.create_experiment(name)
        for i in range(6):
            run_id = store.create_run(experiment, f"{name}-{i}").info.run_id
            metrics = [Metric("loss", shift + i + 3 * (i % 2), 1)]
            params = [Param("depth", str(i)), Param("kind", f"\x1b[31m{i % 2}")]
            store.log_batch(run_id, metrics, params)
            store.finish_run(run_id, "FINISHED")
    return store


def test_the_command_tells_it_of_a_filtered_set(cli: Cli, sweep: Store) -> None:
    result = cli("why", "loss", "-x", "wine")
    assert result.code == 0
    assert result.out.splitlines()[0] == "loss over 6 runs"
    assert "higher depth, worse loss" in result.out
    assert "\x1b" not in result.out
    some = json.loads(cli("why", "loss", "-f", "params.depth >= 1", "--format", "json").out)
    assert (some["n"], some["metric"]) == (10, "loss")
    named = cli("why", "loss", "wine-0", "wine-1", "wine-2", "wine-3", "wine-4", "-n", "1")
    assert named.out.splitlines()[0] == "loss over 5 runs"
    assert len(named.out.splitlines()) == 2
    assert "| depth | 6 | 0.81" in cli("why", "loss", "-x", "wine", "--format", "md").out
    rows = cli("why", "loss", "-x", "wine", "--format", "csv").out.splitlines()
    assert rows[0] == "param,n,share,rho,eta2"


def test_the_commands_mistakes_are_one_sentence(cli: Cli, sweep: Store) -> None:
    for arguments, words in (
        (("why", "los"), "did you mean 'loss'?"),
        (("why", "loss", "wine-0", "-x", "wine"), "not both"),
        (("why", "loss", "-x", "nowhere"), "nowhere"),
        (("why", "loss", "-f", "params.depth >"), "expected"),
    ):
        result = cli(*arguments)
        assert result.code == 2, result
        assert words in result.err
    few = cli("why", "loss", "wine-0", "wine-1")
    assert few.code == 0
    assert "nothing is told of fewer than 5" in few.out
