"""The `tuiflow` command: the one place where the command line and the app meet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuiflow.store import Location, Store


def main() -> None:
    """The entry point of the console script."""
    try:
        from tuiflow.cli.main import run
    except KeyboardInterrupt:  # such as one that is meant for the shell's completion
        sys.exit(130)
    run(_open_app)


def _open_app(store: Store, location: Location) -> None:
    from tuiflow.tui.app import run_app

    code = run_app(store, location)
    if code:  # it crashed
        sys.exit(code)


if __name__ == "__main__":
    main()
