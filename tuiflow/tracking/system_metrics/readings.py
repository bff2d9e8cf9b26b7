"""What the machine does now, under MLflow's names (mlflow/system_metrics/metrics/).

Megabytes are 10^6 bytes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

from tuiflow.tracking.system_metrics.gpu import open_gpus

NETWORK = ("network_receive_megabytes", "network_transmit_megabytes")
"""Counted since the start, so that the last of several samples tells all; others are averaged."""

_MEGABYTE = 1e6


class Machine:
    """Reads CPU, memory, the root file system, network and GPUs. Use it from one thread."""

    def __init__(self) -> None:
        import psutil

        psutil.cpu_percent()  # percentages are since the call before
        self._read_gpus = open_gpus()
        self._network_start = self._network()

    def read(self) -> dict[str, float]:
        """One sample; what can't be read is left out."""
        found: dict[str, float] = {}
        parts: tuple[Callable[[], dict[str, float]], ...] = (
            _cpu,
            _disk,
            self._network_since,
            self._read_gpus,
        )
        for part in parts:
            with contextlib.suppress(Exception):  # such as /proc hidden in a container
                found.update(part())
        return found

    def _network_since(self) -> dict[str, float]:
        now = self._network()
        return {
            name: (value - before) / _MEGABYTE
            for name, value, before in zip(NETWORK, now, self._network_start, strict=True)
        }

    def _network(self) -> tuple[int, ...]:
        """Bytes received and sent since the machine started."""
        import psutil

        with contextlib.suppress(OSError, RuntimeError):
            if (counters := psutil.net_io_counters()) is not None:
                return (counters.bytes_recv, counters.bytes_sent)
        return (0, 0)


def _cpu() -> dict[str, float]:
    import psutil

    memory = psutil.virtual_memory()
    return {
        "cpu_utilization_percentage": psutil.cpu_percent(),
        "system_memory_usage_megabytes": memory.used / _MEGABYTE,
        "system_memory_usage_percentage": memory.used / memory.total * 100,
    }


def _disk() -> dict[str, float]:
    import psutil

    disk = psutil.disk_usage(os.sep)
    return {
        "disk_usage_percentage": disk.percent,
        "disk_usage_megabytes": disk.used / _MEGABYTE,
        "disk_available_megabytes": disk.free / _MEGABYTE,
    }
