"""What stands for a write in the background: here it is done when the call returns."""

from __future__ import annotations

from tuiflow import config


class RunOperations:
    """A write that is done: `wait()` returns at once. Mistakes were raised by the call itself."""

    def wait(self) -> None:
        pass


def done(synchronous: bool | None) -> RunOperations | None:
    """What a logging function returns: something to wait for where the script asked for a write
    in the background, by `synchronous=False` or `config.enable_async_logging`."""
    in_background = config.async_logging_is_enabled() if synchronous is None else not synchronous
    return RunOperations() if in_background else None
