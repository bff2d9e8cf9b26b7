"""What the shell offers on TAB: runs, experiments, keys and artifacts of the chosen store.

A shell evaluates what it is offered (zsh does so by `eval`), and names come from runs: only words
of plain characters are offered, and descriptions lose everything that a shell could read.
Nothing is ever said here: where there is no store, there is nothing to offer.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tuiflow.entities import ViewType
from tuiflow.errors import TuiflowError
from tuiflow.filters import ATTRIBUTES
from tuiflow.store import Store, locate, now_ms
from tuiflow.text import ago, clean, size

if TYPE_CHECKING:
    from tuiflow.projects.spec import Project
    from tuiflow.protocols import KeyNames

BEST = "best:"
LIMIT = 50
"""Most runs that are offered at once."""
ID_LENGTH = 8

Offer = tuple[str, str]
"""A word and what it means, which zsh and fish show beside it."""

_PLAIN = re.compile(r"[\w.:@%+=/, -]+")
_EVALUATED = frozenset('`$\\"')
_UNSAFE = re.compile(r"[^\w.@%+=/,·–() -]+")


def runs(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Ids, names, `latest` and `best:METRIC` of active runs."""
    return _offered(ctx, incomplete, lambda store: _runs(store, incomplete, ViewType.ACTIVE_ONLY))


