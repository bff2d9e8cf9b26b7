"""`tuiflow runs delete|restore|tag|note|move`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tuiflow.cli import completion
from tuiflow.cli.asking import confirm
from tuiflow.cli.options import (
    ExperimentsOption,
    FilterOption,
    RunArgument,
    RunsArgument,
    StoreOption,
    YesOption,
    experiment_word,
    find_experiment,
    open_existing,
    store_words,
)
from tuiflow.cli.progress import go_through, stopped
from tuiflow.cli.selecting import FIRST, Selected, assignment, counted, select, title
from tuiflow.entities import TAG_NOTE, Run, RunTag, ViewType
from tuiflow.errors import InvalidInput, InvalidState
from tuiflow.protocols import RunQuery
from tuiflow.store import Store, many, now_ms
from tuiflow.text import clean, clean_block

IDS_SHOWN = 10
"""Most runs that are named one by one in what undoes a change."""


NestedOption = Annotated[
    bool, typer.Option("--nested", help="Also the runs that are nested in them, at any depth.")
]


def register(group: typer.Typer) -> None:
    """Add the commands to `tuiflow runs`."""
    group.command("delete")(delete)
    group.command("restore")(restore)
    group.command("tag")(tag)
    group.command("note")(note)
    group.command("move")(move)


def delete(
    runs: RunsArgument = None,
    filter_text: FilterOption = "",
    experiment: ExperimentsOption = None,
    nested: NestedOption = False,
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Delete runs: those named, or all that a filter finds. They can be restored."""
    opened = open_existing(store)
    found = select(opened, runs or (), filter_text, experiment)
    if nested:
        found = found.with_nested(opened)
    running = found.running(opened)
    still = f", {running:,} still running," if running else ""
    confirm(f"Delete {found.title}{still}", yes)
    when = now_ms()
    count, left = _carry_out(opened, "deleting", many.Delete(when), found)
    few = len(found.first) == len(found) <= IDS_SHOWN
    # A filter would find others later: those deleted before, and other times ago.
    again = _ids(found.first) if few else f"--deleted-at {when}"
    again = clean(again + store_words(store))
    if not left:
        typer.echo(f"deleted {found.title}")
    if count:
        typer.echo(f"restore with: tuiflow runs restore {again}", err=True)
    if left:
        stopped(f"{count:,} of {counted(len(found))} are deleted")


def restore(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="Ids, unique prefixes or names.",
            autocompletion=completion.deleted_runs,
            show_default=False,
        ),
    ] = None,
    filter_text: FilterOption = "",
    experiment: ExperimentsOption = None,
    deleted_at: Annotated[
        int | None,
        typer.Option(
            metavar="MS",
            help="Those deleted at this time, as `runs delete` prints it.",
            show_default=False,
        ),
    ] = None,
    nested: NestedOption = False,
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Restore deleted runs: those named, or all that a filter finds."""
    opened = open_existing(store)
    if deleted_at is None:
        found = select(opened, runs or (), filter_text, experiment, ViewType.DELETED_ONLY)
    elif runs or filter_text or experiment:
        raise InvalidInput("--deleted-at selects the runs; name none, nor a filter or experiment.")
    else:
        # Greater numbers than SQLite's are no times.
        keys = opened.deleted_at(deleted_at) if abs(deleted_at) <= sys.maxsize else []
        if not keys:
            raise InvalidInput("No runs were deleted at that time, or they were restored.")
        found = Selected(keys, opened.load_runs(keys[:FIRST]))
    if nested:
        found = found.with_nested(opened, deleted=True)
    _check_homes(opened, found)
    if not runs:
        confirm(f"Restore {found.title}", yes)
    count, left = _carry_out(opened, "restoring", many.Restore(), found)
    if left:
        stopped(f"{count:,} of {counted(len(found))} are restored")
    typer.echo(f"restored {found.title}")


def _check_homes(store: Store, found: Selected) -> None:
    """Raise InvalidState where a run's experiment is deleted."""
    for home in store.list_experiments(ViewType.DELETED_ONLY):
        inside = RunQuery((home.experiment_id,), view=ViewType.DELETED_ONLY)
        lost = set(found.keys).intersection(store.search_keys(inside))
        if lost:
            (run,) = store.load_runs([min(lost)])
            raise InvalidState(
                f"The experiment of run {title(run)} is deleted; restore it with:"
                f" tuiflow experiments restore {experiment_word(home.name, home.experiment_id)}"
            )


def _carry_out(
    store: Store, doing: str, change: many.Change[Any], found: Selected
) -> tuple[int, bool]:
    """How many runs were changed, and whether ctrl+C has left the rest."""
    return go_through(f"{doing} runs", store.change_runs(change, found.keys), len(found))


