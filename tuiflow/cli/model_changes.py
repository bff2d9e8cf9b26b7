"""`tuiflow models register|alias|unalias|tag|delete`."""

from __future__ import annotations

from typing import Annotated

import typer

from tuiflow.cli import completion
from tuiflow.cli.asking import confirm
from tuiflow.cli.options import StoreOption, YesOption, open_existing
from tuiflow.cli.selecting import assignment, counted
from tuiflow.entities import ModelVersion, RegisteredModel
from tuiflow.errors import InvalidInput
from tuiflow.store import Store
from tuiflow.text import clean

NameArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", help="See `tuiflow models`.", autocompletion=completion.models),
]
ThingArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME[/VERSION]",
        help="A registered model, or one version of it.",
        autocompletion=completion.models,
    ),
]
VersionArgument = Annotated[str, typer.Argument(metavar="VERSION", help="Its number.")]
AliasArgument = Annotated[str, typer.Argument(metavar="ALIAS", help="Such as champion.")]


def register(group: typer.Typer) -> None:
    """Add the commands to `tuiflow models`."""
    group.command("register")(register_model)
    group.command("alias")(alias)
    group.command("unalias")(unalias)
    group.command("tag")(tag)
    group.command("delete")(delete)


def register_model(
    model_uri: Annotated[
        str,
        typer.Argument(
            metavar="MODEL_URI", help="runs:/RUN/PATH, models:/OTHER/VERSION, or a folder."
        ),
    ],
    name: NameArgument,
    aliases: Annotated[
        list[str] | None,
        typer.Option("--alias", "-a", metavar="ALIAS", help="What it is called too (repeatable)."),
    ] = None,
    tags: Annotated[
        list[str] | None,
        typer.Option("--tag", "-t", metavar="KEY=VALUE", help="A tag of it (repeatable)."),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Make a model the next version of NAME, which is made where there is none.

    Nothing is copied: the version points to the model where it is.
    """
    from tuiflow.models.uri import parse_model_uri
    from tuiflow.store.model_names import check_new_alias
    from tuiflow.tracking import models

    for text in aliases or ():
        check_new_alias(text)
    opened = open_existing(store)
    set_to = dict(map(assignment, tags or ()))
    made = models.register(opened, parse_model_uri(model_uri), name, set_to)
    typer.echo(f"registered {clean(made.source)} as {_title(made)}")
    for text in dict.fromkeys(aliases or ()):
        _set_alias(opened, name, text, made.version)


def alias(
    name: NameArgument,
    version: VersionArgument,
    alias: AliasArgument,
    store: StoreOption = None,
) -> None:
    """Let an alias mean a version, and no longer the one it meant: models:/NAME@ALIAS."""
    _set_alias(open_existing(store), name, alias, version)


def _set_alias(store: Store, name: str, alias: str, version: int | str) -> None:
    before = store.registry.get_model(name).aliases.get(alias)
    store.registry.set_alias(name, alias, version)
    found = store.registry.get_version_by_alias(name, alias)
    was = "" if before in (None, found.version) else f" (was version {before})"
    typer.echo(f"models:/{clean(name)}@{clean(alias)} is version {found.version}{was}")


def unalias(name: NameArgument, alias: AliasArgument, store: StoreOption = None) -> None:
    """Take an alias away."""
    opened = open_existing(store)
    found = opened.registry.get_version_by_alias(name, alias)
    opened.registry.delete_alias(name, alias)
    typer.echo(f"removed the alias {clean(alias)} of {_title(found)}")


def tag(
    thing: ThingArgument,
    assignments: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE...", help="Tags to set.")
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="KEY", help="A tag to take away (repeatable)."),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Set tags of a registered model or of a version; --remove takes tags away."""
    registry = open_existing(store).registry
    set_to = dict(map(assignment, assignments or ()))
    if not set_to and not remove:
        raise InvalidInput("Give tags to set, as KEY=VALUE, or --remove KEY.")
    name, version = _split(thing)
    found = registry.get_model(name) if version is None else registry.get_version(name, version)
    title = _title(found)
    if missing := [key for key in remove or () if key not in found.tags]:
        raise InvalidInput(f"{title} has no tag {missing[0]!r}.")
    for key, value in set_to.items():
        if version is None:
            registry.set_model_tag(name, key, value)
        else:
            registry.set_version_tag(name, version, key, value)
        typer.echo(f"{title}: {clean(key)}={clean(value, 60)}")
    for key in remove or ():
        if version is None:
            registry.delete_model_tag(name, key)
        else:
            registry.delete_version_tag(name, version, key)
        typer.echo(f"{title}: removed {clean(key)} (was {clean(found.tags[key], 60)})")


def delete(thing: ThingArgument, yes: YesOption = False, store: StoreOption = None) -> None:
    """Delete a version, or a registered model with all of its versions.

    The models themselves stay in their runs.
    """
    registry = open_existing(store).registry
    name, version = _split(thing)
    if version is not None:
        found = registry.get_version(name, version)
        known_as = f", known as {', '.join(map(clean, found.aliases))}" if found.aliases else ""
        confirm(f"Delete {_title(found)}{known_as}", yes)
        registry.delete_version(name, version)
        typer.echo(f"deleted {_title(found)}; its model stays at {clean(found.source)}")
        return
    count = counted(len(registry.list_versions(name)), "version")
    confirm(f"Delete the registered model {clean(name)} with {count}", yes)
    registry.delete_model(name)
    typer.echo(f"deleted {clean(name)} with {count}; the models stay where they are")


def _split(thing: str) -> tuple[str, str | None]:
    name, slash, version = thing.partition("/")
    if slash and not version:
        raise InvalidInput(f"{thing!r} names no version; write NAME/VERSION.")
    return name, version or None


def _title(found: RegisteredModel | ModelVersion) -> str:
    if isinstance(found, RegisteredModel):
        return clean(found.name)
    return f"{clean(found.name)} version {found.version}"
