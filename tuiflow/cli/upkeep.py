"""`tuiflow where`, `doctor`, `gc` and `db`: looking after a store."""

from __future__ import annotations

import shutil
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TextIO

import typer

from tuiflow.cli import output as out
from tuiflow.cli.asking import confirm
from tuiflow.cli.options import (
    FormatOption,
    OutputOption,
    StoreOption,
    YesOption,
    chosen_location,
    open_existing,
)
from tuiflow.cli.output import Column, Format
from tuiflow.cli.progress import progress, stopped
from tuiflow.cli.selecting import counted
from tuiflow.entities import DEFAULT_EXPERIMENT_ID, LifecycleStage
from tuiflow.errors import InvalidInput, StoreError
from tuiflow.text import clean, size

if TYPE_CHECKING:
    from tuiflow.store.upkeep import Problem

_LONG_AGO = 1e15
"""Milliseconds; nothing is older."""
_SHOWN_IDS = 10


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    app.command("where")(where)
    app.command("doctor")(doctor)
    app.command("gc")(gc)
    db = typer.Typer(help="Check, back up, compact, optimize or upgrade the store's database.")
    db.callback()(_group)
    db.command("check")(check)
    db.command("backup")(backup)
    db.command("vacuum")(vacuum)
    db.command("optimize")(optimize)
    db.command("upgrade")(upgrade)
    app.add_typer(db, name="db")


def _group() -> None:
    """Look after the database of a store."""


def where(store: StoreOption = None) -> None:
    """Say which store is used, and why that one."""
    location = chosen_location(store)
    typer.echo(clean(str(location.root)))
    state = "" if location.database.exists() else " It is not there yet."
    typer.echo(clean(f"{location.database.name} in this folder, since {location.reason}.{state}"))


