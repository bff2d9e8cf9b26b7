"""Open the app on a store: what `tuiflow`, `tuiflow ui` and `tuiflow demo` end in."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from tuiflow.cli.output import is_terminal
from tuiflow.store import Location, Store

AppOpener = Callable[[Store, Location], None]
"""Shows the app on a store and returns when it has ended; handed in from above, as `obj`."""


def has_terminal() -> bool:
    """Whether the app could be shown here."""
    return sys.stdin.isatty() and is_terminal(sys.stdout)


def open_app(context: typer.Context, location: Location) -> None:
    """Show the app, and return when it has ended. A store that is not there yet is made."""
    opener: AppOpener = context.find_root().obj
    opener(Store(location.database), location)
