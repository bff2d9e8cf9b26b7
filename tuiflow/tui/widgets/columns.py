"""The columns a runs table can show, what stands in their cells, and how wide they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len

from tuiflow.entities import TAG_MODELS, Run, RunStatus
from tuiflow.filters import Key, Kind, Measure, OrderKey
from tuiflow.protocols import KeyNames
from tuiflow.store.usage import KeyUsage
from tuiflow.text import (
    MISSING,
    STATUS_GLYPHS,
    ago,
    clean,
    duration,
    moment,
    number_column,
    shorten_middle,
)

SHOWN_BY_DEFAULT = 6
"""How many metrics, and how many params, are shown until the user chooses."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `id` is what is remembered, `key` what it sorts by.

    `backwards`: what it shows falls where the key rises.
    """

    id: str
    title: str
    key: Key
    right: bool = False
    narrowest: int = 3
    widest: int = 24
    backwards: bool = False


def _attribute(name: str) -> Key:
    return Key(Kind.ATTRIBUTE, name)


_ATTRIBUTES = {
    column.id: column
    for column in (
        Column("name", "name", _attribute("run_name"), narrowest=12, widest=26),
        Column("experiment", "experiment", _attribute("experiment"), narrowest=10),
        Column("age", "age", _attribute("start_time"), right=True, narrowest=7, backwards=True),
        Column("took", "took", _attribute("duration"), right=True, narrowest=6),
        Column("status", "status", _attribute("status"), narrowest=8),
        Column("started", "started", _attribute("start_time"), narrowest=19),
        Column("ended", "ended", _attribute("end_time"), narrowest=19),
        Column("user", "user", _attribute("user_id"), narrowest=6),
        Column("run_id", "run id", _attribute("run_id"), narrowest=32, widest=32),
        Column("model", "model", Key(Kind.TAG, TAG_MODELS), narrowest=5, widest=5),
    )
}

_LONGEST_TITLE = 200
_PREFIXES = {"metrics": Kind.METRIC, "params": Kind.PARAM, "tags": Kind.TAG}


def column(column_id: str) -> Column | None:
    """The column of that id, None where there is no such kind of column."""
    if column_id in _ATTRIBUTES:
        return _ATTRIBUTES[column_id]
    prefix, dot, name = column_id.partition(".")
    if not dot or prefix not in _PREFIXES:
        return None
    kind = _PREFIXES[prefix]
    metric = kind is Kind.METRIC
    widest = {Kind.METRIC: 14, Kind.PARAM: 16, Kind.TAG: 24}[kind]
    narrowest = 7 if metric else 5
    return Column(column_id, _title(name), Key(kind, name), metric, narrowest, widest)


def _title(key: str) -> str:
    # Cut first: a key of a megabyte must not be cleaned and measured for each frame.
    return clean(shorten_middle(key, _LONGEST_TITLE))


_OWN_TITLES = frozenset(item.title for item in _ATTRIBUTES.values())


def told_apart(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns with titles that tell a metric from a param or from a column of our own."""
    titles = Counter(item.title for item in columns)
    return tuple(
        replace(item, title=_title(item.id))
        if item.id not in _ATTRIBUTES and (item.title in _OWN_TITLES or titles[item.title] > 1)
        else item
        for item in columns
    )


def arrow(order: OrderKey, col: Column | None) -> str:
    """Which way the values of a column run down the screen, sorted so."""
    return "↓" if order.descending != (col is not None and col.backwards) else "↑"


def sort_title(order: OrderKey) -> str:
    """The title of the column that sorts so, and its arrow: `rmse ↑`."""
    key = order.key
    if isinstance(key, Measure):
        return f"{key.stat.value}({clean(key.name, 40)}) {arrow(order, None)}"
    own = next((item for item in _ATTRIBUTES.values() if item.key == key), None)
    title = own.title if own else str(key) if key.name in _OWN_TITLES else key.name
    return f"{clean(title, 40)} {arrow(order, own)}"


