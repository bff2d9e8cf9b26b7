"""Run a builder (uv, docker) so that the user sees what it does and is told why it failed."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import dropwhile
from pathlib import Path

from tuiflow.errors import TuiflowError
from tuiflow.text import clean

_LAST_LINES = 15


def run_shown(
    argv: Sequence[str],
    cwd: Path,
    say: Callable[[str], None],
    wrong: str,
    *,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> None:
    """Run `argv` to its end, its output on the terminal's stderr or, without one, line by line to
    `say`.

    Raises TuiflowError, `wrong` and its last lines, for an exit code other than 0 and where it
    can't be started. ctrl+C, which reaches the program too, ends it before it is raised here.
    """
    shown = sys.stderr is not None and sys.stderr.isatty()
    last: deque[str] = deque(maxlen=_LAST_LINES)
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=sys.stderr.fileno() if shown else subprocess.PIPE,
            stderr=None if shown else subprocess.STDOUT,
            pass_fds=tuple(pass_fds),
        )
    except OSError as error:
        raise TuiflowError(f"{wrong}: {argv[0]} can't be started ({error.strerror}).") from None
    try:
        if process.stdin is not None and stdin is not None:
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(stdin.encode())
        for raw in process.stdout or ():
            line = clean(raw.decode(errors="replace").rstrip())
            last.append(line)
            say(line)
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    finally:
        if process.stdout is not None:
            process.stdout.close()
    if code:
        raise TuiflowError(f"{wrong}; see above." if shown else f"{wrong}:{_reason(last)}")


def _reason(lines: Iterable[str]) -> str:
    """The lines from the one that tells the error on, or all of them, indented."""
    told = list(dropwhile(lambda line: not line.lower().startswith("error"), lines))
    return "".join(f"\n  {line}" for line in told or lines)
