"""Which process writes a run, and whether it still lives.

A pid alone says nothing: it may have been given to another process, or belong to another machine
or pid namespace. So a process is told by host, boot id with namespace, pid and start time.
"""

from __future__ import annotations

import functools
import os
import time
from pathlib import Path

from tuiflow.config import STALE_AFTER_MS
from tuiflow.entities import Process


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def this_process() -> Process:
    """The identity of the calling process, its heartbeat set to now."""
    host, boot_id = _machine()
    return Process(host, os.getpid(), _my_start(os.getpid()), boot_id, now_ms())


def identify(pid: int) -> Process:
    """The identity of a process of this machine; `started` is 0 when it is gone."""
    host, boot_id = _machine()
    return Process(host, pid, start_time(pid) or 0, boot_id, now_ms())


def is_alive(process: Process, now: int) -> bool:
    """True while the process lives: looked up on its own machine, else by its heartbeat.

    `now` is epoch ms. A process of another machine (or container) counts as dead when its last
    heartbeat is older than `config.STALE_AFTER_MS`.
    """
    if (process.host, process.boot_id) == _machine():
        started = start_time(process.pid)
        return started is not None and started == process.started
    return now - process.heartbeat <= STALE_AFTER_MS


def start_time(pid: int) -> int | None:
    """Start time in clock ticks since boot (proc_pid_stat(5), field 22); None when it is gone.

    Where there is no /proc, 0 for any process that exists.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError:
        return None if Path("/proc/self").exists() else _exists(pid)
    except OSError:
        return None
    # The command's name, in parentheses, may hold anything: fields count from the last ")".
    fields = stat[stat.rindex(b")") + 2 :].split()
    if fields[0] in (b"Z", b"X"):
        return None
    return int(fields[19])


def _exists(pid: int) -> int | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return 0


@functools.cache
def _my_start(pid: int) -> int:
    return start_time(pid) or 0


@functools.cache
def _machine() -> tuple[str, str]:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        boot, namespace = "unknown", 0
    return os.uname().nodename, f"{boot}/{namespace}"
