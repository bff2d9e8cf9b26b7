"""NVIDIA GPUs through NVML, where nvidia-ml-py and a driver are there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable


def open_gpus() -> Callable[[], dict[str, float]]:
    """A function that reads all GPUs, under MLflow's names; it has nothing to say without any.

    Memory in megabytes (10^6 bytes) and percent of the whole, utilization in percent, power in
    watts and percent of the limit. What a GPU can't tell is left out.
    """
    try:
        import pynvml

        pynvml.nvmlInit()
        handles = [
            pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())
        ]
    except Exception:  # not installed, no driver, no GPU: NVML has an error for each
        return dict

    def read() -> dict[str, float]:
        found: dict[str, float] = {}
        for index, handle in enumerate(handles):
            with contextlib.suppress(pynvml.NVMLError):
                memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
                found[f"gpu_{index}_memory_usage_percentage"] = memory.used / memory.total * 100
                found[f"gpu_{index}_memory_usage_megabytes"] = memory.used / 1e6
            with contextlib.suppress(pynvml.NVMLError):
                rates = pynvml.nvmlDeviceGetUtilizationRates(handle)
                found[f"gpu_{index}_utilization_percentage"] = float(rates.gpu)
            with contextlib.suppress(pynvml.NVMLError):
                power = pynvml.nvmlDeviceGetPowerUsage(handle)  # milliwatts
                found[f"gpu_{index}_power_usage_watts"] = power / 1000
                limit = pynvml.nvmlDeviceGetEnforcedPowerLimit(handle)
                found[f"gpu_{index}_power_usage_percentage"] = power / limit * 100
        return found

    return read