def tag(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN",
            help="The run, unless --filter or -x select several.",
            autocompletion=completion.runs,
            show_default=False,
        ),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="Tags to set.", show_default=False),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(
            "--remove",
            metavar="KEY",
            help="A tag to take away (repeatable).",
            autocompletion=completion.tags,
        ),
    ] = None,
    filter_text: FilterOption = "",
    experiment: ExperimentsOption = None,
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Set tags of a run, or of all runs that a filter finds; --remove takes tags away."""
    opened = open_existing(store)
    several = bool(filter_text or experiment)
    words = [*([run] if run is not None else []), *(tags or ())]
    names, assignments = ([], words) if several else (words[:1], words[1:])
    set_to = dict(map(assignment, assignments))
    gone = list(dict.fromkeys(remove or ()))
    if not set_to and not gone:
        raise InvalidInput("Give tags to set, as KEY=VALUE, or --remove KEY.")
    if both := sorted(set_to.keys() & set(gone)):
        raise InvalidInput(f"Tag {both[0]!r} can't be set and removed at once.")
    found = select(opened, names, filter_text, experiment)
    old = found.first[0].data.tags
    if not several and (missing := [key for key in gone if key not in old]):
        raise InvalidInput(f"Run {title(found.first[0])} has no tag {missing[0]!r}.")
    if several:
        confirm(f"Change tags of {found.title}", yes)
    change = many.SetTags.to({**set_to, **dict.fromkeys(gone)})
    count, left = _carry_out(opened, "changing tags of", change, found)
    if several:
        said = f"changed tags of {counted(count)} of {len(found):,}"
        if left:
            stopped(said)
        typer.echo(said)
        return
    named = title(found.first[0])
    for key, value in set_to.items():
        was = f" (was {clean(old[key], 60)})" if old.get(key, value) != value else ""
        typer.echo(f"{named}: {clean(key)}={clean(value, 60)}{was}")
    for key in gone:
        typer.echo(f"{named}: removed {clean(key)} (was {clean(old[key], 60)})")


def note(
    run: RunArgument,
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT", help="The new note; - reads it from standard input; '' removes it."
        ),
    ] = None,
    edit: Annotated[bool, typer.Option("--edit", "-e", help="Write it in $EDITOR.")] = False,
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Print a run's note, or write it: as TEXT, from standard input or in an editor.

    Notes are Markdown (the tag mlflow.note.content).
    """
    if edit and text is not None:
        raise InvalidInput("Give the note as TEXT or with --edit, not both.")
    opened = open_existing(store)
    found = opened.get_run(opened.resolve_run(run))
    if text is None and not edit:
        if found.note:
            typer.echo(found.note if not sys.stdout.isatty() else clean_block(found.note))
        else:
            typer.echo(f"Run {title(found)} has no note.", err=True)
        return
    if edit:
        new = _edited(found.note)
    else:
        new = sys.stdin.read() if text == "-" else text or ""
    new = new.strip()
    if new == found.note:
        typer.echo(f"the note of {title(found)} stays as it is")
        return
    if found.note and not edit:
        what = "Replace" if new else "Remove"
        confirm(f"{what} the note of run {title(found)} ({_lines(found.note)})", yes)
    _write_note(opened, found, new)
    done = f"wrote the note of {title(found)}" if new else f"removed the note of {title(found)}"
    typer.echo(done + (f" ({_lines(new)})" if new else ""))


def _write_note(store: Store, run: Run, text: str) -> None:
    if text:
        store.log_batch(run.info.run_id, tags=[RunTag(TAG_NOTE, text)])
    else:
        store.delete_tag(run.info.run_id, TAG_NOTE)


def _lines(text: str) -> str:
    return counted(text.count("\n") + 1, "line")


def _edited(text: str) -> str:
    """What the user's editor leaves of `text`. Raises InvalidInput when it fails."""
    import os
    import subprocess
    import tempfile

    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="tuiflow-") as folder:
        file = Path(folder) / "note.md"
        file.write_text(text, encoding="utf-8")
        try:
            code = subprocess.run([*shlex.split(command), str(file)], check=False).returncode
        except (OSError, ValueError) as error:
            raise InvalidInput(f"The editor {command!r} can't be started: {error}.") from None
        if code:
            raise InvalidInput(f"The editor {command!r} ended with {code}; the note stays.")
        return file.read_text(encoding="utf-8", errors="replace")


def move(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="The runs, unless --filter or -x select them.",
            autocompletion=completion.runs_or_experiments,
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Argument(
            metavar="EXPERIMENT",
            help="Where to, by name or id.",
            autocompletion=completion.experiments,
            show_default=False,
        ),
    ] = None,
    filter_text: FilterOption = "",
    experiment: ExperimentsOption = None,
    nested: NestedOption = False,
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Move runs to an experiment that is there. Their artifacts stay where they are."""
    opened = open_existing(store)
    names = runs or []
    if to is None or (not names and not filter_text and not experiment):
        raise InvalidInput("Give the runs and, last, the experiment to move them to.")
    target = find_experiment(opened, to, hint="make it with: tuiflow experiments create")
    found = select(opened, names, filter_text, experiment)
    if nested:
        found = found.with_nested(opened)
    there = set(opened.search_keys(RunQuery((target.experiment_id,), view=ViewType.ALL)))
    keys = [key for key in found.keys if key not in there]
    where = clean(target.name)
    if not keys:
        typer.echo(f"{found.title} {'is' if len(found) == 1 else 'are'} in {where} already")
        return
    moving = Selected(keys, opened.load_runs(keys[:FIRST]))
    if not names:
        confirm(f"Move {moving.title} to {where}", yes)
    count, left = _carry_out(opened, "moving", many.Move(target.experiment_id), moving)
    if left:
        stopped(f"{count:,} of {counted(len(moving))} are in {where} now")
    typer.echo(f"moved {moving.title} to {where}")
    before = {(run.info.experiment_name, run.info.experiment_id) for run in moving.first}
    if len(before) == 1 and len(moving) <= IDS_SHOWN:
        back = clean(experiment_word(*before.pop()) + store_words(store))
        typer.echo(f"move back with: tuiflow runs move {_ids(moving.first)} {back}", err=True)


def _ids(runs: Sequence[Run]) -> str:
    return " ".join(run.info.run_id[:8] for run in runs)
