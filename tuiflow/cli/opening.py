"""Open the app on a store: what `tuiflow`, `tuiflow ui` and `tuiflow demo` end in."""

from __future__ import annotations

import sys

from tuiflow.store import Location, Store


def has_terminal() -> bool:
    """Whether the app could be shown here."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def open_app(location: Location) -> None:
    """Show the app, and return when it has ended."""
    from tuiflow.tui.app import run_app

    run_app(Store(location.database), location)