def doctor(
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """Look at store, file system, terminal and tools, and say what to do about what is not right.

    Changes nothing. Exits with 1 where something does not work.
    """
    from tuiflow import checkup

    findings = checkup.look(chosen_location(store))
    titles = ("area", "state", "found", "remedy")
    rows = [[item.area, item.state.value, item.found, item.remedy] for item in findings]
    with out.output(output) as stream:
        if output_format is Format.JSON:
            out.write_json([dict(zip(titles, row, strict=True)) for row in rows], stream)
        elif output_format is Format.CSV:
            out.write_csv_rows(titles, rows, stream)
        elif output_format is Format.MD:
            out.write_markdown([Column(title) for title in titles], rows, stream)
        else:
            for item in findings:
                glyph = {"ok": "✓", "note": "!", "bad": "✗"}[item.state]
                _write_wrapped(f"{glyph} {item.area:<12} ", item.found, stream)
                if item.remedy:
                    _write_wrapped(" " * 15 + "→ ", item.remedy, stream)
    if any(item.state is checkup.State.BAD for item in findings):
        raise typer.Exit(1)


def _write_wrapped(start: str, text: str, stream: TextIO) -> None:
    """A line that begins with `start`; on a terminal it goes on under its text."""
    if not out.is_terminal(stream):
        stream.write(f"{start}{clean(text)}\n")
        return
    width = shutil.get_terminal_size().columns
    lines = textwrap.wrap(clean(text), max(width - len(start) - 1, 20), break_on_hyphens=False)
    stream.write(start + f"\n{' ' * len(start)}".join(lines) + "\n")


def gc(
    older_than: Annotated[
        str,
        typer.Option(
            "--older-than", metavar="SPAN", help="Deleted at least this long ago: 30d, 12h, 1d12h."
        ),
    ] = "0s",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")
    ] = False,
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Remove deleted runs and experiments for good, with their files.

    Deleted runs that versions of registered models come from stay.
    """
    from tuiflow.filters.literals import span

    age = span(older_than)
    if age is None or age < 0:
        raise InvalidInput(
            f"--older-than {clean(older_than)} is no span of time; write 30d, 12h or 1d12h."
        )
    age = min(age, _LONG_AGO)
    opened = open_existing(store)
    found = opened.upkeep.find_garbage(int(age))
    if found.registered:
        typer.echo(
            f"{_runs(len(found.registered))} {'stays' if len(found.registered) == 1 else 'stay'}:"
            f" versions of registered models come from them"
            f" ({_ids(found.registered)}).",
            err=True,
        )
    first = opened.get_experiment(DEFAULT_EXPERIMENT_ID)
    if first.lifecycle_stage == LifecycleStage.DELETED:
        typer.echo(
            f"The experiment {clean(first.name)} stays: it is the one of runs that name none.",
            err=True,
        )
    what = _runs(len(found.run_ids))
    if found.experiments:
        names = ", ".join(clean(name) for name in found.experiments)
        what += f" and {counted(len(found.experiments), 'deleted experiment')} ({names})"
    if not found.run_ids and not found.experiments:
        typer.echo("Nothing deleted is to be removed.")
        return
    if dry_run:
        typer.echo(f"Would remove {what}: {_ids(found.run_ids)}; files of {size(found.bytes)}.")
        return
    confirm(f"Remove {what}, files of {size(found.bytes)}, for good", yes)
    try:
        with progress("removing runs") as bar:
            gone = opened.upkeep.collect_garbage(int(age), bar)
    except KeyboardInterrupt:
        stopped(f"{bar.done:,} of {what} are removed; `tuiflow gc` goes on")
    experiments = f", {counted(len(gone.experiments), 'experiment')}" if gone.experiments else ""
    typer.echo(f"Removed {_runs(len(gone.run_ids))}{experiments} and {size(gone.bytes)} of files.")
    typer.echo("`tuiflow db vacuum` gives the database's free pages back to the disk.")


def _runs(count: int) -> str:
    return f"{count:,} deleted run{'' if count == 1 else 's'}"


def _ids(run_ids: tuple[str, ...]) -> str:
    shown = ", ".join(run_id[:8] for run_id in run_ids[:_SHOWN_IDS])
    rest = len(run_ids) - _SHOWN_IDS
    return f"{shown} and {rest:,} more" if rest > 0 else shown or "no runs"


def check(store: StoreOption = None) -> None:
    """Look for damage in the database, and for what doesn't belong. Exits with 1 if there is any.

    Reads all of it: some seconds for each gigabyte.
    """
    from tuiflow.store.upkeep import unopened

    try:
        opened = open_existing(store)
    except StoreError as error:
        damage = unopened(chosen_location(store).database, error)
        if damage is None:
            raise
        _report([damage])
    try:
        with progress("checking") as bar:
            problems = opened.upkeep.check(lambda step: bar.doing(f"checking {step}"))
    except KeyboardInterrupt:
        stopped("not all was looked at")
    if problems:
        _report(problems)
    typer.echo(f"✓ {clean(str(opened.database))} is sound.")


def _report(problems: Sequence[Problem]) -> NoReturn:
    for problem in problems:
        typer.echo(f"✗ {clean(problem.what)}\n  → {clean(problem.remedy)}")
    raise typer.Exit(1)


def backup(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Beside the database, with the time, if not given."),
    ] = None,
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Copy the database to a file, while it is in use. Artifacts are not copied."""
    opened = open_existing(store)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    target = file or opened.database.with_name(f"{opened.database.stem}-{stamp}.backup.db")
    if target.is_dir():
        target = target / f"{opened.database.stem}-{stamp}.backup.db"
    if target.resolve() == opened.database.resolve():
        raise InvalidInput("The backup can't be the store itself; name another file.")
    if target.exists():
        confirm(f"{clean(str(target))} is there already: replace it", yes)
    try:
        with progress("copying pages") as bar:
            written = opened.upkeep.backup(target, replace=True, progress=bar)
    except KeyboardInterrupt:
        stopped("nothing was written")
    typer.echo(f"Wrote {clean(str(target))} ({size(written)}).")
    typer.echo(f"Artifacts stay in {clean(str(opened.root))}; copy that folder for a whole copy.")


def vacuum(store: StoreOption = None) -> None:
    """Give the database's free pages back to the disk, while it is in use.

    A store made by an older tuiflow is written anew the first time: that needs as much free disk
    as it is large, and no other writer.
    """
    opened = open_existing(store)
    try:
        with progress("giving back free pages") as bar:
            before, after = opened.upkeep.vacuum(bar)
    except KeyboardInterrupt:
        of = "nothing was changed"
        if bar.total is not None:
            of = f"{bar.done:,} of {bar.total:,} free pages are given back"
        stopped(f"{of}; `tuiflow db vacuum` goes on")
    typer.echo(f"{clean(str(opened.database))}: {size(before)} before, {size(after)} now.")


def optimize(store: StoreOption = None) -> None:
    """Bring up to date what makes searches of many runs quick.

    Searches do so themselves, bit by bit; this does all at once, such as after an import.
    """
    opened = open_existing(store)
    try:
        with progress("sealing columns") as bar:
            blocks = opened.upkeep.optimize(bar)
    except KeyboardInterrupt:
        stopped(f"sealed {counted(bar.done, 'block')} of runs; `tuiflow db optimize` goes on")
    sealed = f"sealed {counted(blocks, 'block')} of runs" if blocks else "all was up to date"
    typer.echo(f"{clean(str(opened.database))}: {sealed}.")


def upgrade(store: StoreOption = None) -> None:
    """Bring a store of an older version to this one, after a backup beside it.

    Every command does so when it opens one; this one does nothing else.
    """
    from tuiflow.store.schema import SCHEMA_VERSION
    from tuiflow.store.upgrade import backup_path
    from tuiflow.store.upkeep import version_of

    path = chosen_location(store).database
    before = version_of(path) if path.exists() else SCHEMA_VERSION
    open_existing(store)
    if before == SCHEMA_VERSION:
        typer.echo(f"{clean(str(path))} is of store version {before}, the newest there is.")
        return
    typer.echo(f"Upgraded {clean(str(path))} from store version {before} to {SCHEMA_VERSION}.")
    typer.echo(f"As it was: {clean(str(backup_path(path, before)))}")
