"""`tuiflow artifacts ls|get|cat`: the files of a run."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from tuiflow.cli import completion
from tuiflow.cli import output as out
from tuiflow.cli.asking import confirm
from tuiflow.cli.options import (
    FormatOption,
    OutputOption,
    RunArgument,
    StoreOption,
    YesOption,
    open_existing,
)
from tuiflow.cli.output import Column, Format
from tuiflow.cli.selecting import counted
from tuiflow.errors import InvalidInput, NotFound
from tuiflow.lines import is_text
from tuiflow.store import Store
from tuiflow.text import clean, clean_block, size

PathArgument = Annotated[
    str,
    typer.Argument(
        metavar="PATH",
        help="A file or folder in the run; else everything.",
        autocompletion=completion.artifacts,
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    group = typer.Typer(help="List, copy and print the files of a run.", no_args_is_help=True)
    group.command("ls")(ls)
    group.command("get")(get)
    group.command("cat")(cat)
    app.add_typer(group, name="artifacts")


def ls(
    run: RunArgument,
    path: PathArgument = "",
    recursive: Annotated[
        bool, typer.Option("--recursive", "-R", help="What is in folders, too.")
    ] = False,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """List a run's artifacts, or those in one of its folders."""
    opened = open_existing(store)
    run_id = opened.resolve_run(run)
    path = path.rstrip("/")
    if path and not opened.artifact_path(run_id, path).is_dir():
        parent = str(PurePosixPath(path).parent)
        items = opened.list_artifacts(run_id, "" if parent == "." else parent)
        found = [item for item in items if item.path == path]
    elif recursive:
        found = list(opened.walk_artifacts(run_id, path))
    else:
        found = opened.list_artifacts(run_id, path)
    columns = [Column("artifact"), Column("size", right=True)]
    rows = [[item.path + ("/" if item.is_dir else ""), size(item.file_size)] for item in found]
    with out.output(output) as stream:
        if output_format is Format.JSON:
            records = [
                {"path": item.path, "is_dir": item.is_dir, "file_size": item.file_size}
                for item in found
            ]
            out.write_json(records, stream)
        elif output_format is Format.CSV:
            cells = [
                [item.path, item.is_dir, "" if item.file_size is None else item.file_size]
                for item in found
            ]
            out.write_csv_rows(["path", "is_dir", "file_size"], cells, stream)
        elif output_format is Format.MD:
            out.write_markdown(columns, rows, stream)
        elif rows:
            out.write_table(columns, rows, stream)
        else:
            typer.echo("No artifacts here.", err=True)


def get(
    run: RunArgument,
    path: PathArgument = "",
    folder: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where to put it.")
    ] = Path(),
    yes: YesOption = False,
    store: StoreOption = None,
) -> None:
    """Copy an artifact, a folder of them, or all of a run's (as RUN_ID) into a local folder.

    What is there already is replaced only after asking, or with --yes, and as a whole.
    """
    opened = open_existing(store)
    run_id = opened.resolve_run(run)
    path = path.strip("/")
    name = PurePosixPath(path).name
    if not path and not opened.list_artifacts(run_id):
        raise NotFound(f"Run {run_id[:8]} has no artifacts.")
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{str(folder)!r} is a file; -o takes a folder.")
    copy_out(opened, run_id, path, folder / (name or run_id), yes)


def copy_out(store: Store, run_id: str, path: str, target: Path, yes: bool) -> None:
    """Copy artifacts to the new path `target`, ask where something is there, and say what came."""
    is_folder = path == "" or store.artifact_path(run_id, path).is_dir()
    if target.is_symlink() or target.exists():
        confirm(f"{clean(str(target))} is there already: replace it", yes)
    copied = store.copy_artifact_out(run_id, path, target, replace=True)
    files = f"{counted(copied.files, 'file')}, " if is_folder else ""
    ending = "/" if is_folder else ""
    typer.echo(f"{clean(str(target))}{ending} ({files}{size(copied.size)})", err=True)
    for left_out in copied.left_out:
        typer.echo(f"left out {clean(left_out)}: a link", err=True)


def cat(
    run: RunArgument,
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH", help="A file in the run.", autocompletion=completion.artifacts
        ),
    ],
    store: StoreOption = None,
) -> None:
    """Print an artifact: as it is into a pipe or file, made harmless on a terminal."""
    opened = open_existing(store)
    run_id = opened.resolve_run(run)
    file = opened.artifact_path(run_id, path)
    if file.is_dir():
        raise InvalidInput(
            f"{path!r} is a folder; list it with: tuiflow artifacts ls {run_id[:8]} {path}"
        )
    try:
        if sys.stdout.isatty():
            _show(file, run_id, path)
        else:
            _copy(file)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InvalidInput(f"{path!r} can't be read: {error.strerror}.") from None


_CHUNK = 1 << 20


def _copy(file: Path) -> None:
    sys.stdout.flush()
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _show(file: Path, run_id: str, path: str) -> None:
    with file.open("rb") as source:
        head = source.read(_CHUNK)
        if not is_text(head):
            raise InvalidInput(
                f"{path!r} is a binary file; copy it with: tuiflow artifacts get {run_id[:8]}"
                f" {path}"
            )
    with file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for line in lines:
            sys.stdout.write(clean_block(line))
