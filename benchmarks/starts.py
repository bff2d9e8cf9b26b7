"""How long until something is to be seen, and what it takes in memory: the app, MLflow's server."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from ptys import Pty, app_command

_LONGEST = 300.0


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds until there was an answer, and then the bytes that are the processes' own."""

    seconds: float
    memory: int


def importing(python: Path, module: str) -> float:
    """Seconds of `import MODULE` in a new process."""
    code = f"import time; a = time.perf_counter(); import {module}; print(time.perf_counter() - a)"
    done = subprocess.run(
        [python, "-c", code], check=True, capture_output=True, text=True, timeout=_LONGEST
    )
    return float(done.stdout)


def app(folder: Path, name: str) -> Start:
    """Until the run `name`, the newest, stands in the table of the app."""
    start = time.perf_counter()
    with Pty(app_command(folder), columns=120, rows=40) as terminal:
        terminal.wait(name, _LONGEST)
        seconds = time.perf_counter() - start
        terminal.for_seconds(2)
        return Start(seconds, _memory(terminal.process.pid))


def server(python: Path, uri: str, folder: Path) -> Start:
    """Until `mlflow server` answers; it and its workers are ended then."""
    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, "-m", "mlflow", "server", "--backend-store-uri", uri, "--port", str(port)]
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - start > _LONGEST:
                raise SystemExit("mlflow server did not answer.")
            time.sleep(0.02)
        seconds = time.perf_counter() - start
        time.sleep(2)
        return Start(seconds, _memory(process.pid))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _memory(pid: int) -> int:
    """Bytes that would be free again if the process and its children ended."""
    process = psutil.Process(pid)
    total = 0
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += one.memory_full_info().uss
    return total
