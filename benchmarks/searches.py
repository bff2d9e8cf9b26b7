"""Searches of one store, cold and warm: `python -m benchmarks.searches FOLDER`.

Cold is a process that has nothing loaded but tuiflow's store: numpy, where it is needed, and the
columns of the search are loaded by the first page. The file itself is in the system's cache.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.timing import timed
from tuiflow.errors import FilterError
from tuiflow.filters import Key, Kind, parse_filter, parse_order
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, open_store

PAGE = 100
BY_LOSS = "metrics.`val/loss` ASC"


@dataclass(frozen=True, slots=True)
class Search:
    """What it is an example of, a filter, an order."""

    what: str
    filter: str = ""
    order: str = ""


SEARCHES = (
    Search("everything, newest first"),
    Search("sort by a metric", order=BY_LOSS),
    Search("sort by a metric, ten values", order="metrics.`best/epoch` DESC"),
    Search("sort by a metric with NaN", order="metrics.`grad/norm` DESC"),
    Search("sort by a metric, one run in 1,000", order="metrics.`test/bleu` DESC"),
    Search("sort by a number param", order="params.lr ASC"),
    Search("sort by a text param", order="params.optimizer ASC"),
    Search("sort by a sentence", order="params.about ASC"),
    Search("sort by duration", order="duration DESC"),
    Search("sort by three keys", order=f"params.optimizer, params.depth DESC, {BY_LOSS}"),
    Search(
        "two predicates, 7 % of runs",
        "metrics.`val/accuracy` > 0.9 AND params.optimizer = 'adam'",
        BY_LOSS,
    ),
    Search(
        "two predicates, 80 % of runs",
        "metrics.`val/accuracy` > 0.1 AND params.optimizer != 'adam'",
        BY_LOSS,
    ),
    Search(
        "two predicates, one run in 20,000",
        "metrics.`val/accuracy` > 0.99 AND params.seed = '17'",
        BY_LOSS,
    ),
    Search("two predicates, no run", "params.lr > 5 AND metrics.`val/auc` > 0.9", BY_LOSS),
    Search("a rare metric", "metrics.`test/bleu` > 20", BY_LOSS),
    Search("missing values", "metrics.`test/bleu` IS NULL", BY_LOSS),
    Search("a tag", "tags.team = 'vision'", BY_LOSS),
    Search("IN", "params.seed IN ('1', '2', '3')", BY_LOSS),
    Search("BETWEEN", "params.lr BETWEEN 0.001 AND 0.002", BY_LOSS),
    Search("LIKE on a sentence", "params.about LIKE '%zebra%'", BY_LOSS),
    Search("duration", "duration > 10m", BY_LOSS),
    Search("OR", "metrics.`val/loss` < 0.01 OR params.optimizer = 'lion'", BY_LOSS),
    Search("NOT", "NOT metrics.`val/accuracy` > 0.5", BY_LOSS),
    Search("metric against metric", "metrics.`val/loss` < metrics.`train/loss` * 0.9", BY_LOSS),
    Search("min of a metric", "min(metrics.`val/loss`) < 0.01", BY_LOSS),
    Search("free text, one run in 1,000", "zebrafish", BY_LOSS),
    Search("free text, one run in five", "adamw", BY_LOSS),
    Search("free text, in no run", "xylophone", BY_LOSS),
    Search("not a word", "!transformer", BY_LOSS),
)


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds, medians; `runs` is how many match."""

    what: str
    runs: int
    cold: float
    page: float
    whole: float
    count: float


def measure(folder: Path) -> Iterator[Times]:
    """Go through `SEARCHES`; one that the language doesn't know is told and left out."""
    for search in SEARCHES:
        try:
            query = query_of(search)
        except FilterError as error:
            print(f"{search.what}: {error}", file=sys.stderr)
            continue
        yield _times(folder, search.what, query)


def _times(folder: Path, what: str, query: RunQuery) -> Times:
    cold = [_in_a_child(folder, lambda store: store.search_keys(query, PAGE)) for _ in range(3)]
    store = open_store(folder, create=False)
    found = store.count_runs(query)
    # The last answer is remembered: ask something else before each question.
    other = RunQuery(None, parse_filter("params.optimizer = 'sgd'"))
    ask = partial(timed, between=lambda: store.search_keys(other))
    page = ask(lambda: store.search_keys(query, PAGE))
    whole = ask(lambda: store.search_keys(query))
    count = ask(lambda: store.count_runs(query))
    store.close()
    return Times(what, found, *(1000 * median(spent) for spent in (cold, page, whole, count)))


def query_of(search: Search) -> RunQuery:
    """Raises FilterError."""
    order = tuple(parse_order(search.order)) if search.order else ()
    return RunQuery(None, parse_filter(search.filter), order)


def _in_a_child(folder: Path, ask: Callable[[Store], object]) -> float:
    """Seconds that a question takes in a new process, from opening the store."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_answer, args=(folder, ask, sender))
    child.start()
    sender.close()
    try:
        return float(receiver.recv())
    finally:
        child.join()


def _answer(folder: Path, ask: Callable[[Store], object], sender: Connection) -> None:
    start = perf_counter()
    ask(open_store(folder, create=False))
    sender.send(perf_counter() - start)


def summaries(folder: Path) -> Iterator[tuple[str, float, float]]:
    """What is summed up of all runs: what it is, milliseconds cold and warm."""
    measures = [Key(Kind.METRIC, name) for name in ("val/loss", "val/accuracy", "val/auc")]
    questions: dict[str, Callable[[Store], object]] = {
        "group by a param of 1,000 values, three metrics": lambda store: store.group_runs(
            RunQuery(), Key(Kind.PARAM, "seed"), measures
        ),
        "group by a tag, three metrics": lambda store: store.group_runs(
            RunQuery(), Key(Kind.TAG, "team"), measures
        ),
        "count, median and best of a metric": lambda store: store.summarize(
            RunQuery(), measures[0]
        ),
        "quartiles and bins of a metric": lambda store: store.column_summary(
            RunQuery(), measures[0]
        ),
    }
    for what, ask in questions.items():
        cold = median(_in_a_child(folder, ask) for _ in range(3))
        store = open_store(folder, create=False)
        warm = median(timed(partial(ask, store)))
        store.close()
        yield what, 1000 * cold, 1000 * warm


if __name__ == "__main__":
    print("  runs found      cold    page   whole   count   (ms)")
    for row in measure(Path(sys.argv[1])):
        print(
            f"{row.runs:12,} {row.cold:9.1f} {row.page:7.1f} {row.whole:7.1f} {row.count:7.1f}"
            f"   {row.what}",
            flush=True,
        )
    for what, first, again in summaries(Path(sys.argv[1])):
        print(f"{'':12} {first:9.1f} {again:7.1f} {'':15}   {what}", flush=True)
