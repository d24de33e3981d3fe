"""How many workers a machine takes by its cores and its free memory, and when a worker has to go.

Environment variables change the settings of all commands: ACCELNAS_WORKERS, ACCELNAS_WORKER_GIB,
ACCELNAS_STALL_MINUTES, ACCELNAS_EXECUTOR, ACCELNAS_ADDRESS.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from benchmarks.errors import BenchmarkInputError, report
from benchmarks.runtime.worker import allowed_cores

EXECUTORS = ("local", "ray")
GIB = 2**30
TRAINING_GIB = 5.0
"""Memory that a worker is counted with: the most that one took for trainings of any task at any profile but full."""
SUPERNET_GIB = 6.5
"""The same for supernets and zero-shot scores."""
CGROUP_FOLDER = Path("/sys/fs/cgroup")
CGROUPS = (
    # version 2, then 1: most, used, and statistics with what of it are file pages that give way
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
)


@dataclass(frozen=True)
class Resources:
    """What the workers of a command may take."""

    workers: int | None = None
    """How many at most; None: one for each core, as far as free memory goes."""
    worker_gib: float | None = None
    """Memory that each is counted with, and beyond which an idle one is replaced; None: by the kind of its jobs."""
    stall_minutes: float = 30.0
    """Without any progress for so long, a job is ended and tried again."""
    executor: str = "local"
    """Where trainings run: "local", on this machine, or "ray", on a Ray cluster."""
    address: str = "auto"
    """Of that cluster, as `benchmarks.runtime.ray_executor` has it."""

    def __post_init__(self):
        if self.workers is not None and self.workers < 1:
            raise BenchmarkInputError(f"ACCELNAS_WORKERS is {self.workers}; allowed: 1 and more")
        if self.executor not in EXECUTORS:
            raise BenchmarkInputError(f"executor {self.executor[:40]!r}; allowed: {', '.join(EXECUTORS)}")
        for name in ("worker_gib", "stall_minutes"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise BenchmarkInputError(f"ACCELNAS_{name.upper()} is {value}; allowed: finite numbers above 0")

    @classmethod
    def from_environment(cls) -> Self:
        """The settings that environment variables change.  Raises BenchmarkInputError for what they may not hold."""
        given = {}
        kinds = {"workers": int, "worker_gib": float, "stall_minutes": float, "executor": str, "address": str}
        for name, kind in kinds.items():
            text = os.environ.get(f"ACCELNAS_{name.upper()}", "")
            if text:
                try:
                    given[name] = kind(text)
                except ValueError:
                    allowed = "whole numbers, 1 and more" if kind is int else "finite numbers above 0"
                    raise BenchmarkInputError(f"ACCELNAS_{name.upper()} is {text[:40]!r}; allowed: {allowed}") from None
        return cls(**given)

    def count(self, jobs: float, gib: float) -> int:
        """Workers for so many jobs, each of which takes so much memory: one at least, and a line where memory decides.

        gib: counts where the settings do not say.
        """
        cores = len(allowed_cores())
        most = min(jobs, cores)
        if self.workers is not None:
            return max(1, int(min(jobs, self.workers)))
        each, free = self.worker_gib or gib, free_bytes()
        fitting = int(min(most, max(1, free / (each * GIB))))
        if fitting < most:
            report(
                f"{fitting} workers on {cores} cores: {free / GIB:.1f} GiB of memory are free, and one takes up to "
                f"{each:g} (ACCELNAS_WORKERS and ACCELNAS_WORKER_GIB change that)"
            )
        return max(1, fitting)


def choose_executor(executor: str | None, address: str | None) -> None:
    """Have all that this process runs go there, where options of a command say so; the environment says it to others.

    Raises BenchmarkInputError for an unknown executor, where Ray is not installed, and where no cluster answers.
    """
    given = {name: value for name, value in (("executor", executor), ("address", address)) if value is not None}
    chosen = replace(Resources.from_environment(), **given)
    if chosen.executor == "ray":
        from benchmarks.runtime.ray_executor import check_address

        check_address(chosen.address)
    elif address is not None:
        raise BenchmarkInputError("--address without --executor ray; allowed: both, or neither")
    os.environ.update({f"ACCELNAS_{name.upper()}": value for name, value in given.items()})


def free_bytes() -> float:
    """Memory that this process may still take, on the machine and in its container; infinite where nothing says."""
    free = math.inf
    meminfo = _lines(Path("/proc/meminfo"))
    if "MemAvailable:" in meminfo:
        free = meminfo["MemAvailable:"] * 1024
    for most, used, statistics, giving in CGROUPS:
        limit, taken = (_number(CGROUP_FOLDER / name) for name in (most, used))
        if limit is not None and taken is not None:
            free = min(free, limit - taken + _lines(CGROUP_FOLDER / statistics).get(giving, 0))
    return max(free, 0)


def many_mappings() -> bool:
    """Whether this process has half of the memory mappings that the kernel lets it have; True where nothing says.

    Each kernel that XLA compiles for a CPU takes a few of them, for as long as JAX keeps it.
    """
    most, maps = _number(Path("/proc/sys/vm/max_map_count")), Path("/proc/self/maps")
    try:
        return most is None or maps.read_bytes().count(b"\n") > most / 2
    except OSError:
        return True


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # none, or "max"
        return None


def _lines(path: Path) -> dict[str, int]:
    """{first word: second, a whole number} of each line."""
    try:
        words = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {each[0]: int(each[1]) for each in words if len(each) > 1 and each[1].isdigit()}
