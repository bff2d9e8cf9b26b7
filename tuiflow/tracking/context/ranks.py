"""Which of the processes of a distributed job this is, as its launcher says in the environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from tuiflow.config import ENV_ALL_RANKS


@dataclass(frozen=True, slots=True)
class Rank:
    """Process `rank` of `size`, as `variable` said; `rank` is None where it is only known whether
    the process is the `first`."""

    rank: int | None
    size: int
    variable: str
    first: bool


_LAUNCHERS = (
    ("RANK", "WORLD_SIZE"),  # torchrun, DeepSpeed, Accelerate (torch.distributed's env://)
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),  # mpirun of Open MPI
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),  # MVAPICH2
    ("PMI_RANK", "PMI_SIZE"),  # MPICH, Intel MPI
    ("HOROVOD_RANK", "HOROVOD_SIZE"),
    # srun sets the size of its step; a batch script or salloc's shell, which are one process,
    # have SLURM_NTASKS but no SLURM_STEP_NUM_TASKS above 1 (srun(1), "OUTPUT ENVIRONMENT").
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)


def find_rank(environment: Mapping[str, str]) -> Rank | None:
    """The place of this process in its job; None where it is alone.

    A launcher nearer to the process comes first: under `srun torchrun`, torchrun says it.
    """
    for name, size_name in _LAUNCHERS:
        rank, size = _number(environment.get(name)), _number(environment.get(size_name))
        if rank is not None and size is not None:
            return Rank(rank, size, name, rank == 0) if rank < size and size > 1 else None
    # Lightning starts a script once for each device of a node and tells it so (no RANK).
    size = _number(environment.get("WORLD_SIZE")) or 1
    local, node = _number(environment.get("LOCAL_RANK")), _number(environment.get("NODE_RANK"))
    if size > 1 and local is not None:
        return Rank(None if node else local, size, "LOCAL_RANK", not local and not node)
    return None


def silent_rank(environment: Mapping[str, str]) -> Rank | None:
    """This process's rank where it leaves logging to rank 0; None where it logs."""
    place = find_rank(environment)
    if place is None or place.first or environment.get(ENV_ALL_RANKS, "0") not in ("0", ""):
        return None
    return place


def say_who_logs(place: Rank) -> None:
    """Say, on rank 1 for all, that only rank 0 logs."""
    if place.rank == 1:
        print(
            f"tuiflow: of {place.size} processes ({place.variable}) only the first logs;"
            f" {ENV_ALL_RANKS}=1 lets all log.",
            file=sys.stderr,
        )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