def all_columns(names: KeyNames) -> list[str]:
    """Ids of every column there is, in the order the chooser lists them."""
    return [
        *_ATTRIBUTES,
        *(f"metrics.{name}" for name in names.metrics),
        *(f"params.{name}" for name in names.params),
        *(f"tags.{name}" for name in names.tags),
    ]


def default_columns(
    usage: KeyUsage, shown: Sequence[str] = (), *, experiment: bool = False
) -> list[str]:
    """Columns for runs of such keys until the user chooses some.

    The metrics most runs have, and the params that differ between them. What is `shown` already
    stays, so that columns don't come and go while runs are logging.
    """
    params = {name: count for name, count in usage.params.items() if name not in usage.constant}
    head = ["name", *(["experiment"] if experiment else []), "age", "took"]
    return [
        *head,
        *_most("metrics", usage.metrics, shown),
        *_most("params", params, shown),
        "model",
    ]


def _most(prefix: str, counts: Mapping[str, int], shown: Sequence[str]) -> list[str]:
    kept = [item for item in shown if item.startswith(prefix + ".")]
    new = [f"{prefix}.{name}" for name in counts if f"{prefix}.{name}" not in kept]
    return kept + new[: max(SHOWN_BY_DEFAULT - len(kept), 0)]


def glyph(run: Run) -> str:
    """The status of a run as one character."""
    return STATUS_GLYPHS.get(run.info.shown_status, "?")


def cells(col: Column, runs: Sequence[Run], now_ms: int) -> list[str]:
    """What stands in the cells of a column for these runs, as clean text of any length."""
    if col.key.kind is Kind.METRIC:
        return number_column([run.data.metrics.get(col.key.name) for run in runs])
    if col.id == "model":
        return ["●" if run.model_paths else "" for run in runs]
    if col.key.kind is Kind.PARAM:
        return [_text(run.data.params.get(col.key.name)) for run in runs]
    if col.key.kind is Kind.TAG:
        return [_text(run.data.tags.get(col.key.name)) for run in runs]
    return [_ATTRIBUTE_CELLS[col.id](run, now_ms) for run in runs]


def _text(value: str | None) -> str:
    return MISSING if value is None else clean(value, 200)


def _name(run: Run, now_ms: int) -> str:
    name = clean(run.info.run_name, 200)
    return f"↳ {name}" if run.parent_run_id else name


def took(run: Run, now_ms: int) -> str:
    """How long the run took, or has been running; `stale` where its process is gone."""
    info = run.info
    if info.stale:
        return "stale"
    if info.status == RunStatus.RUNNING:
        return duration(max(info.took(now_ms) or 0, 0) // 1000 * 1000)
    return duration(info.took())


def _ended(run: Run, now_ms: int) -> str:
    return MISSING if run.info.end_time is None else moment(run.info.end_time)


_ATTRIBUTE_CELLS: dict[str, Callable[[Run, int], str]] = {
    "name": _name,
    "experiment": lambda run, now: clean(run.info.experiment_name, 200),
    "age": lambda run, now: ago(run.info.start_time, now),
    "took": took,
    "status": lambda run, now: run.info.shown_status.lower(),
    "started": lambda run, now: moment(run.info.start_time),
    "ended": _ended,
    "user": lambda run, now: clean(run.info.user_id, 200),
    "run_id": lambda run, now: run.info.run_id,
}


def width(col: Column, texts: Iterable[str]) -> int:
    """Cells that the column needs to show its title and `texts`, within its limits."""
    longest = max((cell_len(text) for text in texts), default=0)
    return max(col.narrowest, min(max(longest, cell_len(col.title)), col.widest))


def is_numeric(texts: Iterable[str]) -> bool:
    """Whether all that isn't missing reads as a number: then it is right-aligned."""
    found = False
    for text in texts:
        if text in (MISSING, ""):
            continue
        try:
            float(text)
        except ValueError:
            return False
        found = True
    return found