def deleted_runs(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Ids and names of deleted runs."""
    return _offered(ctx, incomplete, lambda store: _runs(store, incomplete, ViewType.DELETED_ONLY))


def experiments(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Names of active experiments."""
    return _offered(ctx, incomplete, lambda store: _experiments(store, ViewType.ACTIVE_ONLY))


def deleted_experiments(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Names of deleted experiments."""
    return _offered(ctx, incomplete, lambda store: _experiments(store, ViewType.DELETED_ONLY))


def runs_or_experiments(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Runs, then where to."""
    return [*runs(ctx, incomplete), *experiments(ctx, incomplete)]


def filters(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """What could stand at the end of a filter: keys, operators, values, AND and OR."""
    from tuiflow.filters.complete import LIMIT as MOST
    from tuiflow.filters.complete import offers, place_at

    place = place_at(incomplete, len(incomplete))
    if place is None:
        return []
    value_of = place.wanted.value_of

    def found(store: Store) -> Iterator[Offer]:
        keys = store.key_names().keys() if place.takes_key else ()
        values = [] if value_of is None else store.value_counts(value_of, limit=MOST)
        for offer in offers(place, [key for key in keys if " " not in key.name], values):
            yield offer.text, offer.meaning

    return _offered(ctx, incomplete, found, incomplete[: place.start])


def sorts(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """A key to sort by, then its direction."""
    key, space, _ = incomplete.rpartition(" ")
    if space:
        return _offered(ctx, incomplete, lambda _: _plain(_DIRECTIONS), f"{key} ")
    return _offered(ctx, incomplete, _keys)


def views(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Names of the views that were saved."""
    return _offered(
        ctx,
        incomplete,
        lambda store: ((name, view.filter) for name, view in store.views.list().items()),
    )


def tags(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Keys of tags."""
    return _offered(ctx, incomplete, lambda store: _plain(store.key_names().tags))


def models(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Names of registered models, then versions behind the slash."""

    def found(store: Store) -> Iterable[Offer]:
        name, slash, _ = incomplete.partition("/")
        if slash:
            for version in store.registry.list_versions(name)[::-1]:
                yield f"{name}/{version.version}", ", ".join(version.aliases)
        else:
            for model in store.registry.list_models():
                yield model.name, ", ".join(model.aliases)

    return _offered(ctx, incomplete, found)


def metrics(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Metrics of the run that is named before; where none is, of all runs."""

    def found(store: Store) -> Iterable[Offer]:
        if not _argument(ctx, "run"):
            yield from _plain(store.key_names().metrics)
            return
        for item in store.metric_summaries(_named_run(ctx, store)):
            yield item.key, f"{item.count} points"

    return _offered(ctx, incomplete, found)


def parameters(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """`NAME=VALUE` as the run had it that is named before, or by default in that project."""
    if "run" in ctx.params:

        def recorded(store: Store) -> Iterable[Offer]:
            return _assignments(store.get_run(_named_run(ctx, store)).data.params.items())

        return _offered(ctx, incomplete, recorded)
    project = _named_project(ctx)
    entry = project and project.entry_points.get(ctx.params.get("entry_point") or "main")
    if not entry:
        return []
    declared = ((item.name, item.default or "") for item in entry.parameters.values())
    return _fitting(_assignments(declared), incomplete)


def entry_points(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Entry points and scripts of the project that is named before, where that is a folder here."""
    project = _named_project(ctx)
    if project is None:
        return []
    scripts = sorted(
        path.name for path in project.folder.iterdir() if path.suffix in (".py", ".sh")
    )
    return _fitting(_plain([*project.entry_points, *scripts]), incomplete)


def artifacts(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Artifacts, one folder at a time, of the run that is named before."""

    def found(store: Store) -> Iterable[Offer]:
        run_id, folder = _named_run(ctx, store), incomplete.rpartition("/")[0]
        while True:
            items = [
                item
                for item in store.list_artifacts(run_id, folder)
                if item.path.startswith(incomplete)
            ]
            if len(items) != 1 or not items[0].is_dir:
                break
            folder = items[0].path  # bash would put a space behind the only folder
        return [
            (f"{item.path}/", "folder") if item.is_dir else (item.path, size(item.file_size))
            for item in items
        ]

    return _offered(ctx, incomplete, found)


_DIRECTIONS = ("ASC", "DESC")


def _offered(
    ctx: typer.Context,
    incomplete: str,
    find: Callable[[Store], Iterable[Offer]],
    head: str = "",
) -> list[Offer]:
    """What `find` finds that goes on from `incomplete` after `head`; nothing where anything is
    amiss."""
    rest = incomplete.removeprefix(head)
    if set(head) & _EVALUATED:
        return []
    try:
        with _store(ctx) as store:
            return [(head + word, meaning) for word, meaning in _fitting(find(store), rest)]
    except (TuiflowError, OSError):
        return []


def _fitting(offers: Iterable[Offer], incomplete: str) -> list[Offer]:
    """Those that go on from `incomplete` and that a shell may be given."""
    found = [
        (word, _UNSAFE.sub(" ", clean(meaning)))
        for word, meaning in offers
        if word.startswith(incomplete) and _PLAIN.fullmatch(word)
    ]
    return list(dict.fromkeys(found))


def _assignments(values: Iterable[tuple[str, str]]) -> Iterator[Offer]:
    for name, value in values:
        whole = f"{name}={value}"
        yield (whole if _PLAIN.fullmatch(whole) else f"{name}="), ""


def _named_project(ctx: typer.Context) -> Project | None:
    """The project of the argument, where it is a folder here that can be read."""
    from tuiflow.projects.mlproject import load_project

    folder, _, inner = (_argument(ctx, "uri") or ".").partition("#")
    try:
        return load_project(Path(folder.removeprefix("file://"), inner))
    except (TuiflowError, OSError):
        return None


@contextmanager
def _store(ctx: typer.Context) -> Iterator[Store]:
    """The store of `--store`, here or before the command, else the one that would be used."""
    at: typer.Context | None = ctx
    named: str | None = None
    while at is not None and named is None:
        named = at.params.get("store")
        at = at.parent  # type: ignore[assignment]
    opened = Store(locate(named).database, create=False)
    try:
        yield opened
    finally:
        opened.close()


def _named_run(ctx: typer.Context, store: Store) -> str:
    return store.resolve_run(_argument(ctx, "run"))


def _argument(ctx: typer.Context, name: str) -> str:
    """The argument that was given before, "" where none was.

    It is left over, in `args`, where the word being written is the value of an option.
    """
    return str(next(iter(ctx.args), "") or ctx.params.get(name) or "")


def _runs(store: Store, incomplete: str, view: ViewType) -> Iterator[Offer]:
    if view is ViewType.ACTIVE_ONLY:
        yield "latest", "the newest run"
        if incomplete and BEST.startswith(incomplete[: len(BEST)]):
            for metric in store.key_names().metrics:
                yield f"{BEST}{metric}", f"the run with the best {metric}"
        else:
            yield BEST, "the run that is best by a metric"
    found = store.suggest_runs(incomplete, LIMIT, view)
    length = max(ID_LENGTH, len(incomplete))
    if len({run.run_id[:length] for run in found}) < len(found):
        length = 32
    now = now_ms()
    for run in found:
        facts = f"{run.name} · {run.experiment} · {ago(run.start_time, now)}"
        yield run.run_id[:length], facts
    names = [run.name for run in found]
    for run in found:
        # A name that several runs have names none of them.
        if incomplete and names.count(run.name) == 1:
            yield run.name, f"{run.experiment} · {ago(run.start_time, now)}"


def _experiments(store: Store, view: ViewType) -> Iterator[Offer]:
    counts = store.experiment_counts() if view is ViewType.ACTIVE_ONLY else {}
    for item in store.list_experiments(view):
        count = counts.get(item.experiment_id)
        yield item.name, f"{count.active} runs" if count else ""


def _plain(words: Iterable[str]) -> Iterator[Offer]:
    return ((word, "") for word in words)


def _keys(store: Store) -> Iterator[Offer]:
    names: KeyNames = store.key_names()
    for kind in ("metrics", "params", "tags"):
        for name in getattr(names, kind):
            if " " not in name:
                yield f"{kind}.{name}", kind[:-1]
    for name in ATTRIBUTES:
        yield name, "attribute"


@contextmanager
def for_bash() -> Iterator[None]:
    """Around the command line: give bash what it can put on its line.

    bash cuts words at colons and equals signs, and takes back only what follows the last one; and
    what it is offered has to be quoted. Does nothing but where bash asks.
    """
    if os.environ.get("_TUIFLOW_COMPLETE") != "complete_bash":
        yield
        return
    words = os.environ.get("COMP_WORDS", "").split("\n")
    at = int(os.environ.get("COMP_CWORD") or 0)
    before = glue(words[:at])
    current = glue(words[: at + 1])[-1] if at < len(words) else ""
    if len(glue(words[: at + 1])) == len(before) and at < len(words):
        before.pop()  # the word that is being written had begun before a colon
    os.environ["COMP_WORDS"] = "\n".join([*before, current])
    os.environ["COMP_CWORD"] = str(len(before))
    quoted = current[:1] in ("'", '"')
    kept = "" if quoted else current[: max(current.rfind(":"), current.rfind("=")) + 1]
    answer = io.StringIO()
    try:
        with redirect_stdout(answer):
            yield
    finally:
        for word in filter(None, answer.getvalue().splitlines()):
            word = word.removeprefix(kept)
            print(word if quoted else _QUOTED.sub(r"\\\g<0>", word))


_QUOTED = re.compile(r"[^\w.@%+=/:~-]")


def glue(words: list[str]) -> list[str]:
    """Words of a line as they were before bash cut them at colons and equals signs."""
    whole: list[str] = []
    open_end = False
    for word in words:
        cut = bool(word) and not word.strip(":=")
        if whole and (open_end or cut):
            whole[-1] += word
        else:
            whole.append(word)
        open_end = cut
    return whole
