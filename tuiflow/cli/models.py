"""`tuiflow models`: list registered models, and show one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from tuiflow.cli import model_changes, scoring
from tuiflow.cli import output as out
from tuiflow.cli.model_changes import NameArgument
from tuiflow.cli.options import (
    FormatOption,
    OutputOption,
    StoreOption,
    open_existing,
    remember_store,
)
from tuiflow.cli.output import Column, Format
from tuiflow.entities import STAGES, ModelVersion, RegisteredModel
from tuiflow.store import now_ms
from tuiflow.store.export import iso
from tuiflow.text import MISSING, ago, moment

FilterOption = Annotated[
    str,
    typer.Option(
        "--filter", "-f", metavar="FILTER", help="Such as tags.team = 'red' or name LIKE 'w%'"
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    group = typer.Typer(help="List registered models, change them, or use one by its address.")
    group.callback(invoke_without_command=True)(root)
    group.command("list")(list_models)
    group.command("show")(show)
    model_changes.register(group)
    scoring.register(group)
    app.add_typer(group, name="models")


def root(
    context: typer.Context,
    filter_text: FilterOption = "",
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    if context.invoked_subcommand is None:
        list_models(filter_text, output_format, output, store)
    elif store is not None:
        remember_store(store)


def list_models(
    filter_text: FilterOption = "",
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """List registered models by name, with their newest versions and aliases."""
    from tuiflow.tracking.registry import find_models

    found = find_models(open_existing(store), filter_text)
    with out.output(output) as stream:
        if output_format is Format.JSON:
            out.write_json([_model_record(model) for model in found], stream)
            return
        if output_format is Format.CSV:
            out.write_csv_rows(_MODEL_TITLES, [_model_row(model) for model in found], stream)
            return
        columns = [
            Column("name", style="bold"),
            Column("latest", right=True),
            Column("aliases", style="cyan"),
            Column("last change", right=True),
            Column("description"),
        ]
        now = now_ms()
        rows = [
            [
                model.name,
                str(model.newest_version or MISSING),
                ", ".join(f"{key}={number}" for key, number in sorted(model.aliases.items())),
                ago(model.last_change, now),
                model.description or "",
            ]
            for model in found
        ]
        if output_format is Format.MD:
            out.write_markdown(columns, rows, stream)
        elif rows:
            out.write_table(columns, rows, stream)
        elif filter_text:
            typer.echo("No registered models match.", err=True)
        else:
            typer.echo(
                "No registered models. Register one with:"
                " tuiflow models register runs:/RUN/model NAME",
                err=True,
            )


_MODEL_TITLES = (
    "name",
    "latest_version",
    "aliases",
    "description",
    "creation_time",
    "last_update_time",
)


def _model_row(model: RegisteredModel) -> list[object]:
    aliases = " ".join(f"{key}={number}" for key, number in sorted(model.aliases.items()))
    return [
        model.name,
        model.newest_version,
        aliases,
        model.description,
        iso(model.creation_timestamp),
        iso(model.last_updated_timestamp),
    ]


def _model_record(model: RegisteredModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "latest_version": model.newest_version,
        "aliases": dict(sorted(model.aliases.items())),
        "description": model.description,
        "tags": dict(sorted(model.tags.items())),
        "creation_time": iso(model.creation_timestamp),
        "last_update_time": iso(model.last_updated_timestamp),
    }


def show(
    name: NameArgument,
    output_format: FormatOption = Format.TABLE,
    output: OutputOption = None,
    store: StoreOption = None,
) -> None:
    """Show a registered model and its versions, newest first."""
    opened = open_existing(store)
    model = opened.registry.get_model(name)
    versions = opened.registry.list_versions(name)[::-1]
    with out.output(output) as stream:
        if output_format is Format.JSON:
            records = [_version_record(version) for version in versions]
            out.write_json({**_model_record(model), "versions": records}, stream)
            return
        if output_format is Format.CSV:
            rows = [_version_row(version) for version in versions]
            out.write_csv_rows(_VERSION_TITLES, rows, stream)
            return
        write = out.write_markdown if output_format is Format.MD else out.write_table
        facts = [
            ["name", model.name],
            ["created", moment(model.creation_timestamp)],
            *([["description", model.description]] if model.description else []),
            *([f"tags.{key}", value] for key, value in sorted(model.tags.items())),
        ]
        write([Column("attribute"), Column("value", style="bold")], facts, stream)
        if versions:
            stream.write("\n")
            write(*_version_table(versions), stream)


def _version_table(versions: Sequence[ModelVersion]) -> tuple[list[Column], list[list[str]]]:
    columns = [
        Column("version", right=True, style="bold"),
        Column("aliases", style="cyan"),
        Column("source"),
        Column("created", right=True),
        Column("user"),
    ]
    now = now_ms()
    rows = [
        [
            str(version.version),
            ", ".join(version.aliases),
            version.source,
            ago(version.creation_timestamp, now),
            version.user_id,
        ]
        for version in versions
    ]
    optional = {
        "stage": [v.current_stage if v.current_stage != STAGES[0] else "" for v in versions],
        "description": [version.description or "" for version in versions],
        "tags": [", ".join(f"{k}={v}" for k, v in version.tags.items()) for version in versions],
    }
    for title, cells in optional.items():
        if any(cells):
            columns.append(Column(title))
            for row, cell in zip(rows, cells, strict=True):
                row.append(cell)
    return columns, rows


_VERSION_TITLES = (
    "name",
    "version",
    "aliases",
    "stage",
    "source",
    "run_id",
    "user_id",
    "description",
    "creation_time",
    "last_update_time",
)


def _version_row(version: ModelVersion) -> list[object]:
    record = _version_record(version)
    return [
        " ".join(version.aliases) if title == "aliases" else record[title]
        for title in _VERSION_TITLES
    ]


def _version_record(version: ModelVersion) -> dict[str, Any]:
    return {
        "name": version.name,
        "version": version.version,
        "aliases": list(version.aliases),
        "stage": version.current_stage,
        "source": version.source,
        "run_id": version.run_id or None,
        "user_id": version.user_id,
        "description": version.description,
        "tags": dict(sorted(version.tags.items())),
        "creation_time": iso(version.creation_timestamp),
        "last_update_time": iso(version.last_updated_timestamp),
    }
