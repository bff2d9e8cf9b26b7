"""The `tuiflow` command: the one place where the command line and the app meet."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuiflow.store import Location, Store


def main() -> None:
    """The entry point of the console script."""
    _stand_in_for_closed()
    try:
        from tuiflow.cli.main import run
    except KeyboardInterrupt:  # such as one that is meant for the shell's completion
        sys.exit(130)
    run(_open_app)


def _stand_in_for_closed() -> None:
    """Put something in the place of standard streams that are closed: an empty input, an output
    that can't be written to, and no one to complain to."""
    for name, flags in (
        ("stdin", os.O_RDONLY),
        ("stdout", os.O_RDONLY),  # what is printed would be lost, and that is a failure
        ("stderr", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            # The lowest free one, so that no file that is opened later is taken for the stream.
            number = os.open(os.devnull, flags)
            os.set_inheritable(number, True)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _open_app(store: Store, location: Location) -> None:
    from tuiflow.tui.app import run_app

    code = run_app(store, location)
    if code:  # it crashed, or was ended by a signal
        sys.exit(code)


if __name__ == "__main__":
    main()
